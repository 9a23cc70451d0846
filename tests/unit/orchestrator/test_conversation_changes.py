"""Corrections after the read-back: each changes what it names and nothing else."""

import pytest

from orchestrator.conversation.dialogue import TaskState
from tests.unit.orchestrator.talking import ADA, LUIGIS, ORDER, PICK_UP, WHOLE, WOK, elm, talk

TWO_THINGS = "A large margherita and a cola from Luigi's for pick-up, name Ada, number 415 555 0123"
BOTH = {"items": "1 large margherita + 1 cola"} | LUIGIS | ADA | PICK_UP

CHANGES_AFTER_THE_READ_BACK = [
    ("no, make it two", {"items": "2 large margheritas"}),
    ("make that 3 please", {"items": "3 large margheritas"}),
    ("actually just two", {"items": "2 large margheritas"}),
    ("not one, four", {"items": "4 large margheritas"}),
    ("yes, but make it three", {"items": "3 large margheritas"}),
    ("make it two and under Ana", {"items": "2 large margheritas", "name": "Ana"}),
    ("make it small", {"items": "1 small margherita"}),
    ("no, I said medium", {"items": "1 medium margherita"}),
    ("small, not large", {"items": "1 small margherita"}),
    ("funghi instead of margherita", {"items": "1 large funghi"}),
    ("change the margherita to a calzone", {"items": "1 large calzone"}),
    ("no, a calzone", {"items": "1 calzone"}),
    ("also a coke", {"items": "1 large margherita + 1 coke"}),
    ("add two colas and a tiramisu", {"items": "1 large margherita + 2 colas + 1 tiramisu"}),
    ("no onions", {"items": "1 large margherita, no onions"}),
    ("with extra cheese", {"items": "1 large margherita with extra cheese"}),
    ("not Ada, Ana", {"name": "Ana"}),
    ("It's Ana, not Ada", {"name": "Ana"}),
    ("change the name to Bob", {"name": "Bob"}),
    ("the name is Ana Maria Lopez", {"name": "Ana Maria Lopez"}),
    ("my number is 415 555 0124", {"callback_number": "+14155550124"}),
    ("change my number to (415) 555-0188", {"callback_number": "+14155550188"}),
    ("no, the number is 415 555 0177", {"callback_number": "+14155550177"}),
    ("Golden Wok instead", WOK),
    ("delivery to 12 Elm Street instead", elm()),
    ("not pick-up, deliver it to 3 Bay St please", elm("3 Bay St")),
    ("max 20 euros", {"budget": "20 euros"}),
    ("my budget is $25", {"budget": "$25"}),
    ("please tell them to ring the bell", {"notes": "ring the bell"}),
    ("their number is 415 555 0142", {"number": "+14155550142"}),
]


@pytest.mark.parametrize(("message", "change"), CHANGES_AFTER_THE_READ_BACK)
def test_a_change_after_the_read_back_changes_that_and_nothing_else(
    message: str, change: dict[str, str]
) -> None:
    held = talk(ORDER, message)
    assert WHOLE | change == held.form
    assert held.last.state is TaskState.CONFIRMING
    assert held.last.text.startswith("I have changed that. Please check:")


CHANGES_OF_TWO_THINGS = [
    ("make the cola large", {"items": "1 large margherita + 1 large cola"}),
    ("make the colas three", {"items": "1 large margherita + 3 colas"}),
    ("two margheritas", {"items": "2 large margheritas + 1 cola"}),
    ("drop the cola", {"items": "1 large margherita"}),
    ("no cola please", {"items": "1 large margherita"}),
    ("lemonade instead of cola", {"items": "1 large margherita + 1 lemonade"}),
    ("and a salad", {"items": "1 large margherita + 1 cola + 1 salad"}),
]


@pytest.mark.parametrize(("message", "change"), CHANGES_OF_TWO_THINGS)
def test_a_change_finds_its_thing_among_two(message: str, change: dict[str, str]) -> None:
    assert BOTH | change == talk(TWO_THINGS, message).form


def test_a_quantity_that_may_mean_either_of_two_things_is_asked_about() -> None:
    held = talk(TWO_THINGS, "make it two")
    assert held.last.text == "How many of each, please: large margherita or cola?"
    assert held.form == BOTH
