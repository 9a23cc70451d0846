"""What the assistant says once a call's result is there."""

import re
from collections.abc import Mapping, Sequence

from foundation.text import strip_bidi
from orchestrator.conversation.budget import costs_more
from orchestrator.conversation.dialogue import callee_of
from orchestrator.conversation.words import END_REASON_WORDS, words_of
from orchestrator.errands import DeclaredFact, Errand, FieldKind, Form, shown_number
from ringback.v1 import call_results_pb2 as pb

_RETRY = "Shall I try again?"
# Nobody was on the line, so that another try cannot make a second order.
_HARMLESS = frozenset(
    {
        pb.END_REASON_BUSY,
        pb.END_REASON_NO_ANSWER,
        pb.END_REASON_DECLINED,
        pb.END_REASON_CARRIER_FAILED,
        pb.END_REASON_CANCELED,
        pb.END_REASON_NOT_PLACED,
        pb.END_REASON_VOICEMAIL,
        pb.END_REASON_NOT_CLAIMED,
    }
)
# Ends in which it can be that nobody on the line has said a word.
_WITHOUT_A_WORD: Mapping[int, str] = {
    pb.END_REASON_CALLEE_HUNG_UP: "but they hung up without a word",
    pb.END_REASON_AGENT_HUNG_UP: "but nobody said a word",
    pb.END_REASON_PERSON_HUNG_UP: "but you ended the call before they said a word",
    pb.END_REASON_SILENCE_LIMIT: "but nobody said a word",
}
_MACHINES = frozenset({pb.ANSWERED_BY_VOICEMAIL, pb.ANSWERED_BY_IVR, pb.ANSWERED_BY_FAX})
_SPAN = re.compile(r"(?:an? |\d+ |half an )(?:minutes?|hours?)\b", re.IGNORECASE)


def said_nothing(result: pb.CallResult) -> bool:
    """Say whether somebody answered and, as the whole transcript shows, said not one word.

    What was said but not understood is a turn without text: that is not nothing.
    """
    if result.outcome not in {pb.OUTCOME_FOLLOW_UP, pb.OUTCOME_NOT_REACHED}:
        return False
    was_heard = any(turn.role == pb.ROLE_CALLEE for turn in result.transcript)
    is_sure = result.source == pb.SOURCE_HANDLER and result.transcript_complete
    is_person = result.answered_by not in _MACHINES
    return is_sure and is_person and not was_heard and result.end_reason in _WITHOUT_A_WORD


def over_budget(
    declared: Sequence[DeclaredFact], details: Mapping[str, str], result: pb.CallResult
) -> str:
    """Say that the price that was noted, proven or not, is above the budget; "" when it is not.

    The words end with a space. `declared`: the errand's facts; `details`: what the agent was told.
    """
    budget = details.get("budget", "")
    prices = {fact.name for fact in declared if fact.kind == pb.FACT_KIND_MONEY}
    price = next((fact.value for fact in result.facts if fact.name in prices), "")
    if not costs_more(price, budget):
        return ""
    return f"The price of {strip_bidi(price)} is above your budget of {strip_bidi(budget)}. "


def may_retry(result: pb.CallResult) -> bool:
    """Say whether another try is offered: only when this one cannot have ordered anything."""
    if said_nothing(result):
        return True
    if result.outcome != pb.OUTCOME_NOT_REACHED:
        return False
    is_harmless = result.end_reason in _HARMLESS and not _is_forbidden(result)
    return is_harmless or result.fault.retryable


def _is_forbidden(result: pb.CallResult) -> bool:
    """Say whether our own rules keep this number from being called, now and later."""
    return result.end_reason == pb.END_REASON_NOT_PLACED and bool(result.fault.code)


def result_message(errand: Errand, form: Form, result: pb.CallResult) -> str:
    """Say in plain words what came of a call and what to do now."""
    callee = callee_of(errand, form)
    if said_nothing(result):
        how = _WITHOUT_A_WORD[result.end_reason]
        return f"Somebody answered at {callee}, {how}. Nothing is settled. {_RETRY}"
    match result.outcome:
        case pb.OUTCOME_SUCCEEDED:
            return _succeeded(errand, form, result)
        case pb.OUTCOME_REFUSED:
            return _refused(callee, result)
        case pb.OUTCOME_NOT_REACHED:
            return _not_reached(callee, result)
        case _:
            return _uncertain(errand, form, result)


def _succeeded(errand: Errand, form: Form, result: pb.CallResult) -> str:
    """Say what is agreed; at a price that nobody wanted to pay, warn instead of cheering."""
    callee, agreed = callee_of(errand, form), _facts(errand, result)
    warning = over_budget(errand.facts, errand.details(form), result)
    if not warning:
        return f"Done: {callee} {errand.taken}. {agreed}{errand.next_step(form)}"
    return (
        f"Careful: {callee} {errand.taken}, but not within your budget. {warning}{agreed}"
        f"If you do not want it at that price, please call them{_number(errand, form)}."
    )


def _uncertain(errand: Errand, form: Form, result: pb.CallResult) -> str:
    """Say what is known of a call after which a person must look."""
    callee = callee_of(errand, form)
    agreed = _facts(errand, result) + over_budget(errand.facts, errand.details(form), result)
    check = f"Please check with them{_number(errand, form)}"
    match result.outcome:
        case pb.OUTCOME_PARTIAL:
            return (
                f"I reached {callee}, but not everything is settled. {agreed}"
                f"{_unproven(errand, result)}{check}."
            )
        case pb.OUTCOME_FOLLOW_UP:
            return (
                f"I reached {callee}, but I cannot say for certain that they {errand.taken}. "
                f"{words_of(END_REASON_WORDS, result.end_reason)} {agreed}"
                f"{check} before you {errand.again}."
            )
        case _:
            return (
                f"I could not find out what came of the call to {callee}. "
                f"{check} before you {errand.again}."
            )


def _refused(callee: str, result: pb.CallResult) -> str:
    if result.end_reason == pb.END_REASON_OPT_OUT:
        return (
            f"{callee} asked not to be called again, so I will not call them any more. "
            "Tell me if I shall call another place."
        )
    # The agent knows best in which words.
    told = strip_bidi(result.summary) if result.source == pb.SOURCE_HANDLER else ""
    if told:
        return f"I reached {callee}. {told} Tell me if I shall call another place."
    return f"{callee} said no. Tell me if I shall call another place, or change something."


def _not_reached(callee: str, result: pb.CallResult) -> str:
    """Say why nobody was reached, and offer another try where that is harmless."""
    offer = f" {_RETRY}" if may_retry(result) else ""
    match result.end_reason:
        case pb.END_REASON_BUSY:
            return f"The line of {callee} was busy.{offer}"
        case pb.END_REASON_NO_ANSWER:
            return f"Nobody answered at {callee}.{offer}"
        case pb.END_REASON_DECLINED:
            return f"{callee} declined the call.{offer}"
        case pb.END_REASON_CANCELED:
            return f"I cancelled the call to {callee}. Nobody had answered.{offer}"
        case reason if reason == pb.END_REASON_DIAL_REFUSED or _is_forbidden(result):
            why = strip_bidi(result.error_message) or words_of(END_REASON_WORDS, result.end_reason)
            return f"I could not call {callee}: {why.rstrip('.')}. Nobody's phone rang.{offer}"
        case _:
            # Of a call that was connected the agent knows best, such as that it left a message.
            told = strip_bidi(result.summary) if result.source == pb.SOURCE_HANDLER else ""
            why = told or words_of(END_REASON_WORDS, result.end_reason)
            return f"I did not get through to {callee}. {why}{offer}"


def _facts(errand: Errand, result: pb.CallResult) -> str:
    """Name the agreed facts, such as "Price: 14.50. Ready: 20 minutes. "."""
    labels = {fact.name: fact.label for fact in errand.facts}
    agreed = sorted(result.facts, key=lambda fact: errand.in_order(fact.name))
    return "".join(
        f"{labels.get(fact.name) or fact.name.replace('_', ' ')}: {_value(fact)}. "
        for fact in agreed
        if fact.evidence_turns
    )


def _value(fact: pb.Fact) -> str:
    """Write a value so that a span is one from now on: "in 20 minutes"."""
    value = strip_bidi(fact.value)
    return f"in {value}" if _SPAN.fullmatch(value) else value


def _unproven(errand: Errand, result: pb.CallResult) -> str:
    """Name the required facts that nobody could prove."""
    proven = {fact.name for fact in result.facts if fact.evidence_turns}
    left = [
        f"the {fact.name.replace('_', ' ')}"
        for fact in errand.facts
        if fact.required and fact.name not in proven
    ]
    return f"Not certain: {' and '.join(left)}. " if left else ""


def _number(errand: Errand, form: Form) -> str:
    number = errand.value_of(FieldKind.SHOP_NUMBER, form)
    return f" ({shown_number(number)})" if number else ""
