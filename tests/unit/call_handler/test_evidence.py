"""What proves a fact: the callee's turns that a quote cites, as far as they still stand."""

import pytest

from call_handler.outcome import find_evidence
from ringback.v1.call_results_pb2 import FactKind, Role, TranscriptTurn
from tests.unit.call_handler.evidence_rig import MONEY, TIME, is_proven, talk

SAYS = "That will be fourteen fifty, ready in twenty minutes."

QUOTED = [
    ("word for word", SAYS, SAYS),
    ("a part", "fourteen fifty", SAYS),
    ("in figures", "That will be $14.50, ready in 20 minutes.", SAYS),
    ("written in figures", SAYS, "That'll be 14.50, ready in 20 min."),
    ("dollars and cents", "fourteen dollars and fifty cents", "That's $14.50."),
    ("other fillers", "Okay, so that's fourteen fifty then.", "Right, that will be 14.50 please."),
    ("another order", "Twenty minutes, fourteen fifty.", "Fourteen fifty, in twenty minutes."),
    ("a word misheard", "That will be fourteen fifty, ready in twenty.", "14.50 already in 20."),
    ("one digit misheard", SAYS, "That will be fourteen fifty, ready in thirty minutes."),
    ("misheard dish", "the margherita is fourteen fifty", "The margarita is 14.50."),
    ("cut in two by a pause", SAYS, "That will be fourteen fifty | ready in twenty minutes."),
    ("said twice", SAYS, f"{SAYS} | > Pardon? | Fourteen fifty."),
    ("two answers", SAYS.replace(",", "."), "It's 14.50. | > When? | Ready in twenty minutes."),
    ("read back before", "fourteen fifty", "Fourteen fifty. | > Fourteen fifty."),
    ("read back in full", SAYS, "14.50 in 20 minutes. | > So that's fourteen fifty, 20 minutes?"),
]
NOT_QUOTED = [
    ("nothing", "", SAYS),
    ("no words", "?!", SAYS),
    ("only a yes", "Yes, that's right.", f"{SAYS} | > So 14.50? | Yes, that's right."),
    ("nobody's words", "The delivery boy has a red bicycle.", SAYS),
    ("another turn", "We are open until ten o'clock.", f"{SAYS} | We are open until ten o'clock."),
    ("the price of something else", "A coke is two dollars.", f"{SAYS} | A coke is two dollars."),
    ("another number", "That will be sixteen ninety.", SAYS),
    (
        "the agent's words",
        "So that is fourteen fifty, right?",
        "Yes. | > So that is 14.50, right? | Yes.",
    ),
    (
        "the agent's words of the callee's price",
        "So that is fourteen fifty, and twenty minutes, right?",
        "Fourteen fifty. | > So that is fourteen fifty, and twenty minutes, right? | Yes.",
    ),
]


def test_a_quote_cites_the_turn_in_which_it_was_said() -> None:
    missed = [name for name, quote, line in QUOTED if not is_proven("14.50", MONEY, line, [quote])]
    assert missed == []


def test_a_quote_that_was_not_said_cites_nothing() -> None:
    believed = [
        name for name, quote, line in NOT_QUOTED if is_proven("14.50", MONEY, line, [quote])
    ]
    assert believed == []


def test_the_positions_of_the_proving_turns_are_given() -> None:
    turns = talk(f"Hello? | {SAYS} | > So fourteen fifty? | Yes, fourteen fifty.")
    assert find_evidence("$14.50", MONEY, turns, ["fourteen fifty"]) == ("14.50", [2, 4])


def test_a_turn_that_is_not_quoted_is_no_evidence() -> None:
    turns = talk(f"{SAYS} | > Thanks. | See you in twenty minutes.")
    assert find_evidence("20 minutes", TIME, turns, [SAYS])[1] == [1]


def test_a_later_turn_takes_a_value_back_without_being_quoted() -> None:
    assert not is_proven("14.50", MONEY, f"{SAYS} | > Thanks. | Sorry, it's sixteen fifty.", [SAYS])


@pytest.mark.parametrize("answer", ["Yes.", "Yes, right.", "Exactly, that's correct.", "Yep."])
def test_agreeing_to_the_agents_words_proves_nothing(answer: str) -> None:
    line = f"Sure. | > So that is fourteen fifty, in twenty minutes? | {answer}"
    quotes = [answer, "So that is fourteen fifty, in twenty minutes?", f"fourteen fifty {answer}"]
    assert not is_proven("14.50", MONEY, line, quotes)
    assert not is_proven("20 minutes", TIME, line, quotes)


def test_repeating_the_agents_words_proves_them() -> None:
    line = "Sure. | > So that is fourteen fifty? | Yes, fourteen fifty."
    assert is_proven("14.50", MONEY, line, ["Yes, fourteen fifty."])


def test_what_was_said_before_the_agent_spoke_is_no_evidence() -> None:
    hello = TranscriptTurn(role=Role.ROLE_CALLEE, text="Luigi's, today all for fourteen fifty!")
    assert find_evidence("14.50", MONEY, [hello, *talk("Okay.")], [hello.text])[1] == []


@pytest.mark.parametrize("kind", [*FactKind.values(), 99])
def test_whatever_was_said_is_read_without_failing(kind: FactKind.ValueType) -> None:
    odd = "\u0664\u0665.5 1,2,3:4 $ $$ 14. .50 -- ?! o' 'a 9999999999999999999999 a hundred a"
    months = "may may the of 99/99/9999 31/31 0/0 2026-13-40 the 0th dated 5 half past to to"
    for value in (odd, months, "9" * 1_000, "a hundred " * 90, "$", "the", "dated", "in"):
        line = f"{odd} {months} | {value}"
        assert isinstance(is_proven(value, kind, line), bool)
