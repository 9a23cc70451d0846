"""Progress of a running call: the claim, what was said, and a cancel on the way back."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.call_results.model import TURNS
from orchestrator.calls.binding import bind_sid
from orchestrator.calls.changes import change_call
from orchestrator.calls.orders import order_message
from orchestrator.calls.questions import Question, ask_in
from orchestrator.calls.timings import CallTimings, micros
from orchestrator.errors import AlreadyHeld, InvalidInput, NotAllowed, NotFound, Violation
from orchestrator.store import Store
from orchestrator.store.calls import (
    CallRow,
    CallState,
    claim_stream,
    insert_external_call,
    lock_call,
    lock_call_by_sid,
)
from orchestrator.store.transaction import Transaction
from orchestrator.store.turns import count_turns, read_turns, write_turn
from ringback.v1 import call_results_pb2 as pb
from telephony.status_words import is_terminal, rises

_FRESH = 6


@dataclass(frozen=True, slots=True)
class Progress:
    """One progress report, checked and cleaned at the door."""

    call_id: str
    call_sid: str
    status: int
    first_turn: int
    turns: Sequence[pb.TranscriptTurn]
    stream_nonce: str = ""
    handler_instance: str = ""
    # None unless the agent wants to know something from the person.
    question: Question | None = None


@dataclass(frozen=True, slots=True)
class ProgressAnswer:
    """What the Call Handler is told."""

    # The next `first_turn`.
    last_turn: int
    cancel_requested: bool
    # None unless the progress claimed the call.
    order: pb.Order | None
    call_id: str
    # None unless the progress asked a question that the person has answered.
    answer: pb.PersonAnswer | None = None
    # Who answered the telephone, in the carrier's word; empty until it told.
    answered_by_word: str = ""


async def record_progress(store: Store, progress: Progress, timings: CallTimings) -> ProgressAnswer:
    """Record that a call is alive and what was said; return after the commit.

    Raises: NotFound for a call_id that was never minted, AlreadyHeld when another telephone call or
    stream holds the call or it is over, StoreUnavailable.
    """
    return await store.write(lambda tx: progress_in(tx, progress, timings))


def progress_in(tx: Transaction, progress: Progress, timings: CallTimings) -> ProgressAnswer:
    """Do the same inside a unit of the caller."""
    row = _find_or_add(tx, progress)
    order = None
    if progress.stream_nonce:
        row = _claim(tx, row, progress)
        order = order_message(row, timings.time_limit_s)
    last_turn = _write_turns(tx, row, progress)
    row = change_call(tx, row, _alive(row, progress, tx.now_us, timings))
    answer = ask_in(tx, row, progress.question) if progress.question else None
    return ProgressAnswer(
        last_turn, row.cancel_requested, order, row.call_id, answer, row.answered_by
    )


def _find_or_add(tx: Transaction, progress: Progress) -> CallRow:
    if progress.call_id:
        row = lock_call(tx, progress.call_id)
        if row is None:
            raise NotFound(f"there is no call {progress.call_id}")
        try:
            return bind_sid(tx, row, progress.call_sid)
        except NotAllowed as refusal:
            raise AlreadyHeld(str(refusal)) from refusal
    known = lock_call_by_sid(tx, progress.call_sid)
    if known is not None:
        return known
    call_id = insert_external_call(tx, progress.call_sid, pb.CALL_STATUS_UNSPECIFIED)
    row = lock_call(tx, call_id)
    if row is None:  # pragma: no cover - inserted above
        raise NotFound(call_id)
    return row


def _claim(tx: Transaction, row: CallRow, progress: Progress) -> CallRow:
    """Give the call to this stream; the same stream, at the same handler, may repeat it."""
    if row.stream_nonce == progress.stream_nonce:
        if row.handler_instance == progress.handler_instance:
            return row
        raise AlreadyHeld("the token of this media stream was used before: hang up")
    if row.state is CallState.FINAL or row.provider is not None:
        raise AlreadyHeld("this call is over already: hang up")
    if not claim_stream(tx, row.call_id, progress.call_sid, progress.stream_nonce):
        raise AlreadyHeld("another media stream holds this call: hang up")
    claimed = lock_call(tx, row.call_id)
    if claimed is None:  # pragma: no cover - held since the start of the unit
        raise NotFound(row.call_id)
    return claimed


def _write_turns(tx: Transaction, row: CallRow, progress: Progress) -> int:
    """Store the turns that join on to the stored ones; answer the number stored then."""
    first = progress.first_turn
    stored = read_turns(tx.connection, row.call_id, max(0, first - 1))
    if first and first - 1 not in stored:
        return count_turns(tx.connection, row.call_id)  # a gap: the reporter starts again from here
    last = progress.first_turn + len(progress.turns)
    if last > TURNS:
        expected = f"must leave the call at most {TURNS} turns, not {last}"
        raise InvalidInput([Violation("turns", expected)])
    for position, turn in enumerate(progress.turns, start=progress.first_turn):
        data = turn.SerializeToString(deterministic=True)
        known = stored.get(position)
        if known != data:
            stored[position] = data
            write_turn(tx, row.call_id, position, data, is_known=known is not None)
            _tell_turn(tx, row, position, turn)
    return max(stored, default=-1) + 1


def _tell_turn(tx: Transaction, row: CallRow, position: int, turn: pb.TranscriptTurn) -> None:
    data = {
        "call_id": row.call_id,
        "position": position,
        "role": turn.role,
        "text": turn.text,
        "interrupted": turn.interrupted,
    }
    tx.add_event("turn", task_id=row.task_id, call_id=row.call_id, data=data)


def _alive(
    row: CallRow, progress: Progress, now_us: int, timings: CallTimings
) -> dict[str, object]:
    """Say what changes because the handler lives; nothing once the call is over."""
    if row.state is CallState.FINAL:
        return {}
    columns: dict[str, object] = {"handler_instance": progress.handler_instance}
    if row.provider is not None:
        return columns  # its end is known; the grace runs
    status = progress.status or pb.CALL_STATUS_IN_PROGRESS
    if not is_terminal(status) and rises(row.status, status):
        columns["status"] = status
    if status == pb.CALL_STATUS_IN_PROGRESS:
        columns["answered_at"] = row.answered_at or now_us
    due_at = _later(row.due_at, now_us, micros(timings.silence_s))
    if row.cancel_requested and row.due_at is not None:
        due_at = min(due_at, row.due_at)  # the goodbye has its own end
    return columns | {"state": CallState.WAITING, "due_at": due_at, "note": None}


def _later(due_at: int | None, now_us: int, silence_us: int) -> int:
    """Put off the look at a call that lives, but not for each sign of life.

    A look that is early by a sixth of the silence does no harm, and a progress without news needs
    no commit: 2 of 3 do not (benchmarks/call_cost.py, "progress without news").
    """
    newest = now_us + silence_us
    is_fresh = due_at is not None and 0 <= newest - due_at <= silence_us // _FRESH
    return due_at if is_fresh and due_at is not None else newest
