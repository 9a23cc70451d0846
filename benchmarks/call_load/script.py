"""What the parts around the Orchestrator send it in the course of one call, as data.

As written down at the doors in a call of the sandbox's scenario `order_taken` in real time, 20 s:
the order, seven callbacks, a claim, seven progresses with turns that were new or heard better,
seven without news, one report.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from ringback.v1 import call_results_pb2 as pb

ACCOUNT_SID = "AC0123456789abcdef0123456789abcdef"
AUTH_TOKEN = "a token of the benchmark"  # noqa: S105 - it opens nothing
FROM_NUMBER = "+14155550199"
_FIRST_NUMBER = 14_152_300_000
ERRAND = (
    "Order a large margherita from {number}, for pick-up. My name is Ada Lovelace, you can reach "
    "me at +14155550123."
)
_HELLO = "Luigi's Pizza, hello?"
_ORDER = (
    "Hello, I am an AI assistant calling on behalf of Ada Lovelace. I would like to order one large"
    " margherita for pick-up, please."
)
_TERMS = "That is $14.50, and it takes twenty minutes."
_THANKS = "Thank you, that is 14.50, and 20 minutes. Have a nice day. Goodbye."
_PLACES = ("City", "State", "Zip", "Country")
_SIDES = ("From", "To", "Caller", "Called")
_TURN_MS = 3_000

Fields = Sequence[tuple[str, str]]
Said = tuple["pb.Role.ValueType", str]
_TOOL: Said = (pb.ROLE_TOOL, "")


@dataclass(frozen=True, slots=True)
class Post:
    """One callback of the carrier; `kind` is the path's second part."""

    kind: str
    fields: Fields


@dataclass(frozen=True, slots=True)
class Step:
    """One message, and under which name its cost is counted."""

    name: str
    message: Post | pb.ReportProgressRequest | pb.ReportRequest


@dataclass(slots=True)
class ScriptedCall:
    """One call: what is known of it before the Orchestrator has minted its id, and after."""

    number: int
    call_id: str = ""
    task_id: str = ""
    call_sid: str = field(default_factory=lambda: "CA" + secrets.token_hex(16))
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def to_number(self) -> str:
        """Give each call a number of its own: an unresolved dial keeps others from its number."""
        return f"+{_FIRST_NUMBER + self.number}"

    def steps(self) -> Iterator[Step]:
        """Give everything that comes in after the order was taken, in the order of a real call."""
        numbers = count()
        for event, word in (
            ("initiated", "initiated"),
            ("ringing", "ringing"),
            ("answered", "in-progress"),
        ):
            yield Step(f"callback {event}", self._status(next(numbers), word))
        yield Step("callback stream", self._stream("stream-started"))
        yield Step("claim", self._progress(0, stream_nonce=self.nonce))
        yield from self._talk()
        yield Step("callback stream", self._stream("stream-stopped"))
        yield Step("report", pb.ReportRequest(result=self._result()))
        yield Step("callback completed", self._status(next(numbers), "completed", seconds=24))

    def _talk(self) -> Iterator[Step]:
        """Give the progresses: the words of a turn come after its beginning."""
        callee, agent = pb.ROLE_CALLEE, pb.ROLE_AGENT
        yield self._quiet(0)
        yield self._news(0, (callee, ""))
        yield self._news(1, (agent, "Hello,"))
        more = [("AnsweredBy", "human"), ("MachineDetectionDuration", "2100")]
        yield Step("callback detection", Post("answered", [*self._common("in-progress"), *more]))
        yield self._news(0, (callee, _HELLO), (agent, "Hello,"))
        yield self._news(1, (agent, _ORDER))
        for _ in range(4):
            yield self._quiet(2)
        yield self._news(2, (callee, ""), _TOOL, _TOOL)
        yield self._news(2, (callee, _TERMS), _TOOL, _TOOL, (agent, "Thank"))
        yield self._news(5, (agent, _THANKS), _TOOL)
        for _ in range(2):
            yield self._quiet(7)

    def _quiet(self, turns: int) -> Step:
        return Step("progress without news", self._progress(turns))

    def _news(self, first: int, *said: Said) -> Step:
        turns = [_turn(position, one) for position, one in enumerate(said, start=first)]
        return Step("progress with turns", self._progress(first, *turns))

    def _common(self, status: str) -> list[tuple[str, str]]:
        return [
            ("CallSid", self.call_sid),
            ("AccountSid", ACCOUNT_SID),
            ("From", FROM_NUMBER),
            ("To", self.to_number),
            ("Caller", FROM_NUMBER),
            ("Called", self.to_number),
            ("Direction", "outbound-api"),
            ("ApiVersion", "2010-04-01"),
            ("CallStatus", status),
            *((side + place, "") for side in _SIDES for place in _PLACES),
        ]

    def _status(self, number: int, word: str, seconds: int | None = None) -> Post:
        fields = [
            *self._common(word),
            ("Timestamp", "Mon, 23 Nov 2026 10:00:00 +0000"),
            ("CallbackSource", "call-progress-events"),
            ("SequenceNumber", str(number)),
        ]
        if seconds is not None:
            fields += [("CallDuration", str(seconds)), ("Duration", "1")]
            fields += [("SipResponseCode", "200")]
        return Post("status", fields)

    def _stream(self, event: str) -> Post:
        fields = [
            ("AccountSid", ACCOUNT_SID),
            ("CallSid", self.call_sid),
            ("StreamSid", "MZ" + self.call_sid[2:]),
            ("StreamName", "ringback"),
            ("StreamEvent", event),
            ("Timestamp", "2026-11-23T10:00:00.000Z"),
        ]
        return Post("stream", fields)

    def _progress(
        self, first_turn: int, *turns: pb.TranscriptTurn, stream_nonce: str = ""
    ) -> pb.ReportProgressRequest:
        return pb.ReportProgressRequest(
            call_id=self.call_id,
            call_sid=self.call_sid,
            status=pb.CALL_STATUS_IN_PROGRESS,
            first_turn=first_turn,
            turns=turns,
            stream_nonce=stream_nonce,
            handler_instance="benchmark",
        )

    def _result(self) -> pb.CallResult:
        result = pb.CallResult(
            call_sid=self.call_sid,
            status=pb.CALL_STATUS_COMPLETED,
            duration=24,
            summary="Ordered a large margherita for pick-up: 14.50, ready in twenty minutes.",
            transcript_snippet=_TERMS,
            call_id=self.call_id,
            task_id=self.task_id,
            attempt=1,
            report_id=secrets.token_hex(16),
            end_reason=pb.END_REASON_AGENT_HUNG_UP,
            outcome=pb.OUTCOME_SUCCEEDED,
            answered_by=pb.ANSWERED_BY_HUMAN,
            source=pb.SOURCE_HANDLER,
            to_number=self.to_number,
            from_number=FROM_NUMBER,
            transcript=_turns(),
            transcript_complete=True,
            facts=[
                pb.Fact(name="total_price", value="14.50", evidence_turns=[2]),
                pb.Fact(name="ready_time", value="20 minutes", evidence_turns=[2]),
            ],
            handler_instance="benchmark",
            test=True,
        )
        result.end_time.GetCurrentTime()
        result.report_time.GetCurrentTime()
        return result


def _turns() -> list[pb.TranscriptTurn]:
    callee, agent = pb.ROLE_CALLEE, pb.ROLE_AGENT
    said = [(callee, _HELLO), (agent, _ORDER), (callee, _TERMS), _TOOL, _TOOL, (agent, _THANKS)]
    return [_turn(position, one) for position, one in enumerate([*said, _TOOL])]


def _turn(position: int, said: Said) -> pb.TranscriptTurn:
    role, text = said
    turn = pb.TranscriptTurn(
        role=role,
        text=text,
        start_ms=position * _TURN_MS,
        end_ms=(position + 1) * _TURN_MS - 200,
    )
    if role == pb.ROLE_TOOL:
        turn.tool.name, turn.tool.arguments = "record_fact", '{"name": "total_price"}'
    else:
        turn.item_id = f"item_{position:020}"
    return turn
