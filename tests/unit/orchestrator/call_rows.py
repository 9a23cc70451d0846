"""Rows of calls in each state, and words of the carrier, for tests of the pure rules."""

from dataclasses import replace

from orchestrator.calls import CallTimings, CarrierFacts
from orchestrator.store.calls import CallRow, CallState
from ringback.v1 import call_results_pb2 as pb

SECOND = 1_000_000
T0 = 1_795_430_000 * SECOND
CALL_ID = "0192f000-0000-7000-8000-000000000001"
CALL_SID = "CA" + "1" * 32
TIMINGS = CallTimings()

READY = CallRow(
    call_id=CALL_ID,
    task_id="0192f000-0000-7000-8000-0000000000ff",
    attempt=1,
    origin=pb.CALL_ORIGIN_RINGBACK,
    state=CallState.READY,
    status=pb.CALL_STATUS_UNSPECIFIED,
    call_sid=None,
    to_number="+14155550100",
    from_number="",
    order={"errand": "food_order", "instructions": "Order.", "details": {}, "facts": []},
    due_at=T0,
    not_after=T0 + 300 * SECOND,
    created_at=T0,
    dial_at=None,
    answered_at=None,
    ended_at=None,
    stream_nonce=None,
    handler_instance="",
    cancel_requested=False,
    asked=0,
    ring_deadline_at=None,
    provider=None,
    unreachable_since=None,
    note=None,
)
DIALING = replace(READY, state=CallState.DIALING, dial_at=T0, due_at=T0 + 60 * SECOND)
WAITING = replace(DIALING, state=CallState.WAITING, call_sid=CALL_SID)
RINGING = replace(WAITING, status=pb.CALL_STATUS_RINGING, ring_deadline_at=T0 + 75 * SECOND)
ANSWERED = replace(RINGING, status=pb.CALL_STATUS_IN_PROGRESS, answered_at=T0)
CLAIMED = replace(ANSWERED, stream_nonce="ab" * 16)
FINAL = replace(CLAIMED, state=CallState.FINAL, due_at=None, status=pb.CALL_STATUS_COMPLETED)

_WORDS = {
    "queued": pb.CALL_STATUS_QUEUED,
    "initiated": pb.CALL_STATUS_INITIATED,
    "ringing": pb.CALL_STATUS_RINGING,
    "in-progress": pb.CALL_STATUS_IN_PROGRESS,
    "completed": pb.CALL_STATUS_COMPLETED,
    "busy": pb.CALL_STATUS_BUSY,
    "no-answer": pb.CALL_STATUS_NO_ANSWER,
    "failed": pb.CALL_STATUS_FAILED,
    "canceled": pb.CALL_STATUS_CANCELED,
}


def word(
    name: str, *, at_s: float = 1.0, fetched: bool = False, duration_s: int | None = None
) -> CarrierFacts:
    """Say one word of the carrier, `at_s` seconds after the dial."""
    return CarrierFacts(
        status=_WORDS[name],
        word=name,
        at_us=T0 + round(at_s * SECOND),
        fetched=fetched,
        duration_s=duration_s,
    )
