"""Which numbers the claim lets through, whatever the chat has let through before."""

from dataclasses import replace

import pytest

from orchestrator.dial_policy import DialCaps, DialPolicy, Ruling, judge_dial
from orchestrator.store import Store
from tests.unit.orchestrator.call_rows import READY

CAPS = DialCaps(9, 9, 9, 9, 1e9)
POLICY = DialPolicy(CAPS, ("US",), 600.0)


@pytest.mark.parametrize("number", ["+14155550100", "+12125550123"])
async def test_a_number_of_our_own_country_is_allowed(store: Store, number: str) -> None:
    row = replace(READY, to_number=number)
    judgement = await store.write(lambda tx: judge_dial(tx, row, POLICY))
    assert judgement.ruling is Ruling.ALLOWED


@pytest.mark.parametrize(
    "number",
    [
        "911",
        "+1911",
        "112",
        "+1988",
        "+19005550100",
        "+442079460000",
        "+18095550100",
        "+88216000000",
        "4155550100",
        "+1 415 555 0100",
        "+14155550100,,911#",
        "",
    ],
)
async def test_every_other_number_is_refused_with_a_reason(store: Store, number: str) -> None:
    row = replace(READY, to_number=number)
    judgement = await store.write(lambda tx: judge_dial(tx, row, POLICY))
    assert judgement.ruling is Ruling.NEVER
    assert judgement.reason.endswith(".")


async def test_an_empty_list_of_regions_allows_nothing(store: Store) -> None:
    nowhere = DialPolicy(CAPS, (), 600.0)
    judgement = await store.write(lambda tx: judge_dial(tx, READY, nowhere))
    assert judgement.ruling is Ruling.NEVER
