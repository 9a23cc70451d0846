"""The sandbox's agent with menus, machines, music, questions for the person, and told words."""

import json

import pytest

from sandbox.agent import Agent
from sandbox.agent_menus import choose_key, is_menu
from sandbox.agent_script import AgentScript
from sandbox.agent_situation import Situation, read_situation
from sandbox.agent_turns import ToolUse, Turn, end_call

DETAILS = json.dumps({"customer_name": "Ana Kim", "order": "two pizzas", "delivery": "pick-up"})
WISHES = ("english", "order|pizza", "pick")


def agent_of(script: AgentScript | None = None, *heard: str) -> Agent:
    agent = Agent(script or AgentScript())
    agent.instruct(DETAILS, ["total_price", "ready_time", "confirmation_number"])
    for words in heard:
        agent.answer(words)
    return agent


def pressed(turn: Turn) -> list[str]:
    return [tool.arguments["digits"] for tool in turn.tools if tool.name == "press_digits"]


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("For English, press one. Para espanol, oprima dos.", "1"),
        ("Press 1 for Italian, press 2 for English.", "2"),
        ("For hours, press one, for orders, press three.", "3"),
        ("To hear our specials, press star. To order a pizza, please press pound.", "#"),
        ("For jobs, press one. To speak to someone, press zero.", "0"),
        ("For the weather, press one.", None),
        ("Luigi's Pizza, hello?", None),
    ],
)
def test_the_key_behind_the_wish_is_found(words: str, key: str | None) -> None:
    assert choose_key(words, WISHES) == key
    assert is_menu(words) == ("press" in words)


@pytest.mark.parametrize(
    ("words", "before", "after"),
    [
        ("Please hold, I am connecting you.", Situation.PERSON, Situation.HOLD),
        ("All our lines are busy, stay on the line.", Situation.HOLD, Situation.HOLD),
        ("", Situation.HOLD, Situation.HOLD),
        ("Thanks for holding, what can I get you?", Situation.HOLD, Situation.PERSON),
        ("Please hold on a second.", Situation.PERSON, Situation.PERSON),
        ("That is not a valid choice.", Situation.MENU, Situation.MENU),
        ("Leave us a message after the beep.", Situation.PERSON, Situation.MACHINE),
        ("Hello?", Situation.MACHINE, Situation.MACHINE),
    ],
)
def test_who_is_at_the_other_end_is_told_from_words(
    words: str, before: Situation, after: Situation
) -> None:
    assert read_situation(words, before) == after


def test_a_menu_is_answered_with_a_key_and_without_a_word() -> None:
    agent = agent_of()
    turn = agent.answer("For orders, press three.")
    assert (turn.say, pressed(turn)) == ("", ["3"])
    assert agent.carry_on() == Turn()


def test_an_agent_can_press_nothing_and_then_a_wrong_key() -> None:
    agent = agent_of(AgentScript(first_keys=("", "8")))
    turns = [agent.answer("For orders, press three.") for _ in range(3)]
    assert [pressed(turn) for turn in turns] == [[], ["8"], ["3"]]


def test_whoever_answers_after_music_hears_who_is_calling() -> None:
    agent = agent_of(None, "Hello?", "Please hold.")
    assert agent.nudge() == Turn()
    assert agent.answer("Luigi's, what can I get you?").say.startswith("Hello, I am an AI")


def test_who_comes_back_with_the_price_is_not_greeted_again() -> None:
    agent = agent_of(None, "Hello?", "Please hold.")
    turn = agent.answer("Fourteen fifty, in twenty minutes.")
    assert [tool.name for tool in turn.tools] == ["record_fact", "record_fact"]


def test_a_question_for_the_person_waits_for_the_answer() -> None:
    agent = agent_of(None, "Hello?")
    asked = agent.answer("Any allergies?")
    assert asked.tools == (ToolUse("ask_person", {"question": "Any allergies?"}),)
    assert agent.answer("Hello, are you there?", is_waiting=True) == Turn(
        "One moment more, please."
    )
    agent.hear_output("ask_person", '{"answer": "Nuts {x}."}')
    assert agent.carry_on() == Turn("They say: Nuts x.")


@pytest.mark.parametrize("output", ["no answer in time", "{}", '{"answer": ""}', "[]"])
def test_without_an_answer_the_agent_takes_leave(output: str) -> None:
    agent = agent_of(None, "Hello?", "Any allergies?")
    agent.hear_output("ask_person", output)
    assert agent.carry_on().uses("end_call")


def test_the_person_is_not_asked_twice_because_the_sentence_was_cut() -> None:
    agent = agent_of(None, "Hello?")
    asked = agent.answer("Any allergies?")
    agent.was_cut(asked, tools_called=True)
    assert agent.answer("What?") == Turn(asked.say)


@pytest.mark.parametrize(
    ("instructions", "turn"),
    [
        ('Say exactly this: "This is {x} for you."', Turn("This is x for you.")),
        (
            "Apologise, say goodbye, and nothing else.",
            Turn("I am sorry, I have to stop here. Goodbye."),
        ),
        ("Be brief.", None),
        ("", None),
    ],
)
def test_what_one_response_is_told_to_say_is_said(instructions: str, turn: Turn | None) -> None:
    assert agent_of().obey(instructions) == turn


def test_what_was_cut_short_is_said_after_what_it_was_told_to_say() -> None:
    agent = agent_of()
    opening = agent.answer("Luigi's, hello?")
    agent.was_cut(opening, tools_called=False)
    agent.obey('Say exactly "Before we go on: I am an AI assistant."')

    assert agent.carry_on() == opening


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("Do not call here again.", "opt_out"),
        ("Take us off your list.", "opt_out"),
        ("We only sell flowers.", "wrong_number"),
        ("No card, no order.", "refused"),
    ],
)
def test_some_words_end_the_call_with_their_reason(words: str, reason: str) -> None:
    assert agent_of(None, "Hello?").answer(words).tools == end_call("", reason).tools


def test_payment_data_are_never_given() -> None:
    turn = agent_of(None, "Hello?").answer("I need your card number.")
    assert turn == Turn("I am sorry, I cannot give any payment data. It will be paid on the spot.")


def test_another_language_is_answered_twice_in_english() -> None:
    agent = agent_of(None, "Pronto?")
    turns = [agent.answer("Non capisco, prego.") for _ in range(3)]
    assert [turn.uses("end_call") for turn in turns] == [False, False, True]


def test_a_question_states_no_fact() -> None:
    agent = agent_of(None, "Hello?")
    assert agent.answer("Would fourteen fifty be all right?") == Turn("Yes, that suits.")


def test_an_appointment_is_asked_for_and_recorded() -> None:
    agent = Agent(AgentScript())
    details = {"customer_name": "Ana", "purpose": "a haircut", "wished_times": "Tuesday"}
    agent.instruct(json.dumps(details), ["appointment_day", "appointment_time"])
    assert "make an appointment for a haircut, Tuesday" in agent.answer("Hello?").say
    turn = agent.answer("Good, Tuesday at half past three.")
    assert [tool.arguments["value"] for tool in turn.tools] == ["Tuesday", "3:30"]


@pytest.mark.parametrize(
    ("script", "prices"),
    [
        (AgentScript(), ["14.50", "16.50"]),
        (AgentScript(keeps_first=True), ["14.50"]),
        (AgentScript(invented={"total_price": "9.99"}), ["9.99", "9.99"]),
    ],
)
def test_an_agent_may_hold_on_to_a_price_or_invent_one(
    script: AgentScript, prices: list[str]
) -> None:
    agent = agent_of(script, "Hello?")
    turns = [agent.answer(f"That is {price} fifty.") for price in ("fourteen", "sixteen")]
    assert [tool.arguments["value"] for turn in turns for tool in turn.tools] == prices


def test_an_agent_may_cite_the_wrong_words() -> None:
    agent = agent_of(AgentScript(quotes={"total_price": "{first_heard}"}), "Hello?")
    turn = agent.answer("That is fourteen fifty.")
    assert turn.tools[0].arguments["quote"] == "Hello?"


def test_an_aside_that_was_cut_does_not_replace_what_it_interrupted() -> None:
    agent = agent_of()
    opening = agent.answer("Hello?")
    agent.was_cut(opening, tools_called=True)
    aside = agent.answer("One moment, please.")
    agent.was_cut(aside, tools_called=True)
    assert agent.answer("Go on.") == opening


def test_a_greeting_after_the_opening_is_answered_with_the_opening() -> None:
    agent = agent_of(None, "")
    opening = agent.answer("Luigi's Pizza, hello?")
    assert opening.say.startswith("Hello, I am an AI assistant calling on behalf of Ana Kim.")


def test_a_bare_number_answers_the_question_that_was_asked() -> None:
    agent = agent_of(None, "Hello?")
    assert agent.answer("Okay.") == Turn("And how much will it be?")
    assert agent.answer("15").tools[0].arguments["value"] == "15.00"
    assert agent.carry_on() == Turn("And when will it be ready?")
    assert agent.answer("Twenty.").tools[0].arguments["value"] == "20 minutes"


def test_a_silence_is_spoken_into_five_times() -> None:
    agent = agent_of(None, "Hello?")
    assert [agent.nudge().uses("end_call") for _ in range(6)] == [False] * 5 + [True]


def test_who_has_settled_everything_takes_leave_of_a_silence() -> None:
    agent = agent_of(None, "Hello?", "What would you like? Fourteen fifty, in twenty minutes.")
    assert agent.nudge().tools == end_call("", "done").tools


def test_who_talks_on_while_the_person_is_asked_is_kept_company() -> None:
    agent = agent_of(None, "Hello?", "Any allergies?")
    turn = agent.answer("Fourteen fifty, in twenty minutes.", is_waiting=True)
    assert (turn.say, len(turn.tools)) == ("One moment more, please.", 2)
    agent.was_cut(turn, tools_called=False)
    assert agent.answer("And any nuts, or other allergies?", is_waiting=True).tools == turn.tools
    assert agent.answer("Bye.", is_waiting=True) == Turn("One moment more, please.")


def test_who_was_told_everything_meanwhile_needs_no_answer_of_the_person() -> None:
    agent = agent_of(None, "Hello?", "Any allergies?")
    agent.answer("Never mind. Fourteen fifty, in twenty minutes.", is_waiting=True)
    agent.hear_output("ask_person", "{}")
    assert agent.carry_on().tools == end_call("", "done").tools
