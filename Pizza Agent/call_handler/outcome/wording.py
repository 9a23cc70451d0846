"""What a result says in words for a person."""

from collections.abc import Sequence

from call_handler.outcome.call_end import AgentReason, CallEnd, EndKind
from ringback.v1.call_results_pb2 import Fact, Outcome, Role

_ENDED = {
    EndKind.CALLEE_HUNG_UP: "They hung up before everything was settled.",
    EndKind.AGENT_HUNG_UP: "The agent ended the call.",
    EndKind.PERSON_HUNG_UP: "You ended the call.",
    EndKind.TIME_LIMIT: "The call reached its time limit.",
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


def write_summary(end: CallEnd, outcome: Outcome.ValueType, facts: Sequence[Fact]) -> str:
    """Say in a sentence or two what came of the call."""
    proven = _list_facts([fact for fact in facts if fact.evidence_turns])
    open_facts = _list_facts([fact for fact in facts if not fact.evidence_turns])
    match outcome:
        case Outcome.OUTCOME_SUCCEEDED:
            text = f"The errand is done: {proven}."
        case Outcome.OUTCOME_PARTIAL:
            text = f"Only a part is settled: {proven}. {_ENDED[end.kind]}"
        case Outcome.OUTCOME_REFUSED:
            text = f"They said no{_last_words(end)}"
        case Outcome.OUTCOME_NOT_REACHED:
            voicemail = end.agent_reason is AgentReason.VOICEMAIL
            text = "Only a voicemail answered." if voicemail else "It was the wrong number."
        case _ if proven:
            text = f"They said {proven}, but it is not certain that they took the whole order."
        case _:
            text = f"{_ENDED[end.kind]} Nothing is settled."
    if open_facts and outcome != Outcome.OUTCOME_SUCCEEDED:
        text += f" The agent noted {open_facts}, which the callee did not clearly say."
    return text[:_TEXT_MAX]


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
