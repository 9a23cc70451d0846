"""What the sandbox's agent makes of the callee's words."""

import re

import pytest

from sandbox.agent import Agent
from sandbox.agent_script import AgentScript
from sandbox.agent_turns import ToolUse, Turn
from sandbox.agent_words import BRISK_OPENING
from sandbox.errand_details import read_details
from sandbox.spoken_figures import find_price, find_time

INSTRUCTIONS = (
    'Call {shop}. {"customer_name": "Ana Kim", "order": "two pizzas", "delivery": "pick-up"}'
)


def _agent(*heard: str) -> Agent:
    agent = Agent(AgentScript())
    agent.instruct(INSTRUCTIONS)
    for words in heard:
        agent.answer(words)
    return agent


@pytest.mark.parametrize(
    ("words", "price", "time"),
    [
        ("That will be fourteen fifty, ready in twenty minutes.", "14.50", "20 minutes"),
        ("$14.50 in 20 minutes", "14.50", "20 minutes"),
        ("18 dollars, half an hour", "18.00", "30 minutes"),
        ("thirty-two ninety at 7:30 pm", "32.90", "7:30 pm"),
        ("fourteen dollars and fifty cents, fifteen minutes", "14.50", "15 minutes"),
        ("14,50 euros, twenty minutes", "14.50", "20 minutes"),
        ("$16.50 at half past six", "16.50", None),
        ("twelve bucks, an hour", "12.00", "60 minutes"),
        ("fourteen fifty, no, sixteen dollars", "16.00", None),
        ("that's twenty five minutes", None, "25 minutes"),
        ("For pick-up or delivery?", None, None),
    ],
)
def test_prices_and_times_are_understood(words: str, price: str | None, time: str | None) -> None:
    assert (find_price(words), find_time(words)) == (price, time)


def test_the_first_words_of_the_agent_say_who_it_is() -> None:
    said = _agent().answer("We are closed.").say
    assert said.startswith("Hello, I am an AI assistant calling on behalf of Ana Kim. I would like")
    assert "two pizzas for pick-up" in said


@pytest.mark.parametrize("script", [AgentScript(), AgentScript(opening=BRISK_OPENING)])
def test_what_the_session_is_told_to_begin_with_comes_before_the_order(script: AgentScript) -> None:
    own = 'Your very first sentence is: "Hello, I am an AI assistant calling on behalf of Ana."'
    agent = Agent(script)
    agent.instruct(f'{own}\nYour second sentence is: "This call is recorded."\n{INSTRUCTIONS}')
    said = agent.carry_on().say
    assert said.count("AI assistant") == said.count("This call is recorded.") == 1
    assert re.split(r"(?<=\.) ?", said)[1] == "This call is recorded."


def test_a_first_sentence_of_another_kind_comes_before_all() -> None:
    agent = Agent(AgentScript())
    agent.instruct(f'Your very first sentence is: "This call is recorded."\n{INSTRUCTIONS}')
    assert agent.carry_on().say.startswith("This call is recorded. Hello, I am an AI assistant")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("For pick-up or delivery?", "For pick-up, please."),
        ("What name, please?", "The name is Ana Kim."),
        ("Are you a robot?", "I am an AI assistant calling on behalf of Ana Kim."),
        ("Anything else?", "That is all."),
        ("One moment, please.", "Of course."),
    ],
)
def test_questions_are_answered_from_the_errand(question: str, answer: str) -> None:
    assert _agent("Hello?").answer(question) == Turn(answer)


def test_facts_are_recorded_before_the_agent_says_goodbye() -> None:
    agent = _agent("Hello?")
    words = "Fourteen fifty, in twenty minutes."
    turn = agent.answer(f"Yes. {words} Thank you.")
    assert [tool.arguments for tool in turn.tools] == [
        {"name": "total_price", "value": "14.50", "quote": words},
        {"name": "ready_time", "value": "20 minutes", "quote": words},
    ]
    assert agent.carry_on(is_waiting=True) == Turn()
    assert agent.carry_on().tools == (ToolUse("end_call", {"reason": "done"}),)


def test_a_missing_fact_is_asked_for() -> None:
    agent = _agent("Hello?")
    agent.answer("That is 12 dollars.")
    assert agent.carry_on() == Turn("And when will it be ready?")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("Sorry, we are closed today.", "refused"),
        ("We don't deliver there.", "refused"),
        ("You have the wrong number.", "wrong_number"),
    ],
)
def test_a_refusal_ends_the_call_with_its_reason(words: str, reason: str) -> None:
    assert _agent("Hello?").answer(words).tools == (ToolUse("end_call", {"reason": reason}),)


def test_a_machine_is_hung_up_on_without_a_word() -> None:
    turn = _agent().answer("Please leave a message after the tone.")
    assert turn == Turn("", (ToolUse("end_call", {"reason": "voicemail"}),))


def test_a_turn_that_was_not_heard_is_said_again() -> None:
    agent = _agent()
    opening = agent.answer("Hello?")
    agent.was_cut(opening, tools_called=True)
    agent.answer("One moment, please.")
    assert agent.answer("Go ahead.") == opening


def test_facts_whose_tools_never_went_out_are_recorded_with_the_next_answer() -> None:
    agent = _agent("Hello?")
    turn = agent.answer("Fourteen fifty, in twenty minutes.")
    agent.was_cut(turn, tools_called=False)
    assert agent.answer("And the name?").tools == turn.tools


def test_words_that_mean_nothing_are_asked_for_three_times() -> None:
    agent = _agent("Hello?")
    asked = [agent.answer("Bla.").tools for _ in range(4)]
    assert asked == [(), (), (), (ToolUse("end_call", {"reason": "other"}),)]


@pytest.mark.parametrize(
    ("instructions", "clause"),
    [
        ("no details at all", "for pick-up"),
        ('{"delivery": "delivery", "address": "5 Elm St"}', "for delivery to 5 Elm St"),
        ('not json { } but {"details": {"delivery": true}}', "for delivery"),
        ('{"delivery": null}', "for pick-up"),
        ('Calling for {"x": 1} Kim. {"delivery": "delivery"}', "for delivery"),
    ],
)
def test_details_come_from_the_first_json_object(instructions: str, clause: str) -> None:
    assert read_details(instructions)["delivery_clause"] == clause


def test_braces_in_the_details_do_no_harm() -> None:
    agent = Agent(AgentScript())
    agent.instruct('{"customer_name": "{x} Kim", "order": "a {pizza}"}')
    assert "on behalf of x Kim" in agent.answer("Hello?").say
