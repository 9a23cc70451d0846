"""What the assistant says once a call's result is there."""

from foundation.text import strip_bidi
from orchestrator.conversation.dialogue import callee_of
from orchestrator.conversation.words import END_REASON_WORDS, words_of
from orchestrator.errands import Errand, FieldKind, Form, shown_number
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


def may_retry(result: pb.CallResult) -> bool:
    """Say whether another try is offered: only when this one cannot have ordered anything."""
    if result.outcome != pb.OUTCOME_NOT_REACHED:
        return False
    is_harmless = result.end_reason in _HARMLESS and not _is_forbidden(result)
    return is_harmless or result.fault.retryable


def _is_forbidden(result: pb.CallResult) -> bool:
    """Say whether our own rules keep this number from being called, now and later."""
    return result.end_reason == pb.END_REASON_NOT_PLACED and bool(result.fault.code)


def result_message(errand: Errand, form: Form, result: pb.CallResult) -> str:
    """Say in plain words what came of a call and what to do now."""
    callee, taken, agreed = callee_of(errand, form), errand.taken, _facts(errand, result)
    check = f"Please check with them{_number(errand, form)}"
    match result.outcome:
        case pb.OUTCOME_SUCCEEDED:
            return f"Done: {callee} {taken}. {agreed}{errand.next_step(form)}"
        case pb.OUTCOME_PARTIAL:
            return (
                f"I reached {callee}, but not everything is settled. {agreed}"
                f"{_unproven(errand, result)}{check}."
            )
        case pb.OUTCOME_REFUSED:
            return _refused(callee, result)
        case pb.OUTCOME_NOT_REACHED:
            return _not_reached(callee, result)
        case pb.OUTCOME_FOLLOW_UP:
            return (
                f"I reached {callee}, but I cannot say for certain that they {taken}. "
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
        f"{labels.get(fact.name) or fact.name.replace('_', ' ')}: {strip_bidi(fact.value)}. "
        for fact in agreed
        if fact.evidence_turns
    )


def _unproven(errand: Errand, result: pb.CallResult) -> str:
    """Name the required facts that nobody could prove."""
    proven = {fact.name for fact in result.facts if fact.evidence_turns}
    left = [
        (fact.label or fact.name.replace("_", " ")).lower()
        for fact in errand.facts
        if fact.required and fact.name not in proven
    ]
    return f"Not certain: {', '.join(left)}. " if left else ""


def _number(errand: Errand, form: Form) -> str:
    number = errand.value_of(FieldKind.SHOP_NUMBER, form)
    return f" ({shown_number(number)})" if number else ""
