"""Unknown dials and a carrier out of reach: what is adopted, asked again, or given up."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.calls.binding import bind_sid
from orchestrator.calls.changes import change_call, file_result
from orchestrator.calls.sightings import CarrierFacts
from orchestrator.calls.timings import CallTimings, micros
from orchestrator.calls.verdicts import (
    carrier_unreachable,
    not_known_to_the_carrier,
    several_candidates,
)
from orchestrator.calls.witnesses import apply_fetched
from orchestrator.store.calls import (
    CallRow,
    CallState,
    list_open_calls,
    list_our_sids,
    lock_call,
)
from orchestrator.store.transaction import Transaction
from orchestrator.store.turns import read_turns

# How far the carrier's times, whole seconds of its own clock, may lie before ours.
CLOCK_TOLERANCE_S = 60.0
_FIRST_BACK_OFF_S = 5.0
_LAST_BACK_OFF_S = 300.0
# The columns that rules compare with now: a jump of our own clock moves them along (decision 5).
_TIMES = ("created_at", "not_after", "dial_at", "answered_at", "ring_deadline_at")
_STILL_ASKING = "The telephone carrier cannot be reached just now; still asking."


@dataclass(frozen=True, slots=True)
class Candidate:
    """A call at the carrier that could be the unknown dial."""

    call_sid: str
    # When the carrier made it by its own clock, microseconds; None when it does not say.
    made_at_us: int | None
    facts: CarrierFacts
    # How long ago that was, by the same clock; None when it does not say.
    age_us: int | None = None

    def was_made_after(self, earliest_us: int, now_us: int) -> bool:
        """Say whether it may be a dial from `earliest_us` on, by our clock.

        Two clocks agree on a span, not on a moment: so its age counts where it is known.
        """
        made_at_us = self.made_at_us if self.age_us is None else now_us - self.age_us
        return made_at_us is None or made_at_us >= earliest_us


def apply_lookup(
    tx: Transaction,
    call_id: str,
    found: Sequence[Candidate],
    timings: CallTimings,
    held_until: int,
) -> None:
    """Judge an unknown dial by what the carrier knows of its number.

    One match is adopted; none, twice, was never placed; anything else nobody can tell. It is never
    dialled again without the person. `held_until`: the call's due time while we asked; when that
    has moved another asked too, and an answer that knows nothing counts once only.
    """
    row = lock_call(tx, call_id)
    if row is None:
        return
    if row.call_sid is not None or row.state is not CallState.DIALING:
        _hear_of_bound(tx, row, found, timings)  # a callback or a stream was faster
        return
    matches = _matches(tx, row, found)
    if len(matches) == 1:
        adopted = bind_sid(tx, row, matches[0].call_sid)
        if adopted.state is CallState.DIALING:  # what it was heard of before may have ended it
            change_call(tx, adopted, {"state": CallState.WAITING})
        apply_fetched(tx, call_id, matches[0].facts, timings)
    elif matches:
        file_result(tx, row, several_candidates(row, len(matches)))
    elif row.due_at != held_until:
        return
    elif row.asked:
        file_result(tx, row, not_known_to_the_carrier(row))
    else:
        due_at = tx.now_us + micros(timings.ask_again_s)
        change_call(tx, row, {"asked": 1, "due_at": due_at, "unreachable_since": None})


def _hear_of_bound(
    tx: Transaction, row: CallRow, found: Sequence[Candidate], timings: CallTimings
) -> None:
    """Take what a list says of a call that was bound while we asked for it."""
    for one in found:
        if one.call_sid == row.call_sid:
            apply_fetched(tx, row.call_id, one.facts, timings)


def note_unreachable(tx: Transaction, call_id: str, timings: CallTimings) -> None:
    """Note that the carrier could not be asked: back off, and give up after a day."""
    row = lock_call(tx, call_id)
    if row is None or row.provider is not None or row.due_at is None:
        return  # nobody has to ask any more
    is_over = row.state is CallState.FINAL
    since = row.unreachable_since or tx.now_us
    waited_s = (tx.now_us - since) / 1_000_000
    if waited_s >= timings.give_up_s and is_over:
        change_call(tx, row, {"due_at": None})  # its result stands, without the carrier's word
        return
    if waited_s >= timings.give_up_s:
        turns = list(read_turns(tx.connection, call_id).values())
        file_result(tx, row, carrier_unreachable(row, round(waited_s / 3600), turns))
        return
    back_off_s = min(max(waited_s, _FIRST_BACK_OFF_S), _LAST_BACK_OFF_S, timings.ask_again_s)
    columns = {
        "unreachable_since": since,
        "due_at": tx.now_us + micros(back_off_s),
        "note": None if is_over else _STILL_ASKING,
    }
    change_call(tx, row, columns)


def _matches(tx: Transaction, row: CallRow, found: Sequence[Candidate]) -> list[Candidate]:
    bound = list_our_sids(tx.connection, [one.call_sid for one in found])
    earliest = (row.dial_at or row.created_at) - micros(CLOCK_TOLERANCE_S)
    return [
        one
        for one in found
        if one.call_sid not in bound and one.was_made_after(earliest, tx.now_us)
    ]


def look_again_at_all(tx: Transaction, jump_us: int, timings: CallTimings) -> int:
    """Make every open call due after our clock jumped, and move its times along.

    `jump_us`: by how much the time of day moved; negative when it went back. Asking is harmless;
    what would judge by time (an unknown dial, a grace) starts its wait anew.
    Returns: how many calls are open.
    """
    # Dates what was moved: the next start compares the clock with the newest event.
    tx.add_event("clock", data={"jump_us": jump_us})
    rows = list_open_calls(tx.connection)
    for row in rows:
        patience_s = 0.0
        if row.state is CallState.DIALING:
            patience_s = timings.settle_s
        elif row.provider is not None:
            patience_s = timings.grace_s
        due_at = tx.now_us + micros(patience_s)
        columns: dict[str, object] = {"due_at": due_at, "unreachable_since": None}
        if _is_of_old_time(row, jump_us, tx.now_us):
            columns |= {name: _moved(getattr(row, name), jump_us) for name in _TIMES}
        change_call(tx, row, columns)
    return len(rows)


def _is_of_old_time(row: CallRow, jump_us: int, now_us: int) -> bool:
    """Say whether a call was made before the jump, not between the jump and its notice."""
    return row.created_at > now_us if jump_us < 0 else row.created_at <= now_us - jump_us


def _moved(at_us: int | None, jump_us: int) -> int | None:
    return None if at_us is None else at_us + jump_us
