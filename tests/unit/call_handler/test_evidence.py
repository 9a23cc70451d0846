"""What counts as the callee's own word for a fact, and what does not."""

import pytest

from call_handler.outcome import find_evidence
from ringback.v1.call_results_pb2 import FactKind, Role, TranscriptTurn

MONEY, TIME, NUMBER, WORDS = (
    FactKind.FACT_KIND_MONEY,
    FactKind.FACT_KIND_TIME,
    FactKind.FACT_KIND_NUMBER,
    FactKind.FACT_KIND_UNSPECIFIED,
)


def talk(*callee: str) -> list[TranscriptTurn]:
    """Make a conversation: the agent orders (turn 0), then the callee speaks (turns 1, 2, ...)."""
    agent = TranscriptTurn(role=Role.ROLE_AGENT, text="One large margherita, please.")
    return [agent, *(TranscriptTurn(role=Role.ROLE_CALLEE, text=text) for text in callee)]


PROVEN = [
    (MONEY, "14.50", ["That will be fourteen fifty, ready in twenty minutes."], [1]),
    (MONEY, "$14.50", ["That's 14.50."], [1]),
    (MONEY, "14.50", ["$14.50, please."], [1]),
    (MONEY, "14,50", ["That comes to 14,50 euros."], [1]),
    (MONEY, "fourteen fifty", ["It's fourteen dollars and fifty cents."], [1]),
    (MONEY, "14.50", ["Fourteen dollars fifty, cash or card?"], [1]),
    (MONEY, "14.50", ["Fourteen-fifty altogether."], [1]),
    (MONEY, "14.05", ["That is fourteen oh five."], [1]),
    (MONEY, "22.95", ["Twenty-two ninety-five."], [1]),
    (MONEY, "105.00", ["A hundred and five dollars."], [1]),
    (MONEY, "1200.00", ["That's 1,200 dollars."], [1]),
    (MONEY, "20.00", ["That'll be twenty, please."], [1]),
    (MONEY, "20", ["Twenty bucks."], [1]),
    (MONEY, "14.50", ["No problem, that's fourteen fifty."], [1]),
    (MONEY, "14.50", ["No, it's more. It's fourteen fifty."], [1]),
    (MONEY, "14.50", ["Okay.", "Fourteen fifty.", "Yes, fourteen fifty."], [2, 3]),
    (MONEY, "16.50", ["Fourteen fifty. Sorry, sixteen fifty."], [1]),
    (MONEY, "14.50", ["It's fourteen fifty", "ready at six thirty, see you"], [1]),
    (MONEY, "14.50", ["Fourteen fifty, and delivery is free over twenty dollars."], [1]),
    (MONEY, "14.50", ["Fourteen fifty.", "Would you like a coke for two dollars?"], [1]),
    (TIME, "20 minutes", ["Ready in twenty minutes."], [1]),
    (TIME, "twenty minutes", ["About 20 min."], [1]),
    (TIME, "20", ["It takes twenty minutes."], [1]),
    (TIME, "25 minutes", ["Twenty-five minutes."], [1]),
    (TIME, "30 minutes", ["In half an hour."], [1]),
    (TIME, "45 minutes", ["Three quarters of an hour."], [1]),
    (TIME, "15 minutes", ["A quarter of an hour."], [1]),
    (TIME, "90 minutes", ["An hour and a half."], [1]),
    (TIME, "75 minutes", ["One hour and fifteen minutes."], [1]),
    (TIME, "20-30 minutes", ["Twenty to thirty minutes."], [1]),
    (TIME, "6:30", ["At half past six."], [1]),
    (TIME, "18:30", ["Come at six thirty."], [1]),
    (TIME, "6:30 pm", ["Be here by 6:30."], [1]),
    (TIME, "5:45", ["Quarter to six."], [1]),
    (TIME, "6:50", ["At ten to seven."], [1]),
    (TIME, "7 pm", ["Seven o'clock."], [1]),
    (TIME, "12:00", ["At noon."], [1]),
    (TIME, "6:30", ["At half past six.", "We close at ten."], [1]),
    (TIME, "20 minutes", ["Twenty minutes.", "See you at six."], [1]),
    (NUMBER, "471", ["Your number is four seven one."], [1]),
    (NUMBER, "471", ["It's four seventy-one."], [1]),
    (NUMBER, "471", ["Number 471."], [1]),
    (NUMBER, "#471", ["4-7-1."], [1]),
    (NUMBER, "4711", ["Four seven double one."], [1]),
    (NUMBER, "407", ["four oh seven"], [1]),
    (NUMBER, "A47", ["That is A 47."], [1]),
    (WORDS, "side door", ["Please use the side door."], [1]),
]

UNPROVEN = [
    (MONEY, "14.50", ["It's not fourteen fifty."]),
    (MONEY, "14.50", ["That isn't 14.50."]),
    (MONEY, "14.50", ["We can't do fourteen fifty any more."]),
    (MONEY, "14.50", ["It used to be fourteen fifty."]),
    (MONEY, "14.50", ["Fourteen fifty is wrong."]),
    (MONEY, "14.50", ["It's more than fourteen fifty."]),
    (MONEY, "14.50", ["Fourteen fifty. Sorry, sixteen fifty."]),
    (MONEY, "14.50", ["Fourteen fifty. No wait, sixteen."]),
    (MONEY, "14.50", ["That's fourteen fifty.", "Actually, it's sixteen fifty."]),
    (MONEY, "14.50", ["That's fourteen fifty.", "With the delivery it is seventeen dollars."]),
    (MONEY, "14.50", ["Fourteen fifty.", "No, not fourteen fifty."]),
    (MONEY, "14.50", ["Fourteen fifty?"]),
    (MONEY, "14.50", ["Did you say fourteen fifty?", "Okay."]),
    (MONEY, "14.50", ["That will be fifteen fifty."]),
    (MONEY, "14.50", ["Okay, thank you."]),
    (MONEY, "20.00", ["Ready in twenty minutes."]),
    (MONEY, "20.00", ["In twenty."]),
    (MONEY, "2.00", ["Two large pizzas."]),
    (MONEY, "6.30", ["Ready at six thirty."]),
    (MONEY, "cheap", ["That will be fourteen fifty."]),
    (TIME, "20 minutes", ["That's twenty dollars."]),
    (TIME, "20 minutes", ["Twenty to thirty minutes."]),
    (TIME, "20 minutes", ["Not in twenty minutes."]),
    (TIME, "20 minutes", ["Twenty minutes.", "Sorry, it's going to be forty minutes."]),
    (TIME, "20 minutes", ["It won't be ready in twenty minutes."]),
    (TIME, "6:30", ["Half past seven."]),
    (TIME, "20 minutes", ["Twenty minutes? No, thirty minutes."]),
    (NUMBER, "471", ["Your number is four seven two."]),
    (NUMBER, "471", ["Not four seven one."]),
    (NUMBER, "20", ["Ready in twenty minutes."]),
    (NUMBER, "47", ["Four seven one."]),
    (WORDS, "side door", ["The door at the side."]),
    (WORDS, "side door", ["Please do not use the side door."]),
]


@pytest.mark.parametrize(("kind", "value", "callee", "turns"), PROVEN)
def test_what_the_callee_states_is_evidence(
    kind: FactKind.ValueType, value: str, callee: list[str], turns: list[int]
) -> None:
    assert find_evidence(value, kind, talk(*callee))[1] == turns


@pytest.mark.parametrize(("kind", "value", "callee"), UNPROVEN)
def test_what_the_callee_does_not_state_is_no_evidence(
    kind: FactKind.ValueType, value: str, callee: list[str]
) -> None:
    assert find_evidence(value, kind, talk(*callee))[1] == []


def test_what_only_the_agent_says_is_no_evidence() -> None:
    turns = talk("Okay.")
    turns.append(TranscriptTurn(role=Role.ROLE_AGENT, text="So that is fourteen fifty."))
    assert find_evidence("14.50", MONEY, turns)[1] == []


def test_what_was_said_before_the_agent_spoke_is_no_evidence() -> None:
    hello = TranscriptTurn(role=Role.ROLE_CALLEE, text="Luigi's, today all for fourteen fifty!")
    assert find_evidence("14.50", MONEY, [hello, *talk("Okay.")])[1] == []


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        (MONEY, "fourteen fifty", "14.50"),
        (MONEY, "$1,200", "1200.00"),
        (TIME, "half an hour", "30 minutes"),
        (TIME, "6:30 pm", "18:30"),
        (TIME, "20 to 30 minutes", "20-30 minutes"),
        (NUMBER, "four seven one", "471"),
        (MONEY, "a lot", "a lot"),
    ],
)
def test_a_value_is_written_in_its_normal_form(
    kind: FactKind.ValueType, value: str, written: str
) -> None:
    assert find_evidence(value, kind, [])[0] == written
