"""The running sweeper: it wakes by itself, outlives errors, and finishes what it began."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from foundation.task_set import TaskSet
from orchestrator.call_handler_client import OrderAccepted, OrderAnswer
from orchestrator.errors import StoreUnavailable
from orchestrator.store.calls import CallState
from tests.faults.life_peers import LateHandlers, ScriptedHandlers, sid
from tests.faults.life_rig import NO_CAPS, Rig, life_rig, make_sweeper, rules_of

WAIT_S = 30.0


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with life_rig(tmp_path) as opened:
        yield opened


async def test_a_confirm_wakes_the_sweeper_at_once(rig: Rig) -> None:
    handlers = LateHandlers()
    sweeper = make_sweeper(
        rig.store, rig.clock, rig.carrier, handlers, rules_of(NO_CAPS, rig.timings)
    )
    tasks = TaskSet()
    running = tasks.spawn(sweeper.run(), name="sweeper")
    confirmed = await rig.confirm()
    await asyncio.wait_for(handlers.taken.wait(), WAIT_S)
    handlers.may_answer.set()
    await sweeper.settle()
    running.cancel()
    await tasks.close(WAIT_S)
    assert (await rig.row(confirmed.call_id)).call_sid == sid(1)


async def test_an_order_under_way_is_finished_before_the_sweeper_closes(rig: Rig) -> None:
    handlers = LateHandlers()
    sweeper = make_sweeper(
        rig.store, rig.clock, rig.carrier, handlers, rules_of(NO_CAPS, rig.timings)
    )
    confirmed = await rig.confirm()
    await sweeper.sweep()
    await asyncio.wait_for(handlers.taken.wait(), WAIT_S)
    closing = asyncio.ensure_future(sweeper.close())
    handlers.may_answer.set()
    await asyncio.wait_for(closing, WAIT_S)
    assert (await rig.row(confirmed.call_id)).state is CallState.WAITING


async def test_a_call_is_looked_at_by_one_task_at_a_time(rig: Rig) -> None:
    handlers = LateHandlers()
    sweeper = make_sweeper(
        rig.store, rig.clock, rig.carrier, handlers, rules_of(NO_CAPS, rig.timings)
    )
    await rig.confirm()
    await sweeper.sweep()
    await asyncio.wait_for(handlers.taken.wait(), WAIT_S)
    rig.clock.advance(90)  # past SETTLE while the order still waits for its answer
    await sweeper.sweep()
    handlers.may_answer.set()
    await sweeper.close()
    assert rig.carrier.asked == []


@dataclass
class FailingHandlers(ScriptedHandlers):
    """Fails in a way that nobody expected, once; then it is a database that is away, once."""

    async def place_order(self, order: Mapping[str, object]) -> OrderAnswer:
        """Fail the first two times."""
        self.orders.append(order)
        if len(self.orders) == 1:
            raise RuntimeError("a bug")
        if len(self.orders) == 2:
            raise StoreUnavailable("away")
        return OrderAccepted(sid(len(self.orders)))


async def test_one_calls_trouble_is_not_the_others(rig: Rig) -> None:
    handlers = FailingHandlers()
    sweeper = make_sweeper(
        rig.store, rig.clock, rig.carrier, handlers, rules_of(NO_CAPS, rig.timings)
    )
    calls = [await rig.confirm() for _ in range(1)]
    for _ in range(2):
        await sweeper.sweep()
        await sweeper.settle()
        rig.clock.advance(61)  # the dial stays unknown until SETTLE
        await sweeper.sweep()
        await sweeper.settle()
        rig.clock.advance(31)
        await sweeper.sweep()
        await sweeper.settle()
        calls.append(await rig.confirm())
    await sweeper.sweep()
    await sweeper.close()
    assert len(handlers.orders) == 3
    assert (await rig.row(calls[-1].call_id)).call_sid == sid(3)


async def test_without_a_carrier_account_nothing_is_closed(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, nonce="ab" * 16)
    sweeper = make_sweeper(rig.store, rig.clock, None, rig.handlers, rules_of(NO_CAPS, rig.timings))
    rig.clock.advance(31)
    await sweeper.sweep()
    await sweeper.close()
    row = await rig.row(call_id)
    assert row.state is CallState.WAITING
    assert row.unreachable_since is not None


async def test_two_sweepers_ask_about_a_call_once(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, nonce="ab" * 16)
    rig.know(sid(1), "in-progress")
    rig.clock.advance(31)
    rules = rules_of(NO_CAPS, rig.timings)
    sweepers = [
        make_sweeper(rig.store, rig.clock, rig.carrier, rig.handlers, rules) for _ in range(4)
    ]
    await asyncio.gather(*(sweeper.sweep() for sweeper in sweepers))
    await asyncio.gather(*(sweeper.close() for sweeper in sweepers))
    assert rig.carrier.asked == [f"fetch {sid(1)}"]
