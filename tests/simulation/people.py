"""The person: presses confirm until it is answered, sometimes twice, and sometimes cancels."""

import asyncio
import sqlite3
from collections.abc import Coroutine
from dataclasses import dataclass

from orchestrator.errors import OrchestratorError
from tests.simulation.doors import HandlerDoors, OrchestratorDoors
from tests.simulation.network import Broken, Refused
from tests.simulation.plans import names_of
from tests.simulation.scripts import Errand
from tests.simulation.world import World

_PATIENCE_S = 3.0
_TRIES = 60
_ADD_TASK = """INSERT INTO task (task_id, state, errand, form, created_at, updated_at)
    VALUES (?, 'confirming', 'food_order', '{}', 0, 0)"""


@dataclass(slots=True)
class People:
    """All that happens from outside."""

    world: World
    database: sqlite3.Connection
    busy: int = 0

    def start(self) -> None:
        """Let them come at their times."""
        for number, errand in enumerate(self.world.plan.errands):
            task_id = f"task-{number}"
            self.database.execute(_ADD_TASK, (task_id,))
            self._spawn(self._run(errand, task_id))
        for number, at_s in enumerate(self.world.plan.external_at_s):
            self._spawn(self._ring_in(at_s, number))

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        self.busy += 1
        self.world.loop.spawn(self._count(work))

    async def _count(self, work: Coroutine[object, object, None]) -> None:
        await work
        self.busy -= 1

    async def _run(self, errand: Errand, task_id: str) -> None:
        await asyncio.sleep(errand.at_s)
        call_id = ""
        for _ in range(errand.presses):
            call_id = await self._confirm(task_id, errand.number)
        if call_id and errand.cancel_after_s is not None:
            await asyncio.sleep(errand.cancel_after_s)
            await self._cancel(call_id)

    async def _confirm(self, task_id: str, number: str) -> str:
        for _ in range(_TRIES):
            for name in self._orchestrators():
                try:
                    async with asyncio.timeout(_PATIENCE_S):
                        call_id = await self.world.network.ask(
                            "person", name, lambda doors: _confirm(doors, task_id, number)
                        )
                except (Refused, Broken, TimeoutError):
                    continue
                self.world.confirmed.setdefault(call_id, self.world.loop.time())
                self.world.note(call_id, f"confirmed at {name}")
                return call_id
            await asyncio.sleep(1.0)
        return ""

    async def _cancel(self, call_id: str) -> None:
        for name in self._orchestrators():
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    await self.world.network.ask(
                        "person", name, lambda doors: _cancel(doors, call_id)
                    )
            except (Refused, Broken, TimeoutError, OrchestratorError):
                continue
            self.world.note(call_id, f"cancelled at {name}")
            return

    async def _ring_in(self, at_s: float, number: int) -> None:
        await asyncio.sleep(at_s)
        _, handlers = names_of(self.world.plan)
        call_sid = f"CA{number + 1:032x}"
        name = self.world.dice.choice(handlers)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self.world.network.ask("outside", name, lambda doors: _hold(doors, call_sid))
        except (Refused, Broken, TimeoutError):
            return
        await asyncio.sleep(5.0)

    def _orchestrators(self) -> list[str]:
        names, _ = names_of(self.world.plan)
        return self.world.dice.sample(names, len(names))


async def _confirm(doors: object, task_id: str, number: str) -> str:
    assert isinstance(doors, OrchestratorDoors)
    return await doors.confirm(task_id, "once", number)


async def _cancel(doors: object, call_id: str) -> None:
    assert isinstance(doors, OrchestratorDoors)
    await doors.cancel(call_id)


async def _hold(doors: object, call_sid: str) -> None:
    assert isinstance(doors, HandlerDoors)
    await doors.hold_external(call_sid, turns=2)
