"""Faults F14, F39: a sweeper that dies, freezes or waits long while it asks the carrier."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest

from orchestrator.sweeper import Sweeper
from ringback.v1 import call_results_pb2 as pb
from telephony.twilio_rest import CarrierCall
from tests.faults.life_peers import ScriptedCarrier, sid
from tests.faults.life_rig import Rig, make_sweeper, replica_of, rules_of


@dataclass
class SlowCarrier(ScriptedCarrier):
    """Is asked at once and answers when it is told to."""

    was_asked: asyncio.Event = field(default_factory=asyncio.Event)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def list_calls(self, to: str, from_: str) -> list[CarrierCall]:
        """List what was known when the question came."""
        listed = await super().list_calls(to, from_)
        self.was_asked.set()
        await self.may_answer.wait()
        return listed


@pytest.fixture
async def other(rig: Rig) -> AsyncIterator[Rig]:
    """Open a second Orchestrator on the rig's database."""
    async with replica_of(rig) as opened:
        yield opened


async def ask_and_wait(rig: Rig, carrier: SlowCarrier, sweep_s: float = 1.0) -> Sweeper:
    """Have a sweeper ask about an unknown dial, and leave it waiting for the answer."""
    rules = rules_of(rig.caps, replace(rig.timings, sweep_s=sweep_s))
    sweeper = make_sweeper(rig.store, rig.clock, carrier, rig.handlers, rules)
    rig.clock.advance(rig.timings.settle_s)
    await sweeper.sweep()
    await carrier.was_asked.wait()
    return sweeper


async def kill_asker(call_id: str) -> None:
    """End what looks at a call, in the midst of its asking."""
    asking = [one for one in asyncio.all_tasks() if one.get_name() == f"look-at-{call_id}"]
    for task in asking:
        task.cancel()
    await asyncio.wait(asking)


async def test_f39_a_call_whose_asker_is_gone_for_good_waits_for_three_sweeps(
    rig: Rig, other: Rig
) -> None:
    call_id = await rig.dial_unknown()
    await ask_and_wait(rig, SlowCarrier())
    await kill_asker(call_id)
    other.know(sid(7), "busy")
    await other.sweep(after_s=3 * other.timings.sweep_s)
    assert (await other.finished(call_id)).status == pb.CALL_STATUS_BUSY


async def test_f39_who_waits_long_for_the_carrier_keeps_the_call(rig: Rig, other: Rig) -> None:
    call_id = await rig.dial_unknown()
    sweeper = await ask_and_wait(rig, slow := SlowCarrier(), sweep_s=0.05)
    first = (await rig.row(call_id)).due_at
    rig.clock.advance(0.1)
    async with asyncio.timeout(30):
        while (await rig.row(call_id)).due_at == first:
            pass
    await other.sweep(after_s=0.1)
    assert other.carrier.asked == []
    slow.may_answer.set()
    await sweeper.close()
    assert (await rig.row(call_id)).asked == 1


async def test_f14_two_answers_that_know_nothing_at_the_same_time_count_once(
    rig: Rig, other: Rig
) -> None:
    call_id = await rig.dial_unknown()
    frozen = await ask_and_wait(rig, slow := SlowCarrier())
    await other.sweep(after_s=rig.timings.lease_s)
    assert len(other.carrier.asked) == 1
    slow.may_answer.set()
    await frozen.close()
    assert await rig.result(call_id) is None
    await other.sweep(after_s=rig.timings.ask_again_s)
    assert (await rig.finished(call_id)).end_reason == pb.END_REASON_NOT_PLACED
