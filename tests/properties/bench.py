"""A store that many generated examples share: each begins on empty tables, on either database."""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import delete, insert

from orchestrator.call_results import Received, Recorded, record_call_result, record_call_results
from orchestrator.store import Store, Transaction, schema
from orchestrator.store.results import KnownCall, select_calls
from ringback.v1 import call_results_pb2 as pb
from tests.faults.life_peers import ScriptedClock, World
from tests.rows_rig import CALL, TASK

T = TypeVar("T")
EMPTIED = (
    schema.event,
    schema.report,
    schema.result,
    schema.turn,
    schema.confirmation,
    schema.call,
    schema.task,
)


@dataclass
class Bench:
    """Runs one example after the other on one event loop and one store."""

    runner: asyncio.Runner
    url: str
    clock: ScriptedClock
    store: Store

    def run(self, work: Coroutine[object, object, T]) -> T:
        """Run something to its end."""
        return self.runner.run(work)

    def reopen(self) -> None:
        """Close the store and open it again, as a process that died and came back."""
        self.run(self.store.close())
        self.store = self.run(Store.open(self.url, self.clock))

    async def clear(self) -> None:
        """Forget all calls."""

        def unit(tx: Transaction) -> None:
            for table in EMPTIED:
                tx.connection.execute(delete(table))

        await self.store.write(unit)

    async def add_our_call(self, call_sid: str | None) -> None:
        """Add a call of ours that waits for its result, with its task."""

        def unit(tx: Transaction) -> None:
            tx.connection.execute(insert(schema.task), [_task_row()])
            tx.connection.execute(insert(schema.call), [_call_row(call_sid)])

        await self.store.write(unit)

    async def record(self, group: Sequence[Received]) -> list[Recorded]:
        """Record one report alone, several as one batch; none may fail."""
        if len(group) == 1:
            return [await record_call_result(self.store, group[0])]
        answers = await record_call_results(self.store, group)
        recorded = [answer for answer in answers if isinstance(answer, Recorded)]
        assert len(recorded) == len(group), answers
        return recorded

    async def read_call(self, call_id: str = CALL) -> KnownCall | None:
        """Read a call with its result."""
        rows = await self.store.read(lambda connection: select_calls(connection, [call_id]))
        return rows[0] if rows else None


@contextmanager
def open_bench(url: str, world: World) -> Iterator[Bench]:
    """Open a store on a loop of its own, with a clock that stands still."""
    world.advance(0)
    clock = ScriptedClock(world)
    with asyncio.Runner() as runner:
        bench = Bench(runner, url, clock, runner.run(Store.open(url, clock)))
        try:
            yield bench
        finally:
            bench.run(bench.store.close())


def _task_row() -> dict[str, object]:
    return {
        "task_id": TASK,
        "state": "calling",
        "errand": "food_order",
        "form": {},
        "created_at": 0,
        "updated_at": 0,
    }


def _call_row(call_sid: str | None) -> dict[str, object]:
    return {
        "call_id": CALL,
        "task_id": TASK,
        "attempt": 1,
        "origin": pb.CALL_ORIGIN_RINGBACK,
        "state": "waiting",
        "status": pb.CALL_STATUS_IN_PROGRESS,
        "call_sid": call_sid,
        "to_number": "+14155550100",
        "from_number": "+14155550199",
        "due_at": 5,
        "created_at": 0,
    }
