"""What the carrier said about a call, and what follows from it (pure).

However often and in whatever order the same sightings come, the call ends in the same place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from orchestrator.calls.answerers import better_word
from orchestrator.calls.timings import CallTimings, micros
from orchestrator.store.calls import CallRow, CallState, Columns
from ringback.v1 import call_results_pb2 as pb
from telephony.status_words import is_terminal, rises

UNTIMED = 0


@dataclass(frozen=True, slots=True)
class CarrierFacts:
    """One word of the carrier about one call."""

    status: pb.CallStatus.ValueType
    # The carrier's own word, such as "no-answer".
    word: str
    # When it was said, microseconds; for a terminal word that is the end, as far as we know.
    # UNTIMED until it is applied when the carrier did not say: no clock but the store's counts.
    at_us: int
    # True when we asked, false when the carrier called back.
    fetched: bool
    # None when the carrier did not say.
    duration_s: int | None = None
    sip_code: int | None = None
    # The carrier's word, such as "human"; empty when it did not say.
    answered_by: str = ""


class Verdict(StrEnum):
    """What is to be filed after a sighting."""

    NOTHING = "nothing"
    # It never connected: its result is known now.
    NEVER_CONNECTED = "never_connected"
    # The handler's result stands already: the carrier's facts join it.
    ADD_FACTS = "add_facts"


@dataclass(frozen=True, slots=True)
class Weighed:
    """The columns that change, and what is to be filed."""

    columns: Columns
    verdict: Verdict = Verdict.NOTHING


def weigh(row: CallRow, facts: CarrierFacts, now_us: int, timings: CallTimings) -> Weighed:
    """Say what one word of the carrier changes in a call."""
    if facts.at_us == UNTIMED:
        facts = replace(facts, at_us=now_us)
    weighed = _weigh_status(row, facts, now_us, timings)
    word = better_word(row.answered_by, facts.answered_by)
    if word == row.answered_by:
        return weighed
    return Weighed({**weighed.columns, "answered_by": word}, weighed.verdict)


def facts_of(row: CallRow) -> CarrierFacts | None:
    """Read the carrier's last word from the row; None before it came."""
    return None if row.provider is None else _from_column(row.provider)


def _weigh_status(row: CallRow, facts: CarrierFacts, now_us: int, timings: CallTimings) -> Weighed:
    if is_terminal(facts.status):
        return _weigh_end(row, facts, now_us, timings)
    if row.state is CallState.FINAL or row.provider is not None:
        return Weighed({})  # old news: nothing rises any more
    return Weighed(_weigh_live(row, facts, now_us, timings))


def _weigh_live(
    row: CallRow, facts: CarrierFacts, now_us: int, timings: CallTimings
) -> dict[str, object]:
    columns: dict[str, object] = {"unreachable_since": None, "note": None}
    if row.state is not CallState.WAITING:
        columns["state"] = CallState.WAITING
    if rises(row.status, facts.status):
        columns["status"] = facts.status
        columns |= _deadlines(row, facts, now_us, timings)
    elif row.state is not CallState.WAITING:
        columns["due_at"] = now_us + micros(timings.ring_s + timings.ring_slack_s)
    if row.cancel_requested and row.state is not CallState.WAITING:
        columns["due_at"] = now_us  # cancelled while nobody knew where it rings: now we do
    return columns


def _deadlines(
    row: CallRow, facts: CarrierFacts, now_us: int, timings: CallTimings
) -> dict[str, object]:
    """Say until when this step of the call may last; the clock starts at its first word."""
    match facts.status:
        case pb.CALL_STATUS_IN_PROGRESS:
            patience_s = timings.silence_s if row.is_claimed else timings.claim_s
            return {
                "answered_at": row.answered_at or now_us,
                "due_at": now_us + micros(patience_s),
            }
        case pb.CALL_STATUS_INITIATED | pb.CALL_STATUS_RINGING:
            ring_us = micros(timings.ring_s + timings.ring_slack_s)
            deadline = row.ring_deadline_at or now_us + ring_us
            return {"ring_deadline_at": deadline, "due_at": deadline}
        case _:
            return {"due_at": now_us + micros(timings.ring_s + timings.ring_slack_s)}


def _weigh_end(row: CallRow, facts: CarrierFacts, now_us: int, timings: CallTimings) -> Weighed:
    known = facts_of(row)
    joined = facts if known is None else _join(known, facts)
    if joined == known:
        return Weighed({})
    columns: dict[str, object] = {"provider": _to_column(joined), "unreachable_since": None}
    if row.state is CallState.FINAL:
        return Weighed(columns, Verdict.ADD_FACTS)
    columns |= {"note": None, "state": CallState.WAITING, "ended_at": row.ended_at or now_us}
    connected = row.was_connected or joined.status == pb.CALL_STATUS_COMPLETED
    if not connected:
        return Weighed(columns | {"status": joined.status}, Verdict.NEVER_CONNECTED)
    columns["status"] = joined.status
    if known is None:
        columns["due_at"] = _end_of_grace(row, now_us, timings)
    return Weighed(columns)


def _end_of_grace(row: CallRow, now_us: int, timings: CallTimings) -> int:
    """Say how long the agent may still tell its side; not at all when it can claim no more."""
    may_tell = row.is_claimed or row.origin == pb.CALL_ORIGIN_EXTERNAL  # those are never claimed
    return now_us + micros(timings.grace_s) if may_tell else now_us


def _join(known: CarrierFacts, new: CarrierFacts) -> CarrierFacts:
    """Join two last words: fetched beats called back, else the first stays and gaps are filled."""
    first, second = (new, known) if new.fetched and not known.fetched else (known, new)
    same_end = first.status == second.status
    return CarrierFacts(
        status=first.status,
        word=first.word,
        at_us=min(known.at_us, new.at_us) if same_end else first.at_us,
        fetched=first.fetched,
        duration_s=_first_known(first.duration_s, second.duration_s if same_end else None),
        sip_code=_first_known(first.sip_code, second.sip_code if same_end else None),
        answered_by=first.answered_by or second.answered_by,
    )


def _first_known(first: int | None, second: int | None) -> int | None:
    return second if first is None else first


def _to_column(facts: CarrierFacts) -> dict[str, object]:
    return {
        "status": facts.status,
        "word": facts.word,
        "at_us": facts.at_us,
        "fetched": facts.fetched,
        "duration_s": facts.duration_s,
        "sip_code": facts.sip_code,
        "answered_by": facts.answered_by,
    }


def _from_column(column: Mapping[str, object]) -> CarrierFacts:
    return CarrierFacts(**column)  # type: ignore[arg-type] # written by _to_column only
