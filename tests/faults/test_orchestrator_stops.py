"""Fault F23, the other service: an Orchestrator that is told to stop loses nothing it has taken."""

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ringback.v1 import call_results_pb2 as pb
from tests.faults.fleet_rig import Calls, running_calls

pytestmark = [pytest.mark.chaos, pytest.mark.asyncio(loop_scope="module")]

ORCHESTRATOR = "orchestrator-1"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def calls(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Calls]:
    async with running_calls(tmp_path_factory.mktemp("stops"), spans={}) as running:
        yield running


async def stop(calls: Calls) -> int:
    """Tell the Orchestrator to stop, as a supervisor does; give its exit code."""
    await calls.fleet.kill(ORCHESTRATOR, signal.SIGTERM)
    return await calls.fleet.died(ORCHESTRATOR, within_s=10)


async def test_f23_reports_around_the_stop_of_the_orchestrator_are_all_kept(calls: Calls) -> None:
    numbers = [f"+1415555015{digit}" for digit in range(10)]
    for number in numbers:
        await calls.bind(number, "order_taken")
    call_ids = []
    for number in numbers:  # one after the other, so that some end before the stop and some after
        call_ids.append(await calls.place(number))
        await calls.until_said(call_ids[-1], "callee")
    acknowledged = [each for each in call_ids if calls.logged("handler-1", "acknowledged", each)]
    code = await stop(calls)
    await asyncio.gather(*map(calls.until_over, call_ids))
    await calls.restart(ORCHESTRATOR)
    kept = [await calls.result(each) for each in acknowledged]
    results = await asyncio.gather(*map(calls.until_result, call_ids))
    await calls.judge(*call_ids)
    assert code == 0
    assert 0 < len(acknowledged) < len(call_ids)
    assert None not in kept
    assert {each.source for each in results} == {pb.SOURCE_HANDLER}


async def test_f23_an_order_that_is_under_way_when_the_orchestrator_stops_is_finished(
    calls: Calls,
) -> None:
    slow = {"create": "slow", "create_slow_s": 1.0}
    await calls.bind("+14155550160", "order_taken", carrier=slow, ring={"answer_after_s": 5.0})
    call_id = await calls.place("+14155550160")
    await calls.until(call_id, lambda line: line["kind"] == "create")
    code = await stop(calls)
    answered = calls.logged(ORCHESTRATOR, "order_answered", call_id)
    await calls.restart(ORCHESTRATOR)
    result = await calls.until_result(call_id)
    await calls.judge(call_id)
    assert code == 0
    assert "OrderAccepted" in answered[0]
    assert result.outcome == pb.OUTCOME_SUCCEEDED
