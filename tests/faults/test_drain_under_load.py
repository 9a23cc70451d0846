"""Faults F23 and F24 with real processes: a Call Handler with its hands full is told to stop."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ringback.v1 import call_results_pb2 as pb
from tests.faults.fleet_rig import Calls, passed, running_calls

pytestmark = pytest.mark.chaos

HANDLER = "handler-1"
PATIENT = {
    "RINGBACK_DRAIN_S": "120",
    "RINGBACK_NOT_AFTER_S": "180",  # what is refused meanwhile waits for the next life
    "RINGBACK_RING_S": "30",
    "RINGBACK_GRACE_S": "3",
}
HASTY = {**PATIENT, "RINGBACK_DRAIN_S": "5"}
DRAIN_S, KILLED_AFTER_S = 5.0, 10.0
ENDLESS = "callee_silent"  # until the time limit, a minute at twice the speed


async def place_many(calls: Calls, count: int, first: int = 0, **meeting: object) -> list[str]:
    """Place calls on numbers of their own, all at once."""
    numbers = [f"+141555501{number:02}" for number in range(first, first + count)]
    for number in numbers:
        await calls.bind(number, **{"scenario": "order_taken", **meeting})  # type: ignore[arg-type] # its own names
    return await asyncio.gather(*map(calls.place, numbers))


async def all_talk(calls: Calls, call_ids: Sequence[str]) -> None:
    """Wait until the agent holds every call."""
    for call_id in call_ids:
        await calls.handler_that("model_connected", call_id)


@asynccontextmanager
async def draining_handler(
    folder: Path, time_factor: float, spans: Mapping[str, str]
) -> AsyncIterator[tuple[Calls, list[str]]]:
    """Tell a handler with ten endless calls to stop."""
    async with running_calls(folder, time_factor=time_factor, spans=spans) as calls:
        call_ids = await place_many(calls, 10, scenario=ENDLESS)
        await all_talk(calls, call_ids)
        await calls.fleet.kill(HANDLER, signal.SIGTERM)
        yield calls, call_ids


async def results_of(calls: Calls, call_ids: Sequence[str]) -> list[pb.CallResult]:
    """Wait for every result, and hold the calls against the books."""
    results = await asyncio.gather(*map(calls.until_result, call_ids))
    await calls.judge(*call_ids)
    return results


def ends(results: Sequence[pb.CallResult]) -> Counter[str]:
    return Counter(pb.EndReason.Name(result.end_reason) for result in results)


async def test_f23_a_handler_told_to_stop_finishes_its_50_calls_and_takes_no_other(
    tmp_path: Path,
) -> None:
    async with running_calls(tmp_path, time_factor=3, spans=PATIENT) as calls:
        ringing = await place_many(calls, 10, first=50, ring={"answer_after_s": 28.0})
        talking = await place_many(calls, 40)
        await all_talk(calls, talking)
        await calls.fleet.kill(HANDLER, signal.SIGTERM)
        draining = await calls.until_logged(HANDLER, "draining")
        late = await calls.place("+14155550160")
        code = await calls.fleet.died(HANDLER)
        results = await results_of(calls, [*talking, *ringing])
        refused = calls.logged("orchestrator-1", "order_answered", late)
        await calls.restart(HANDLER)
        (after,) = await results_of(calls, [late])
        endings = [(await calls.until_over(each))["by"] for each in talking]
    assert code == 0
    assert "calls=50 " in draining
    assert {pb.Outcome.Name(each.outcome) for each in results} == {"OUTCOME_SUCCEEDED"}
    assert {each.source for each in results} == {pb.SOURCE_HANDLER}
    assert set(endings) == {"rest_completed"}  # the agent's own good-bye: nobody was cut off
    assert "about to stop" in refused[0]
    # The first call of a new process may begin too late for a callee who lives three times as fast.
    assert (after.status, after.source) == (pb.CALL_STATUS_COMPLETED, pb.SOURCE_HANDLER)


async def test_f24_no_call_is_cut_before_the_deadline_and_every_one_has_its_result_after_it(
    tmp_path: Path,
) -> None:
    async with draining_handler(tmp_path, 2, HASTY) as (calls, call_ids):
        told_at = calls.fleet.kills[-1].at
        code = await calls.fleet.died(HANDLER)
        results = await results_of(calls, call_ids)
        lasted_s = [float(str((await calls.until_over(e))["at"])) - told_at for e in call_ids]
    assert code == 0
    assert ends(results) == {"END_REASON_HANDLER_STOPPED": 10}
    assert min(lasted_s) >= DRAIN_S
    assert max(lasted_s) < DRAIN_S + 5


async def test_f24_every_call_has_its_result_after_a_second_sigterm(tmp_path: Path) -> None:
    async with draining_handler(tmp_path, 10, PATIENT) as (calls, call_ids):
        await calls.until_logged(HANDLER, "draining")
        await calls.fleet.kill(HANDLER, signal.SIGTERM)
        code = await calls.fleet.died(HANDLER, within_s=10)
        results = await results_of(calls, call_ids)
    assert code == 0
    assert ends(results) == {"END_REASON_HANDLER_STOPPED": 10}


async def test_f24_every_call_has_its_result_after_a_kill_10_s_into_the_drain(
    tmp_path: Path,
) -> None:
    async with draining_handler(tmp_path, 2, PATIENT) as (calls, call_ids):
        await passed(asyncio.get_running_loop().time() + KILLED_AFTER_S)
        assert [await calls.result(each) for each in call_ids] == [None] * 10
        await calls.fleet.kill(HANDLER)
        await calls.restart(HANDLER)
        results = await results_of(calls, call_ids)
        lost = [
            await calls.until_result(each, holds=lambda r: r.source == pb.SOURCE_RECOVERED)
            for each in call_ids
        ]
    assert ends(results) == {"END_REASON_HANDLER_LOST": 10}
    assert {each.end_reason for each in lost} == {pb.END_REASON_HANDLER_LOST}
