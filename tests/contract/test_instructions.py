"""What the model is told of a call, by both of those who write it: told once, and not undone."""

import pytest

from call_handler.realtime.instructions import write_instructions
from orchestrator.conversation.order import build_order
from orchestrator.errands import ERRANDS, Form, Item
from ringback.v1.call_results_pb2 import Order

FORM = Form(
    {
        "shop": "Luigi's",
        "number": "+14155550100",
        "name": "Ada",
        "callback_number": "+14155550123",
        "delivery": "pick-up",
        "purpose": "a haircut",
        "wished_times": "Tuesday",
    },
    (Item(1, "large margherita"),),
)
FIRST_WORDS = 'Your very first sentence is: "Hello, I am an AI assistant calling on behalf of Ada."'


def told(errand: str, *, discloses: bool) -> str:
    order = build_order(ERRANDS[errand], FORM)
    message = Order(instructions=order.instructions, details=order.details)
    return write_instructions(message, discloses=discloses)


@pytest.mark.parametrize("errand", ERRANDS)
def test_the_disclosure_is_told_once_and_before_any_data(errand: str) -> None:
    words = told(errand, discloses=True)
    assert words.count("very first sentence") == words.count("Hello, I am an AI assistant") == 1
    assert words.index(FIRST_WORDS) < words.index("{")


@pytest.mark.parametrize("errand", ERRANDS)
def test_a_disclosure_that_is_switched_off_is_asked_for_nowhere(errand: str) -> None:
    words = told(errand, discloses=False)
    assert "very first sentence" not in words
    assert "Hello, I am an AI assistant" not in words
    assert "you never claim to be a person" in words


@pytest.mark.parametrize("errand", ERRANDS)
def test_a_language_that_nobody_here_understands_ends_the_call(errand: str) -> None:
    words = told(errand, discloses=True)
    assert "Speak English." in words
    assert "say politely that you speak only English" in words
    assert "the language in which they answer" not in words
