"""What the agent has to say first, and what it does when nobody wants its calls."""

import pytest

from call_handler.bridge.conduct import ConductRules
from call_handler.bridge.disclosure import Duty
from call_handler.bridge.farewell import GOODBYES
from call_handler.bridge.wishes import End, Speak, Wish
from call_handler.outcome import EndKind
from tests.unit.call_handler.conduct_rig import DISCLOSED, DUTY, GREETING, Call

GOODBYE = End(EndKind.OPT_OUT, GOODBYES[EndKind.OPT_OUT])


def spoken(wishes: list[Wish]) -> str:
    return " ".join(wish.words for wish in wishes if isinstance(wish, Speak))


@pytest.mark.parametrize(
    "text",
    [
        DISCLOSED,
        "Good evening, this is Ada Lovelace's AI assistant. I would like to order.",
        "An AI assistant calling on behalf of Ada Lovelace.",
        "Hi! I'm an automated assistant and I call for Ms. Lovelace.",
        "I am a robot calling for Ada.",
        "No problem, I am an AI assistant calling for Ada, is that all right?",
    ],
)
def test_who_says_it_is_not_told_to(text: str) -> None:
    call = Call()
    call.callee("Luigi's, hello?")
    assert call.agent(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Hello, this is Ada. I would like a large margherita.",
        "I would like to order a pizza, please.",
        "Hello, I am an AI assistant. One margherita, please.",
        "I said aid, for Ada.",
        "No, I am not a robot, I am calling for Ada.",
        "Is this an automated system? I am calling for Ada.",
        "I am a person, no AI here, and I call for Ada.",
    ],
)
def test_who_does_not_say_it_is_told_to_at_once(text: str) -> None:
    call = Call()
    call.callee("Luigi's, hello?")
    told = spoken(call.agent(text))
    assert "AI assistant calling on behalf of Ada Lovelace." in told
    assert "exactly" in told
    assert call.agent(DISCLOSED) == []


def test_a_recorded_call_says_so_whatever_else_is_off() -> None:
    call = Call(ConductRules(Duty("Ada", says_ai=False, says_recorded=True)))
    told = spoken(call.agent("Hello, I would like to order."))
    assert "recorded" in told
    assert "AI" not in told
    assert call.agent("Before we go on: This call is being recorded.") == []


def test_both_are_said_in_one_go() -> None:
    call = Call(ConductRules(Duty("Ada", says_recorded=True)))
    told = spoken(call.agent("Hello, I would like to order."))
    assert "AI assistant" in told
    assert "recorded" in told


def test_it_can_be_switched_off() -> None:
    call = Call(ConductRules(Duty("Ada", says_ai=False)))
    assert call.agent("Hello, I would like to order.") == []


def test_who_was_cut_off_may_come_to_the_rest() -> None:
    call = Call()
    assert call.agent("Hello, I am an AI assistant calling", is_whole=False) == []
    call.callee("What?")
    assert call.agent("Sorry.") == []
    assert call.agent(DISCLOSED) == []


def test_nobody_is_disturbed_on_hold_and_what_was_said_before_counts() -> None:
    call = Call()
    call.callee("Luigi's, please hold.")
    assert spoken(call.agent("Hello, I am Ada's.")) == ""
    assert spoken(call.agent(DISCLOSED)) == ""
    call.callee("Hello, how can I help?")
    assert spoken(call.agent("One margherita, please.")) == ""


def test_who_never_comes_to_it_is_told_to() -> None:
    call = Call()
    call.agent("Hello, I", is_whole=False)
    call.callee("What?")
    assert spoken(call.agent("One margherita, please."))


def test_a_model_that_will_not_is_not_told_for_ever() -> None:
    call = Call()
    told = [bool(spoken(call.agent("One margherita, please."))) for _ in range(4)]
    assert told == [True, True, False, False]


def test_menus_are_told_nothing_and_the_person_behind_them_is() -> None:
    call = Call()
    call.callee("Welcome to Luigi's. For orders, press one.")
    assert call.agent("One.") == []
    call.conduct.key_sent(call.clock_ms)
    call.callee("Luigi's, what can I get you?")
    assert spoken(call.agent("A large margherita, please."))


def test_what_a_menu_was_told_has_not_been_told_to_a_person() -> None:
    call = Call()
    call.agent(DISCLOSED)
    call.callee("For orders, press one.")
    call.callee("Luigi's, what can I get you?")
    assert spoken(call.agent("A large margherita, please."))


def test_a_voicemail_is_told_nothing() -> None:
    call = Call()
    call.callee(GREETING)
    assert spoken(call.agent("Pizza, please.")) == ""


def test_an_unwanted_caller_apologises_and_goes() -> None:
    call = Call()
    call.callee("Do not call here again!")
    assert call.wait(7_900) == []
    assert call.wait(200) == [GOODBYE]


def test_an_agent_that_took_its_leave_is_not_made_to_do_it_twice() -> None:
    call = Call()
    call.callee("Take me off your list.")
    assert call.agent("I am sorry, we will not call again. Goodbye.") == [End(EndKind.OPT_OUT)]


def test_an_agent_that_goes_on_is_stopped() -> None:
    call = Call()
    call.callee("Never call this number again.")
    assert call.agent("And one large margherita, please?") == [GOODBYE]


def test_a_machine_is_not_obeyed() -> None:
    call = Call()
    call.callee("Do not call this number again, press one. For orders, press two.")
    assert call.wait(20_000) == []


def test_nothing_is_wanted_after_the_end() -> None:
    call = Call(ConductRules(DUTY, silence_ms=10_000))
    call.callee("Do not call again.")
    call.wait(9_000)
    assert call.end == GOODBYE
    call.callee("Please hold.")
    assert call.wait(300_000) == []
    assert len(call.wishes) == 1
