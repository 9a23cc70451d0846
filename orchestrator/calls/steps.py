"""What a call needs when its time has come (pure): the table of states, read by the sweeper."""

from enum import StrEnum
from typing import assert_never

from orchestrator.calls.timings import CallTimings, micros
from orchestrator.store.calls import CallRow, CallState


class Step(StrEnum):
    """What the sweeper does with one due call."""

    # ready: order the dial from a Call Handler.
    DIAL = "dial"
    # ready: its not_after has passed; nobody's phone rang.
    EXPIRE = "expire"
    # dialing: nobody knows whether it was placed; look for it at the carrier.
    FIND = "find"
    # waiting: ask the carrier how it stands. final: ask for its last word, whose callback was lost.
    ASK = "ask"
    # waiting: the person cancelled before the answer.
    CANCEL = "cancel"
    # waiting: it must end now - no stream came, a cancel was not obeyed, or its time is over.
    END = "end"
    # waiting or final: the carrier's last word is known and its time has come.
    FILE = "file"


def next_step(row: CallRow, now_us: int, timings: CallTimings) -> Step:
    """Say what a due call needs."""
    match row.state:
        case CallState.READY:
            is_late = row.not_after is not None and row.not_after <= now_us
            return Step.EXPIRE if is_late else Step.DIAL
        case CallState.DIALING:
            return Step.FIND
        case CallState.WAITING:
            return _step_of_waiting(row, now_us, timings)
        case CallState.FINAL:
            return Step.FILE if row.provider is not None or row.call_sid is None else Step.ASK
        case _:
            assert_never(row.state)


def latest_end_us(row: CallRow, timings: CallTimings) -> int | None:
    """Say when the carrier must have ended a call; None before the answer."""
    if row.answered_at is None:
        return None
    return row.answered_at + micros(timings.time_limit_s + timings.ring_slack_s)


def _step_of_waiting(row: CallRow, now_us: int, timings: CallTimings) -> Step:
    if row.provider is not None:
        return Step.FILE
    if row.call_sid is None:
        return Step.FIND
    if row.cancel_requested:
        return Step.END if row.was_connected else Step.CANCEL
    if _stream_never_came(row, now_us, timings):
        return Step.END
    end = latest_end_us(row, timings)
    return Step.END if end is not None and end <= now_us else Step.ASK


def _stream_never_came(row: CallRow, now_us: int, timings: CallTimings) -> bool:
    """Say whether an answered call of ours was left alone; external calls claim nothing."""
    if row.is_claimed or row.answered_at is None or row.task_id is None:
        return False
    return row.answered_at + micros(timings.claim_s) <= now_us
