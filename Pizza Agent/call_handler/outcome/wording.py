"""What a result says in words for a person."""

from collections.abc import Sequence
from dataclasses import dataclass

from call_handler.outcome.call_end import CallEnd, EndKind
from ringback.v1.call_results_pb2 import AnsweredBy, Fact, Outcome, Role

_ENDED = {
    EndKind.CALLEE_HUNG_UP: "They hung up before everything was settled.",
    EndKind.AGENT_HUNG_UP: "The agent ended the call.",
    EndKind.PERSON_HUNG_UP: "You ended the call.",
    EndKind.TIME_LIMIT: "The call reached its time limit.",
    EndKind.SILENCE_LIMIT: "Nobody spoke for too long.",
    EndKind.HOLD_LIMIT: "They kept the line on hold for too long.",
    EndKind.VOICEMAIL: "Only a voicemail answered.",
    EndKind.FAX: "A fax machine answered.",
    EndKind.OPT_OUT: "The agent apologised and ended the call.",
    EndKind.MEDIA_LOST: "The line broke during the call.",
    EndKind.MODEL_LOST: "The agent's voice failed during the call.",
    EndKind.HANDLER_STOPPED: "The call was cut short because the service was stopped.",
    EndKind.NOT_CLAIMED: (
        "They answered, but the order could not be fetched in time, so nothing was said."
    ),
    EndKind.INTERNAL_ERROR: "The call broke off because of an error on our side.",
}
_TEXT_MAX = 4_000
_QUOTE_MAX = 300


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a call came to: the outcome, its facts, who answered, and what they asked for."""

    outcome: Outcome.ValueType
    facts: tuple[Fact, ...]
    answered_by: AnsweredBy.ValueType
    has_opted_out: bool = False


def write_summary(end: CallEnd, verdict: Verdict) -> str:
    """Say in a sentence or two what came of the call."""
    text = _say_outcome(end, verdict)
    open_facts = _list_facts([fact for fact in verdict.facts if not fact.evidence_turns])
    if open_facts and verdict.outcome != Outcome.OUTCOME_SUCCEEDED:
        text += f" The agent noted {open_facts}, which the callee did not clearly say."
    if verdict.has_opted_out:
        text += " They asked not to be called again."
    return text[:_TEXT_MAX]


def _say_outcome(end: CallEnd, verdict: Verdict) -> str:
    proven = _list_facts([fact for fact in verdict.facts if fact.evidence_turns])
    match verdict.outcome:
        case Outcome.OUTCOME_SUCCEEDED:
            return f"The errand is done: {proven}."
        case Outcome.OUTCOME_PARTIAL:
            return f"Only a part is settled: {proven}. {_ENDED[end.kind]}"
        case Outcome.OUTCOME_REFUSED:
            return f"They said no{_last_words(end)}"
        case Outcome.OUTCOME_NOT_REACHED:
            return _say_who(end, verdict.answered_by)
        case _ if proven:
            return f"They said {proven}, but it is not certain that everything is settled."
        case _:
            return f"{_ENDED[end.kind]} Nothing is settled."


def _say_who(end: CallEnd, answered_by: AnsweredBy.ValueType) -> str:
    """Say who answered in place of the person who was to be reached."""
    match answered_by:
        case AnsweredBy.ANSWERED_BY_VOICEMAIL if end.left_message:
            return "Only a voicemail answered; the agent left the message."
        case AnsweredBy.ANSWERED_BY_VOICEMAIL:
            return "Only a voicemail answered; no message was left."
        case AnsweredBy.ANSWERED_BY_IVR:
            how = "" if end.kind is EndKind.AGENT_HUNG_UP else f" {_ENDED[end.kind]}"
            return f"Only a machine answered, and no person was reached.{how}"
        case AnsweredBy.ANSWERED_BY_FAX:
            return _ENDED[EndKind.FAX]
        case _ if end.kind in {EndKind.SILENCE_LIMIT, EndKind.HOLD_LIMIT}:
            return f"{_ENDED[end.kind]} No person was reached."
        case _:
            return "It was the wrong number."


def describe_error(end: CallEnd) -> str:
    """Say what went wrong; empty when nothing did."""
    if end.fault is None:
        return ""
    return (end.fault.message or f"error {end.fault.code}")[:_TEXT_MAX]


def _list_facts(facts: Sequence[Fact]) -> str:
    return ", ".join(f"{fact.name.replace('_', ' ')} {fact.value}" for fact in facts)


def _last_words(end: CallEnd) -> str:
    spoken = [turn.text for turn in end.turns if turn.role == Role.ROLE_CALLEE and turn.text]
    # The refusal comes before the goodbye: the longest of their last two lines says more.
    best = max(spoken[-2:], key=len, default="")
    return f': "{best[:_QUOTE_MAX]}"' if best else "."
