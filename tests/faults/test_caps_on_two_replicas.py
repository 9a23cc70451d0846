"""I12: two Orchestrators that race over a hundred calls never pass a cap."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from orchestrator import calls
from orchestrator.call_handler_client import OrderAnswer
from orchestrator.dial_policy import DialCaps
from orchestrator.store import schema
from ringback.v1 import call_results_pb2 as pb
from tests.faults.life_peers import ScriptedHandlers
from tests.faults.life_rig import ORDER, Rig, life_rig, make_sweeper, replica_of, rules_of
from tests.postgres import ScriptedDatabase
from tests.rows_rig import rows_of

CALLS, NUMBERS = 100, 80
CAPS = DialCaps(at_once=10, person_hour=60, all_hour=60, number_hour=1, spend_day=1e9)


@dataclass
class CountingHandlers(ScriptedHandlers):
    """Takes every order and counts, as the carrier's ledger would."""

    running: dict[str, str] = field(default_factory=dict)
    most_at_once: int = 0

    async def place_order(self, order: Mapping[str, object]) -> OrderAnswer:
        """Take one order; other sweepers may go on before it is answered."""
        answer = await super().place_order(order)
        self.running[str(order["call_id"])] = f"CA{len(self.orders):032x}"
        self.most_at_once = max(self.most_at_once, len(self.running))
        return answer


@pytest.fixture
async def rig(tmp_path: Path, database: ScriptedDatabase | None) -> AsyncIterator[Rig]:
    async with life_rig(tmp_path, caps=CAPS, database=database) as opened:
        yield opened


async def confirm(rig: Rig, number: int) -> None:
    order = replace(ORDER, to_number=f"+141555501{number % NUMBERS:02}")
    task_id = await rig.add_task()
    await calls.confirm_task(rig.store, task_id, None, order, rig.timings)


async def test_i12_two_replicas_dial_a_hundred_calls_within_every_cap(rig: Rig) -> None:
    handlers = CountingHandlers()
    await asyncio.gather(*(confirm(rig, number) for number in range(CALLS)))
    async with replica_of(rig) as other:
        sweepers = [
            make_sweeper(one.store, one.clock, one.carrier, handlers, rules_of(CAPS, one.timings))
            for one in (rig, other)
        ]
        ends: list[object] = []
        while len(ends) < CALLS:
            rig.clock.advance(rig.timings.retry_s)
            await asyncio.gather(*(sweeper.sweep() for sweeper in sweepers))
            await asyncio.gather(*(sweeper.settle() for sweeper in sweepers))
            await asyncio.gather(
                *(
                    rig.call_back(ours, "busy", call_sid=sid)
                    for ours, sid in handlers.running.items()
                )
            )
            handlers.running.clear()
            ends = [row["end_reason"] for row in await rows_of(rig.store, schema.result)]
        await asyncio.gather(*(sweeper.close() for sweeper in sweepers))
    dialled = [str(order["to_number"]) for order in handlers.orders]
    assert len(set(dialled)) == len(dialled) == CAPS.all_hour
    assert handlers.most_at_once == CAPS.at_once
    assert ends.count(pb.END_REASON_BUSY) == CAPS.all_hour
    assert ends.count(pb.END_REASON_NOT_PLACED) == CALLS - CAPS.all_hour
