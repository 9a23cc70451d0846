"""Holds conversations with the deterministic form filler."""

import asyncio
from dataclasses import dataclass

from orchestrator.conversation.choosing import choose_errand
from orchestrator.conversation.dialogue import Answer, Situation, TaskState, answer_message
from orchestrator.conversation.filling import RuleFiller
from orchestrator.conversation.putting import Surroundings
from orchestrator.conversation.spans import tidy_message
from orchestrator.errands import ERRANDS, Errand, Form

FOOD = ERRANDS["food_order"]
CONTACTS = {
    "Luigi's": "+14155550100",
    "Golden Wok": "+14155550111",
    "Bean There Bakery": "+14155550112",
}
HAIRDRESSER = {"Shear Delight": "+14155550140"}
AROUND = Surroundings(CONTACTS, ("US",))


@dataclass(frozen=True)
class Talk:
    answers: list[Answer]

    @property
    def last(self) -> Answer:
        return self.answers[-1]

    @property
    def form(self) -> dict[str, object]:
        form = self.last.form
        items = " + ".join(f"{item.quantity} {item.what}" for item in form.items)
        return {"items": items, **{name: value for name, value in form.values.items() if value}}


def talk(*messages: str) -> Talk:
    """Hold a whole conversation."""
    situation = Situation(TaskState.COLLECTING, Form())
    answers = []
    for message in messages:
        answer = asyncio.run(
            answer_message(FOOD, situation, tidy_message(message), RuleFiller(), AROUND)
        )
        answers.append(answer)
        situation = Situation(answer.state, answer.form)
    return Talk(answers)


def free_talk(*messages: str) -> tuple[Errand, Answer]:
    """Hold a conversation that may come to any errand; return which, and the last answer."""
    errand, situation = FOOD, Situation(TaskState.COLLECTING, Form())
    around = Surroundings(CONTACTS | HAIRDRESSER, ("US",))
    for message in messages:
        said = tidy_message(message)
        errand, situation = choose_errand(errand, situation, said)
        answer = asyncio.run(answer_message(errand, situation, said, RuleFiller(), around))
        situation = Situation(answer.state, answer.form)
    return errand, answer


LUIGIS = {"shop": "Luigi's", "number": "+14155550100"}
ADA = {"name": "Ada", "callback_number": "+14155550123"}
PICK_UP = {"delivery": "pick-up"}
WHOLE = {"items": "1 large margherita"} | LUIGIS | ADA | PICK_UP
ORDER = "A large margherita from Luigi's for pick-up, my name is Ada, my number is 415 555 0123"
WOK = {"shop": "Golden Wok", "number": "+14155550111"}


def elm(address: str = "12 Elm Street") -> dict[str, str]:
    return {"delivery": "delivery", "address": address}
