"""What callbacks and askings change: every word of the carrier comes in here."""

from dataclasses import dataclass

from orchestrator.call_results import (
    CALLBACK,
    answerer_report,
    record_in,
    recording_report,
)
from orchestrator.calls.answerers import answerer_of, better_word
from orchestrator.calls.binding import bind_sid
from orchestrator.calls.changes import change_call, file_result
from orchestrator.calls.sightings import CarrierFacts, Verdict, facts_of, weigh
from orchestrator.calls.steps import latest_end_us
from orchestrator.calls.timings import CallTimings, micros
from orchestrator.calls.verdicts import carrier_facts_only, handler_lost, never_connected
from orchestrator.errors import NotFound
from orchestrator.store.calls import (
    CallRow,
    CallState,
    insert_external_call,
    lock_call,
    lock_call_by_sid,
    update_call,
)
from orchestrator.store.recordings import RecordingRow, RecordingState, keep_recording
from orchestrator.store.results import select_calls
from orchestrator.store.transaction import Transaction
from orchestrator.store.turns import read_turns
from ringback.v1 import call_results_pb2 as pb


@dataclass(frozen=True, slots=True)
class Callback:
    """One status callback whose signature and account were checked."""

    # From the path; empty when the path has none: an external call.
    call_id: str
    call_sid: str
    # None for a word we do not know, which changes nothing.
    facts: CarrierFacts | None
    to_number: str = ""
    from_number: str = ""


def apply_callback(tx: Transaction, callback: Callback, timings: CallTimings) -> CallRow:
    """Apply one status callback; late, doubled and reordered ones change nothing.

    Raises: NotFound for a call_id that was never minted, NotAllowed for another call's CallSid.
    """
    row = _called_back(tx, callback)
    if callback.facts is None:
        return row
    return _apply_word(tx, row, callback.facts, timings)


def apply_fetched(
    tx: Transaction, call_id: str, facts: CarrierFacts, timings: CallTimings
) -> CallRow | None:
    """Apply the carrier's answer to a question, and say when to ask again."""
    row = lock_call(tx, call_id)
    if row is None:
        return None
    after = _apply_word(tx, row, facts, timings)
    if after.state is CallState.WAITING and after.provider is None:
        return change_call(tx, after, {"due_at": _ask_again_at(after, tx.now_us, timings)})
    is_reported = after.state is CallState.FINAL and after.due_at is not None
    if is_reported and after.provider is None:  # but it goes on
        return change_call(tx, after, {"due_at": tx.now_us + micros(timings.ask_again_s)})
    return after


def apply_detection(
    tx: Transaction, call_id: str, call_sid: str, word: str, timings: CallTimings
) -> None:
    """Take who answered, as the carrier's detection heard it; it proves that somebody did.

    A word that says no more than the one before changes nothing, nor does any word the result of
    who was on the call. Raises: NotFound, NotAllowed like a status callback.
    """
    row = _bound_call(tx, call_id, call_sid)
    if better_word(row.answered_by, word) == row.answered_by:
        return
    row = change_call(tx, row, {"answered_by": word})
    if row.state is CallState.FINAL:
        _add_answerer(tx, row)
    elif row.provider is None:
        answered = CarrierFacts(pb.CALL_STATUS_IN_PROGRESS, "in-progress", tx.now_us, fetched=False)
        _apply_word(tx, row, answered, timings)


def apply_recording(tx: Transaction, call_sid: str, told: RecordingRow) -> bool:
    """Keep what the carrier recorded, and add it to the result if that is there already.

    Where the result is still to come it is added then (`call_results`). Returns: whether it was
    news. Raises: NotFound, NotAllowed like a status callback.
    """
    row = _bound_call(tx, told.call_id, call_sid)
    if not keep_recording(tx, told):
        return False
    if told.state is not RecordingState.COMPLETED:
        return True
    if row.state is CallState.FINAL:
        report = recording_report(row.call_id, call_sid, told.url)
        record_in(tx, report, transport=CALLBACK)
    elif row.provider is None:  # it is over, and its callback is late or lost: ask
        change_call(tx, row, {"due_at": tx.now_us})
    return True


def apply_stream_event(
    tx: Transaction, call_id: str, call_sid: str, *, is_open: bool, timings: CallTimings
) -> None:
    """Take the media stream's own callback as a witness: it is there, or it has gone.

    Raises: NotFound, NotAllowed like a status callback.
    """
    row = _bound_call(tx, call_id, call_sid)
    if row.state is CallState.FINAL or row.provider is not None:
        return
    if is_open:
        word = CarrierFacts(pb.CALL_STATUS_IN_PROGRESS, "in-progress", tx.now_us, fetched=False)
        _apply_word(tx, row, word, timings)
    else:  # the call may live on, be over, or wait for its callback: look when those had time
        due_at = tx.now_us + micros(timings.grace_s)
        change_call(tx, row, {"due_at": min(due_at, row.due_at or due_at)})


def file_carrier_facts(tx: Transaction, call_id: str) -> None:
    """File what the carrier said, because the handler's grace is over or its result stands."""
    row = lock_call(tx, call_id)
    if row is None or row.due_at is None or row.due_at > tx.now_us:
        return  # another sweeper was faster
    facts = facts_of(row)
    if facts is None:
        update_call(tx, call_id, {"due_at": None})
    elif row.state is CallState.FINAL:
        file_result(tx, row, _addition(tx, row, facts))
    else:
        turns = read_turns(tx.connection, call_id)
        file_result(tx, row, handler_lost(row, facts, list(turns.values())))


def _called_back(tx: Transaction, callback: Callback) -> CallRow:
    if callback.call_id:
        return _bound_call(tx, callback.call_id, callback.call_sid)
    known = lock_call_by_sid(tx, callback.call_sid)
    if known is not None:
        return known
    call_id = insert_external_call(
        tx, callback.call_sid, pb.CALL_STATUS_UNSPECIFIED, callback.to_number, callback.from_number
    )
    row = lock_call(tx, call_id)
    if row is None:  # pragma: no cover - inserted above
        raise NotFound(call_id)
    return row


def _bound_call(tx: Transaction, call_id: str, call_sid: str) -> CallRow:
    row = lock_call(tx, call_id)
    if row is None:
        raise NotFound(f"there is no call {call_id}")
    return bind_sid(tx, row, call_sid)


def _add_answerer(tx: Transaction, row: CallRow) -> None:
    """Add who answered to a result that nobody could tell it for."""
    answerer = answerer_of(row.answered_by)
    if answerer in {pb.ANSWERED_BY_UNSPECIFIED, pb.ANSWERED_BY_UNKNOWN}:
        return
    record = select_calls(tx.connection, [row.call_id])[0].record
    if record is not None and not pb.CallResult.FromString(record).answered_by:
        report = answerer_report(row.call_id, row.call_sid or "", answerer)
        record_in(tx, report, transport=CALLBACK)


def _apply_word(
    tx: Transaction, row: CallRow, facts: CarrierFacts, timings: CallTimings
) -> CallRow:
    weighed = weigh(row, facts, tx.now_us, timings)
    after = change_call(tx, row, weighed.columns)
    last_word = facts_of(after)
    if last_word is not None:
        match weighed.verdict:
            case Verdict.NEVER_CONNECTED:
                file_result(tx, after, never_connected(after, last_word))
            case Verdict.ADD_FACTS:
                file_result(tx, after, _addition(tx, after, last_word))
            case Verdict.NOTHING:
                pass
    return after


def _addition(tx: Transaction, row: CallRow, facts: CarrierFacts) -> pb.CallResult:
    """Build what the carrier's last word adds to a result that stands already.

    Beside a first-hand result that is status and duration. A result of our own, which may have been
    a guess, gets the whole judgement.
    """
    known = select_calls(tx.connection, [row.call_id])
    record = known[0].record if known else None
    source = pb.CallResult.FromString(record).source if record else pb.SOURCE_DEADLINE
    if source > pb.SOURCE_PROVIDER:
        return carrier_facts_only(row, facts)
    was_answered = row.answered_at is not None or row.is_claimed
    if was_answered or facts.status == pb.CALL_STATUS_COMPLETED:
        return handler_lost(row, facts, list(read_turns(tx.connection, row.call_id).values()))
    return never_connected(row, facts)


def _ask_again_at(row: CallRow, now_us: int, timings: CallTimings) -> int:
    """Say when to ask about a live call again: never later than its latest end."""
    again = now_us + micros(timings.ask_again_s)
    if row.answered_at is not None and not row.is_claimed and row.task_id is not None:
        claimed_by = row.answered_at + micros(timings.claim_s)
        told_again = now_us + micros(timings.end_again_s)  # it was just told to end
        return min(again, claimed_by) if claimed_by > now_us else told_again
    end = latest_end_us(row, timings)
    return again if end is None or end <= now_us else min(again, end)
