"""What the assistant answers: the next question, the read-back, or what is to be done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from orchestrator.conversation.filling import Filler, Filling
from orchestrator.conversation.intents import Intent, read_intent
from orchestrator.conversation.matter import forget_matter, names_matter
from orchestrator.conversation.offers import greeting, offer
from orchestrator.conversation.putting import Surroundings
from orchestrator.errands import Errand, FieldKind, FieldSpec, Form, shown_number
from orchestrator.errands.wording import leaves_message
from telephony.numbers import EMERGENCY_REASON

CONFIRM_QUESTION = "Shall I call now?"
TOO_LATE = (
    "That comes too late: they are not waiting for an answer any more. The call goes on without "
    "it. To stop it, press Hang up."
)


class TaskState(StrEnum):
    """Says how far an errand is; the words of the table `task`."""

    COLLECTING = "collecting"
    CONFIRMING = "confirming"
    CALLING = "calling"
    DONE = "done"


class Action(StrEnum):
    """Says what the person asked for beside an answer."""

    NOTHING = "nothing"
    CALL = "call"
    HANG_UP = "hang_up"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Situation:
    """Where a conversation stands when a message arrives."""

    state: TaskState
    form: Form
    may_retry: bool = False  # the last call reached nobody, or broke off
    names_errand: bool = False  # the message says which errand it means
    asks: bool = False  # the running call waits for the person's answer
    asked_in_vain: bool = False  # it has waited for one, and waits no longer


@dataclass(frozen=True, slots=True)
class Answer:
    """What the assistant says, and how the errand stands afterwards."""

    text: str
    form: Form
    state: TaskState
    action: Action = Action.NOTHING


async def answer_message(
    errand: Errand, situation: Situation, text: str, filler: Filler, around: Surroundings
) -> Answer:
    """Answer one tidied message of the person."""
    intent = read_intent(text)
    direct = _answer_intent(errand, situation, intent, around)
    if direct is not None:
        return direct
    filling = await _read_new_order(errand, situation, text, filler, around)
    filling = filling or await filler.fill(errand, situation.form, text, around)
    return _answer_filling(errand, situation, filling, around)


async def _read_new_order(
    errand: Errand, situation: Situation, text: str, filler: Filler, around: Surroundings
) -> Filling | None:
    """Read what is named after a settled call as an errand of its own; None when nothing is.

    What was ordered already must not be ordered again; shop, name and number stay until changed.
    """
    if situation.state is not TaskState.DONE or situation.may_retry:
        return None
    fresh = forget_matter(errand, situation.form)
    filling = await filler.fill(errand, fresh, text, around)
    return filling if names_matter(errand, filling.form) else None


def _answer_intent(
    errand: Errand, situation: Situation, intent: Intent, around: Surroundings
) -> Answer | None:
    """Answer a message that fills nothing; None when it must be read for its values."""
    form, state = situation.form, situation.state
    if intent is Intent.EMERGENCY:
        return Answer(EMERGENCY_REASON, form, state)
    if state is TaskState.CALLING:
        return _answer_while_calling(situation, intent)
    if intent in {Intent.YES, Intent.CALL_AGAIN} and not errand.missing(form):
        return _answer_yes(errand, situation, intent)
    if intent is Intent.NO and state is not TaskState.COLLECTING:
        return Answer("All right, no call. What shall I change?", form, state)
    if intent is Intent.THANKS and state is TaskState.DONE:
        return Answer("You are welcome. Write to me when you need something else.", form, state)
    return _answer_small_talk(errand, situation, intent, around)


def _answer_small_talk(
    errand: Errand, situation: Situation, intent: Intent, around: Surroundings
) -> Answer | None:
    """Answer a greeting, a question, a fresh start; anything else that is no value asks again."""
    form = situation.form
    if intent is Intent.OTHER or (intent is Intent.NO and form.asked):
        return None
    if intent is Intent.SHOPS and around.contacts:
        return _list_shops(errand, situation, around)
    if intent is Intent.START_OVER:
        fresh = _ask_next(errand, Form(), around)
        return replace(fresh, text=f"All right, I have cleared the {errand.noun}. {fresh.text}")
    next_one = _ask_next(errand, form, around)
    if intent is Intent.GREETING and form == Form():
        return replace(next_one, text=greeting(), form=form)
    return next_one


def _list_shops(errand: Errand, situation: Situation, around: Surroundings) -> Answer:
    """Name the shops that can be called by name; then go on where the conversation was."""
    form, state = situation.form, situation.state
    known = f"I know {_listed(list(around.contacts))}; any other I can call by its number."
    if state is TaskState.DONE:
        return Answer(known, form, state)
    next_one = _ask_next(errand, form, around)
    shop = errand.field_of(FieldKind.SHOP)
    if shop and next_one.form.asked == shop.name:
        return next_one
    return replace(next_one, text=f"{known} {next_one.text}")


def _answer_while_calling(situation: Situation, intent: Intent) -> Answer:
    """Answer during a call: it can be told what it asks for, and it can be ended."""
    form, state = situation.form, TaskState.CALLING
    if intent is Intent.HANG_UP or (intent is Intent.START_OVER and not situation.asks):
        return Answer("I am ending the call.", form, state, Action.HANG_UP)
    if situation.asks:
        return Answer("Thank you, I am passing that on.", form, state, Action.ANSWER)
    if situation.asked_in_vain:
        return Answer(TOO_LATE, form, state)
    return Answer(
        "I am on this call right now and will tell you here what came of it. "
        "To stop it, press Hang up.",
        form,
        state,
    )


def _answer_yes(errand: Errand, situation: Situation, intent: Intent) -> Answer:
    """Call on the person's word; an order that was already placed is read back once more."""
    form, state = situation.form, situation.state
    if state is TaskState.CONFIRMING or (state is TaskState.DONE and situation.may_retry):
        again = " again" if state is TaskState.DONE else ""
        return Answer(
            f"I am calling {callee_of(errand, form)}{again} now.", form, state, Action.CALL
        )
    if state is TaskState.DONE and intent is Intent.YES:
        return Answer("This errand is done. Tell me if you need something else.", form, state)
    if state is TaskState.DONE:
        return _read_back(errand, form, f"This would be a second {errand.noun}.")
    return _read_back(errand, form)


def _answer_filling(
    errand: Errand, situation: Situation, filling: Filling, around: Surroundings
) -> Answer:
    """Say what came of a message that was read for its values."""
    form = filling.form
    notes = list(filling.remarks)
    if filling.unclear:
        return Answer(filling.unclear, form, TaskState.COLLECTING)
    if not filling.changed and not notes:
        if situation.state is TaskState.DONE and not situation.names_errand:
            return Answer(
                "I found nothing to do in that. Tell me what you need, or press New errand.",
                form,
                TaskState.DONE,
            )
        notes += [] if situation.names_errand else ["Sorry, I did not understand that."]
    elif situation.state is not TaskState.COLLECTING and filling.changed:
        is_second = situation.state is TaskState.DONE and not situation.may_retry
        notes.append(f"This would be a new {errand.noun}." if is_second else "I have changed that.")
    elif filling.changed and _needs_notice(errand, situation.form.asked, form):
        notes.append("Got it.")
    if not errand.missing(form):
        return _read_back(errand, form, *notes)
    next_one = _ask_next(errand, form, around)
    question = offer() if _means_any(errand, situation, form) else next_one.text
    return replace(next_one, text=" ".join([*notes, question]))


def _means_any(errand: Errand, situation: Situation, form: Form) -> bool:
    """Say whether nothing was said yet that tells which errand is meant."""
    is_first = not situation.form.asked and not situation.names_errand
    return is_first and not names_matter(errand, form) and not _names_callee(errand, form)


def _needs_notice(errand: Errand, asked: str, form: Form) -> bool:
    """Say whether the person should see that something was noted: not after a plain answer."""
    return not asked or asked in missing_names(errand, form)


def _read_back(errand: Errand, form: Form, *notes: str) -> Answer:
    """Read the whole order back and ask for the person's word."""
    parts = [*notes, "Please check:", errand.read_back(form), _voicemail(errand, form)]
    text = " ".join(part for part in (*parts, CONFIRM_QUESTION) if part)
    return Answer(text, replace(form, asked=""), TaskState.CONFIRMING)


def _voicemail(errand: Errand, form: Form) -> str:
    """Say what is done when a voicemail answers; "" for an errand that leaves it open."""
    if errand.field_of(FieldKind.VOICEMAIL) is None:
        return ""
    what = "leave a short message" if leaves_message(form) else "hang up"
    return f"If a voicemail answers, I will {what}."


def _ask_next(errand: Errand, form: Form, around: Surroundings) -> Answer:
    """Ask for the first thing that is missing; read back when nothing is."""
    missing = errand.missing(form)
    if not missing:
        return _read_back(errand, form)
    spec = missing[0]
    question = _question_of(errand, spec, form, around.contacts)
    return Answer(question, replace(form, asked=spec.name), TaskState.COLLECTING)


def _question_of(errand: Errand, spec: FieldSpec, form: Form, contacts: Mapping[str, str]) -> str:
    """Word the question; a shop that nobody knows is named, with those that are known."""
    name = errand.value_of(FieldKind.SHOP, form)
    if spec.kind is FieldKind.SHOP and contacts:
        return f"{spec.question} I know {_listed(list(contacts))}; for another, give me its number."
    if spec.kind is FieldKind.SHOP_NUMBER and name:
        known = f" I know {_listed(list(contacts))}." if contacts else ""
        return f"I do not know the number of {name}.{known} What is their phone number?"
    return spec.question


def _listed(names: Sequence[str]) -> str:
    """Join names as in "A, B and C"."""
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _names_callee(errand: Errand, form: Form) -> bool:
    """Say whether the form tells whom to call."""
    kinds = (FieldKind.SHOP, FieldKind.SHOP_NUMBER)
    return any(errand.value_of(kind, form) for kind in kinds)


def callee_of(errand: Errand, form: Form) -> str:
    """Name whom the errand calls: by name, else by number, else "the shop"."""
    number = errand.value_of(FieldKind.SHOP_NUMBER, form)
    return errand.value_of(FieldKind.SHOP, form) or shown_number(number) or "the shop"


def missing_names(errand: Errand, form: Form) -> list[str]:
    """List the names of the fields that are still missing."""
    return [spec.name for spec in errand.missing(form)]
