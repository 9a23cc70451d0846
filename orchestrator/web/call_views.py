"""How one call is shown: its steps, what was said, and what came of it, all in plain words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from google.protobuf.json_format import MessageToDict
from sqlalchemy import Connection

from foundation.text import change_texts, strip_bidi
from orchestrator.calls import order_of
from orchestrator.conversation import may_retry, over_budget, said_nothing
from orchestrator.conversation.words import (
    END_REASON_WORDS,
    OUTCOME_TONES,
    OUTCOME_WORDS,
    SPEAKER_WORDS,
    STATUS_WORDS,
    cost_words,
    duration_words,
    reconstructed_words,
    tokens_words,
    words_of,
)
from orchestrator.errands import shown_number
from orchestrator.store.calls import (
    CallRow,
    CallState,
    list_earlier_calls,
    list_newest_calls,
    read_call,
)
from orchestrator.store.tasks import read_result_records
from orchestrator.store.turns import read_turns
from ringback.v1 import call_results_pb2 as pb

STEPS = ("Dialling", "Ringing", "In progress", "Ended")
_UNHEARD: Mapping[int, str] = {
    pb.ROLE_CALLEE: "(not understood)",
    pb.ROLE_AGENT: "(cut off before a word)",
}
_RINGING, _TALKING, _ENDED = 1, 2, 3
_SID_TAIL = 6  # characters

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class CallFacts:
    """All that is stored about one call."""

    row: CallRow
    turns: Sequence[pb.TranscriptTurn]
    result: pb.CallResult | None  # None while the call is not over
    try_number: int = 1
    """How often this very order was tried so far; another order of the conversation is a first."""


def read_facts(connection: Connection, call_id: str) -> CallFacts | None:
    """Read one call with its turns and its result; None when there is no such call."""
    row = read_call(connection, call_id)
    if row is None:
        return None
    record = read_result_records(connection, [call_id]).get(call_id)
    return _add_facts(connection, row, record)


def list_newest_facts(connection: Connection, limit: int, below: str = "") -> list[CallFacts]:
    """Read the newest calls, those below a call_id if one is given, with all that is known."""
    rows = list_newest_calls(connection, limit, below)
    records = read_result_records(connection, [row.call_id for row in rows])
    return [_add_facts(connection, row, records.get(row.call_id)) for row in rows]


def _add_facts(connection: Connection, row: CallRow, record: bytes | None) -> CallFacts:
    """Add what is known of a call to its row; `record`: its result, None while it is not over."""
    result = pb.CallResult.FromString(record) if record is not None else None
    tries = _count_tries(connection, row)
    if result is not None and result.transcript:
        return CallFacts(row, tuple(result.transcript), result, tries)
    stored = read_turns(connection, row.call_id)
    turns = tuple(pb.TranscriptTurn.FromString(stored[place]) for place in sorted(stored))
    return CallFacts(row, turns, result, tries)


def _count_tries(connection: Connection, row: CallRow) -> int:
    """Count this call and those right before it that wanted the same and ordered nothing."""
    earlier = list_earlier_calls(connection, row)
    call_ids = [each.call_id for each in earlier]
    records = read_result_records(connection, call_ids) if call_ids else {}
    tries = 1
    for each in earlier:
        record = records.get(each.call_id)
        is_same = (each.to_number, each.order) == (row.to_number, row.order)
        if not is_same or record is None or not may_retry(pb.CallResult.FromString(record)):
            break
        tries += 1
    return tries


def call_json(facts: CallFacts) -> Json:
    """Write a call for the API: what programs need, and under `view` what a page shows."""
    row = facts.row
    return {
        "call_id": row.call_id,
        "task_id": row.task_id,
        "attempt": row.attempt,
        "state": row.state.value,
        "status": _enum_name(pb.CallStatus, row.status),
        "call_sid": row.call_sid,
        "to_number": row.to_number,
        "created_at": row.created_at,
        "note": row.note,
        "result": result_json(facts.result) if facts.result else None,
        "view": call_view(facts),
    }


def result_json(result: pb.CallResult) -> Json:
    """Write a result in the contract's JSON."""
    return MessageToDict(result, preserving_proto_field_name=True)


def call_view(facts: CallFacts) -> Json:
    """Say how a call's card looks.

    Much of it is others' words: what turns the reading direction is dropped from them.
    """
    row, result = facts.row, facts.result
    is_over = row.state is CallState.FINAL
    view: Json = {
        "call_id": row.call_id,
        "attempt": row.attempt,
        "try_number": facts.try_number,
        "callee": _callee(row),
        "number": shown_number(row.to_number),
        "created_at": row.created_at,
        "is_over": is_over,
        "is_ending": row.cancel_requested and not is_over,
        "status": _status(row, result),
        "note": "" if is_over else row.note or "",
        "steps": _steps(row, result),
        "turns": [
            turn_view(place, turn, is_over=is_over)
            for place, turn in enumerate(facts.turns)
            if turn.role != pb.ROLE_TOOL
        ],
        "result": _result_view(facts, result) if result else None,
    }
    return {name: change_texts(value, strip_bidi) for name, value in view.items()}


def _status(row: CallRow, result: pb.CallResult | None) -> str:
    """Word the status; a declined call has the same one as an unanswered, and another story."""
    if result is not None and result.end_reason == pb.END_REASON_DECLINED:
        return "Declined"
    return words_of(STATUS_WORDS, result.status if result else row.status)


def _callee(row: CallRow) -> str:
    """Name whom the call goes to; the CallSid's end tells apart calls of which nothing is known."""
    known = order_of(row).callee or shown_number(row.to_number)
    tail = f" (CallSid ...{row.call_sid[-_SID_TAIL:]})" if row.call_sid else ""
    return known or f"Unknown number{tail}"


def turn_view(position: int, turn: pb.TranscriptTurn, *, is_over: bool) -> Json:
    """Say how one line of the transcript looks; while the call runs its words may still come."""
    pressed = f"(pressed {turn.dtmf})" if turn.dtmf else ""
    unheard = _UNHEARD.get(turn.role, "...") if is_over else "..."
    return {
        "position": position,
        "role": _enum_name(pb.Role, turn.role).removeprefix("ROLE_").lower(),
        "who": words_of(SPEAKER_WORDS, turn.role),
        "text": strip_bidi(" ".join(part for part in (turn.text, pressed) if part)) or unheard,
        "interrupted": turn.interrupted,
        "at": _clock(turn.start_ms) if turn.HasField("start_ms") else "",
    }


def _clock(start_ms: int) -> str:
    """Write a moment of the call as m:ss."""
    minutes, seconds = divmod(start_ms // 1_000, 60)
    return f"{minutes}:{seconds:02}"


def _steps(row: CallRow, result: pb.CallResult | None) -> list[Json]:
    """Say for each step whether it is done, current, still to come, or was never reached."""
    if row.state is CallState.FINAL:
        reached = {0, _ENDED} | _reached(row, result)
        return [
            {"name": name, "state": "done" if place in reached else "skipped"}
            for place, name in enumerate(STEPS)
        ]
    now = max(_reached(row, result), default=0)
    states = ["done" if place < now else "todo" for place in range(len(STEPS))]
    states[now] = "now"
    return [{"name": name, "state": state} for name, state in zip(STEPS, states, strict=True)]


def _reached(row: CallRow, result: pb.CallResult | None) -> set[int]:
    """Say which steps after the dial a call has come to."""
    if row.was_connected or (result and result.status == pb.CALL_STATUS_COMPLETED):
        return {_RINGING, _TALKING}
    ended = result.status if result else row.status
    rang = {pb.CALL_STATUS_RINGING, pb.CALL_STATUS_NO_ANSWER, pb.CALL_STATUS_CANCELED}
    return {_RINGING} if row.status == pb.CALL_STATUS_RINGING or ended in rang else set()


def _result_view(facts: CallFacts, result: pb.CallResult) -> Json:
    """Say how the result card looks."""
    why = _why_it_ended(result)
    duration = duration_words(result.duration) if result.HasField("duration") else "not known"
    order = order_of(facts.row)
    warning = over_budget(order.facts, order.details, result).strip()
    # What the card says at a glance; a price that nobody wanted to pay is no success.
    outcome = pb.OUTCOME_NOT_REACHED if said_nothing(result) else result.outcome
    if warning and outcome == pb.OUTCOME_SUCCEEDED:
        outcome = pb.OUTCOME_FOLLOW_UP
    return {
        "headline": words_of(OUTCOME_WORDS, outcome),
        "tone": OUTCOME_TONES.get(outcome, "open"),
        "warning": warning,
        "facts": _fact_views(facts.row, result),
        "duration": duration if facts.row.was_connected or result.duration else "",
        "ended_because": why,
        "reconstructed": reconstructed_words(result),
        "incomplete": bool(result.transcript) and not result.transcript_complete,
        "is_whole": result.transcript_complete or result.status != pb.CALL_STATUS_COMPLETED,
        "summary": result.summary,
        "tokens": tokens_words(result),
        "cost": cost_words(result),
        "error": "" if result.error_message == why else result.error_message,
        "revision": result.revision,
        "is_test": result.test,
        "can_call_again": may_retry(result),
    }


def _why_it_ended(result: pb.CallResult) -> str:
    """Word the end reason; an agent of somebody else need not tell any."""
    is_told = result.end_reason != pb.END_REASON_UNSPECIFIED
    if not is_told and result.origin == pb.CALL_ORIGIN_EXTERNAL:
        return ""
    return words_of(END_REASON_WORDS, result.end_reason)


def _fact_views(row: CallRow, result: pb.CallResult) -> list[Json]:
    """Say how the agreed facts look, in the order in which the errand declares them."""
    declared = [fact.name for fact in order_of(row).facts]
    labels = {fact.name: fact.label for fact in order_of(row).facts}

    def place(fact: pb.Fact) -> int:
        return declared.index(fact.name) if fact.name in declared else len(declared)

    return [
        {
            "name": fact.name,
            "label": labels.get(fact.name) or fact.name.replace("_", " ").capitalize(),
            "value": fact.value,
            "turns": list(fact.evidence_turns),
        }
        for fact in sorted(result.facts, key=place)
    ]


def _enum_name(enum: object, number: int) -> str:
    """Name an enum's number; an unknown one is its digits."""
    names: dict[int, str] = {value: name for name, value in enum.items()}  # type: ignore[attr-defined]  # protobuf's EnumTypeWrapper
    return names.get(number, str(number))
