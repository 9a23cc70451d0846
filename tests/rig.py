"""What many tests share: a clock that stands still, and messages that are right."""

import ssl
from datetime import UTC, datetime, timedelta

from ringback.v1 import call_results_pb2 as pb

NOW = datetime(2026, 11, 23, 6, 40, tzinfo=UTC)
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody. An httpx client made without it reads all authorities first: 40 ms of a core."""


class ManualClock:
    """Stands still."""

    def __init__(self, now: datetime = NOW) -> None:
        self._now = now
        self._monotonic = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic


class JumpyClock:
    """Goes on by hand; its time of day may jump while its seconds do not."""

    def __init__(self, ahead: timedelta = timedelta()) -> None:
        self._passed = timedelta()
        self._ahead = ahead

    def now(self) -> datetime:
        return NOW + self._passed + self._ahead

    def monotonic(self) -> float:
        return self._passed.total_seconds()

    def advance(self, span: timedelta) -> None:
        self._passed += span

    def jump(self, span: timedelta) -> None:
        self._ahead += span


def call_sid(number: int = 1) -> str:
    return f"CA{number:032x}"


def result_of(**fields: object) -> pb.CallResult:
    """Build a result of these fields; enums may be plain numbers, unknown ones too."""
    return pb.CallResult(**fields)  # type: ignore[arg-type]  # spoilt on purpose, at times


USAGE = pb.Usage(
    model="gpt-realtime",
    input_tokens=10,
    cached_input_tokens=0,
    output_tokens=30,
    input_audio_tokens=40,
    output_audio_tokens=50,
    estimated_cost_micros=60,
    currency="USD",
)
FAULT = pb.Fault(
    component=pb.FAULT_COMPONENT_MODEL, code="slow", message="was slow", retryable=True
)


def full_result(number: int = 1) -> pb.CallResult:
    """Fill every field that a report may tell, each with a value of its own."""
    result = pb.CallResult(
        call_sid=call_sid(number),
        status=pb.CALL_STATUS_COMPLETED,
        duration=0,
        summary="Ordered a large margherita.",
        transcript_snippet="That will be fourteen fifty.",
        error_message="none to speak of",
        attempt=2,
        report_id=f"report-{number}",
        end_reason=pb.END_REASON_AGENT_HUNG_UP,
        outcome=pb.OUTCOME_SUCCEEDED,
        answered_by=pb.ANSWERED_BY_HUMAN,
        fault=FAULT,
        source=pb.SOURCE_HANDLER,
        to_number="+14155550100",
        from_number="+14155550199",
        transcript_complete=True,
        recording_url="https://recordings.example/1",
        provider_status="completed",
        handler_instance="handler-1",
        test=True,
    )
    moments = (result.dial_time, result.answer_time, result.end_time, result.report_time)
    for seconds, moment in enumerate(moments, start=1):
        moment.FromMicroseconds(seconds * 1_000_001)
    result.usage.CopyFrom(USAGE)
    result.transcript.add(
        role=pb.ROLE_CALLEE, text="Luigi's, hello?", start_ms=0, end_ms=900, interrupted=True
    )
    result.transcript.add(
        role=pb.ROLE_TOOL,
        item_id="item-7",
        tool=pb.ToolUse(name="press_digits", arguments='{"digits":"1"}', output="done"),
        dtmf="1#",
    )
    result.facts.add(name="total_price", value="14.50", evidence_turns=[0])
    return result
