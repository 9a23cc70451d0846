"""Every scripted callee against the scripted agent: the scripts fit, whatever the wording."""

import pytest

from sandbox.callees import Actor
from sandbox.scenario import Scenario
from sandbox.scenarios import SCENARIOS
from sandbox.scenarios.broken import BROKEN
from tests.unit.sandbox.talk import Talk

ENDLESS = {"hold_for_ever", "callee_silent"}
TALKS = [
    scenario
    for scenario in SCENARIOS.values()
    if scenario.ring.answers and scenario not in BROKEN and scenario.name not in ENDLESS
]


@pytest.mark.parametrize("scenario", TALKS, ids=lambda scenario: scenario.name)
def test_a_script_is_played_to_its_end(scenario: Scenario) -> None:
    talk = Talk(scenario, seed=scenario.name).run()
    assert talk.agent.unreached() == []
    assert isinstance(talk.callee, Actor)
    assert list(talk.callee.left_over) == []
    assert talk.ended_by
