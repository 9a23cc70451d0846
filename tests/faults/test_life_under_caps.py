"""The caps on calls: one that is reached refuses with its reason or makes the next call wait."""

from pathlib import Path

import pytest

from orchestrator.dial_policy import DialCaps
from orchestrator.store.calls import CallState
from ringback.v1 import call_results_pb2 as pb
from tests.faults.life_rig import life_rig


@pytest.mark.parametrize(
    ("caps", "words"),
    [
        (DialCaps(9, 1, 9, 9, 1e9), "1 call an hour"),
        (DialCaps(9, 9, 9, 1, 1e9), "called 1 time within"),
        (DialCaps(9, 9, 9, 9, 3.0), "limit of 3 a day"),
    ],
)
async def test_a_cap_that_is_reached_refuses_with_its_reason(
    tmp_path: Path, caps: DialCaps, words: str
) -> None:
    async with life_rig(tmp_path, caps=caps) as rig:
        first = await rig.dial()
        await rig.call_back(first, "busy")
        second = await rig.confirm()
        await rig.sweep()
        result = await rig.finished(second.call_id)
        assert result.end_reason == pb.END_REASON_NOT_PLACED
        assert words in result.error_message
        assert len(rig.handlers.orders) == 1


async def test_one_call_at_once_makes_the_second_wait(tmp_path: Path) -> None:
    async with life_rig(tmp_path, caps=DialCaps(1, 9, 9, 9, 1e9)) as rig:
        first = await rig.dial()
        second = await rig.confirm()
        await rig.sweep()
        assert (await rig.row(second.call_id)).state is CallState.READY
        await rig.call_back(first, "busy")
        await rig.sweep(after_s=rig.timings.retry_s)
        assert (await rig.row(second.call_id)).state is CallState.WAITING
