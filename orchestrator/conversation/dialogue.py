"""What the assistant answers: the next question, the read-back, or what is to be done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from orchestrator.conversation.filling import Filler, Filling, Surroundings
from orchestrator.conversation.intents import Intent, read_intent
from orchestrator.errands import Errand, FieldKind, FieldSpec, Form, shown_number
from telephony.numbers import EMERGENCY_REASON

CONFIRM_QUESTION = "Shall I call now?"


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


@dataclass(frozen=True, slots=True)
class Situation:
    """Where a conversation stands when a message arrives."""

    state: TaskState
    form: Form
    may_retry: bool = False  # the last call reached nobody, or broke off


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
    """Read things named after a settled call as an order of its own; None when there are none.

    What was ordered already must not be ordered again; shop, name and number stay until changed.
    """
    if situation.state is not TaskState.DONE or situation.may_retry:
        return None
    filling = await filler.fill(errand, replace(situation.form, items=()), text, around)
    return filling if filling.form.items else None


def _answer_intent(
    errand: Errand, situation: Situation, intent: Intent, around: Surroundings
) -> Answer | None:
    """Answer a message that fills nothing; None when it must be read for its values."""
    form, state = situation.form, situation.state
    if intent is Intent.EMERGENCY:
        return Answer(EMERGENCY_REASON, form, state)
    if state is TaskState.CALLING:
        return _answer_while_calling(form, intent)
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
        return replace(fresh, text=f"All right, I have cleared the order. {fresh.text}")
    next_one = _ask_next(errand, form, around)
    if intent is Intent.GREETING and form == Form():
        return replace(next_one, text=errand.greeting, form=form)
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


def _answer_while_calling(form: Form, intent: Intent) -> Answer:
    """Answer during a call: nothing can change now, but it can be ended."""
    if intent in {Intent.HANG_UP, Intent.START_OVER}:
        return Answer("I am ending the call.", form, TaskState.CALLING, Action.HANG_UP)
    return Answer(
        "I am on this call right now and will tell you here what came of it. "
        "To stop it, press Hang up.",
        form,
        TaskState.CALLING,
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
        return _read_back(errand, form, "This would be a second order.")
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
        if situation.state is TaskState.DONE:
            return Answer(
                "I did not find an order in that. Tell me what to order, or press New order.",
                form,
                TaskState.DONE,
            )
        notes.append("Sorry, I did not understand that.")
    elif situation.state is not TaskState.COLLECTING and filling.changed:
        is_second = situation.state is TaskState.DONE and not situation.may_retry
        notes.append("This would be a new order." if is_second else "I have changed that.")
    elif filling.changed and _needs_notice(errand, situation.form.asked, form):
        notes.append("Got it.")
    if not errand.missing(form):
        return _read_back(errand, form, *notes)
    next_one = _ask_next(errand, form, around)
    return replace(next_one, text=" ".join([*notes, next_one.text]))


def _needs_notice(errand: Errand, asked: str, form: Form) -> bool:
    """Say whether the person should see that something was noted: not after a plain answer."""
    return not asked or asked in missing_names(errand, form)


def _read_back(errand: Errand, form: Form, *notes: str) -> Answer:
    """Read the whole order back and ask for the person's word."""
    text = " ".join([*notes, "Please check:", errand.read_back(form), CONFIRM_QUESTION])
    return Answer(text, replace(form, asked=""), TaskState.CONFIRMING)


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
    shop = errand.field_of(FieldKind.SHOP)
    name = form.get(shop.name) if shop else ""
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


def callee_of(errand: Errand, form: Form) -> str:
    """Name whom the errand calls: the shop, else its number, else "the shop"."""
    shop = errand.field_of(FieldKind.SHOP)
    number = errand.field_of(FieldKind.SHOP_NUMBER)
    name = form.get(shop.name) if shop else ""
    return name or (shown_number(form.get(number.name)) if number else "") or "the shop"


def missing_names(errand: Errand, form: Form) -> list[str]:
    """List the names of the fields that are still missing."""
    return [spec.name for spec in errand.missing(form)]
