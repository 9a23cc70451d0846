"""The list of scenarios: the fixed names, numbers of their own, callees that can be built."""

import re
import tomllib
from pathlib import Path

import pytest

import sandbox
from sandbox.callees.scripted import ScriptedCallee
from sandbox.scenarios import SCENARIOS
from sandbox.speech import SILENCE

FIXED = {
    "order_taken": ("CALL_STATUS_COMPLETED", "OUTCOME_SUCCEEDED"),
    "order_refused": ("CALL_STATUS_COMPLETED", "OUTCOME_REFUSED"),
    "callee_asks_back": ("CALL_STATUS_COMPLETED", "OUTCOME_SUCCEEDED"),
    "busy": ("CALL_STATUS_BUSY", "OUTCOME_NOT_REACHED"),
    "no_answer": ("CALL_STATUS_NO_ANSWER", "OUTCOME_NOT_REACHED"),
    "declined": ("CALL_STATUS_NO_ANSWER", "OUTCOME_NOT_REACHED"),
    "hang_up_mid_sentence": ("CALL_STATUS_COMPLETED", "OUTCOME_FOLLOW_UP"),
    "socket_lost": ("CALL_STATUS_COMPLETED", "OUTCOME_FOLLOW_UP"),
    "model_lost": ("CALL_STATUS_COMPLETED", "OUTCOME_FOLLOW_UP"),
    "dial_refused": ("CALL_STATUS_FAILED", "OUTCOME_NOT_REACHED"),
    "callbacks_late_and_doubled": ("CALL_STATUS_COMPLETED", "OUTCOME_SUCCEEDED"),
}
SHOPS = tomllib.loads((Path(sandbox.__file__).parent / "contacts.toml").read_text())["contacts"]
OF_NUMBER = {scenario.number: scenario for scenario in SCENARIOS.values()}


@pytest.mark.parametrize("shop", [shop for shop in SHOPS if OF_NUMBER[SHOPS[shop]].ring.answers])
def test_a_shop_of_the_contacts_answers_with_its_own_name(shop: str) -> None:
    callee = OF_NUMBER[SHOPS[shop]].answer()
    assert isinstance(callee, ScriptedCallee)
    for _ in range(50):  # a second of silence: time to pick up and to greet
        callee.step(SILENCE)
    assert callee.said[0].startswith(shop)
    assert callee.said[0].endswith("hello?")


def test_the_promised_scenarios_are_there_with_what_they_promise() -> None:
    for name, expected in FIXED.items():
        scenario = SCENARIOS[name]
        assert (scenario.expected.status, scenario.expected.outcome) == expected


def test_every_scenario_has_a_fictional_number_of_its_own() -> None:
    numbers = [scenario.number for scenario in SCENARIOS.values()]
    assert len(set(numbers)) == len(numbers)
    assert all(re.fullmatch(r"\+141555501\d\d", number) for number in numbers)
    assert "+14155550199" not in numbers  # the number that calls come from
    assert SCENARIOS["order_taken"].number == "+14155550100"


def test_every_call_gets_a_callee_of_its_own() -> None:
    for scenario in SCENARIOS.values():
        assert scenario.answer() is not scenario.answer()


def test_calls_that_never_connect_end_as_they_say() -> None:
    finals = {s.ring.final for s in SCENARIOS.values() if not s.ring.answers}
    assert finals == {"busy", "no-answer"}
    assert SCENARIOS["declined"].ring.sip_code == 603
