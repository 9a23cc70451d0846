"""How calls differ: by wording and by pauses, and never for the same seed."""

import json

import pytest

from ringback.v1.call_results_pb2 import AnsweredBy
from sandbox.binding_request import BadBinding, read_binding
from sandbox.callees import Actor, wordings
from sandbox.callees.askers import careful_shop
from sandbox.scenarios import SCENARIOS
from sandbox.speech import SILENCE
from sandbox.variation import Variation

PHRASINGS = [name for name in vars(wordings) if name.isupper() and name != "CONFIRMATION"]


@pytest.mark.parametrize("name", PHRASINGS)
def test_a_sentence_that_carries_a_fact_has_three_wordings_and_more(name: str) -> None:
    assert len(set(getattr(wordings, name))) >= 3


def test_the_same_seed_makes_the_same_call() -> None:
    calls = [careful_shop(Variation("7")) for _ in range(2)]
    assert calls[0].left_over == calls[1].left_over
    assert [c.step(SILENCE) for c in calls[:1] for _ in range(50)] == [
        c.step(SILENCE) for c in calls[1:] for _ in range(50)
    ]


def test_seeds_choose_different_wordings_and_pauses() -> None:
    variations = [Variation(str(seed)) for seed in range(40)]
    assert len({each.pick(wordings.PRICE) for each in variations}) == len(wordings.PRICE)
    assert len({each.pause_ms(1_000) for each in variations}) > 10


def test_pauses_stay_near_their_mean_in_whole_frames() -> None:
    pauses = [Variation(str(seed)).pause_ms(1_000) for seed in range(40)]
    assert all(600 <= pause <= 1_600 and pause % 20 == 0 for pause in pauses)


def test_without_a_seed_nothing_varies() -> None:
    plain = Variation()
    assert (plain.pick(("a", "b")), plain.pause_ms(300)) == ("a", 300)


def test_every_scenario_tells_what_is_expected_of_it() -> None:
    for scenario in SCENARIOS.values():
        facts = scenario.facts
        assert "{number}" in str(facts["request"])
        assert str(facts["expected_end_reason"]).startswith("END_REASON_")
        assert facts["expected_answered_by"] in {"", *AnsweredBy.keys()}
        is_success = facts["expected_outcome"] == "OUTCOME_SUCCEEDED"
        assert is_success == (len(scenario.expected.facts) >= 2)


def test_a_binding_gives_the_callee_its_seed() -> None:
    body = {"number": "+14155550100", "scenario": "order_taken", "seed": 7}
    assert read_binding(json.dumps(body).encode(), SCENARIOS).scenario.seed == "7"
    with pytest.raises(BadBinding, match="seed 'x'"):
        read_binding(json.dumps(body | {"seed": "x"}).encode(), SCENARIOS)


@pytest.mark.parametrize(
    ("number", "greeting"),
    [
        ("", "Golden Wok, hello?"),
        ("+14155550100", "Luigi's, hello?"),
        ("+14152500001", "Golden Wok, hello?"),
    ],
)
def test_a_shop_answers_by_the_name_it_was_called_by(number: str, greeting: str) -> None:
    callee = SCENARIOS["price_corrected"].answer(number)
    assert isinstance(callee, Actor)
    assert callee.left_over[0] == greeting
