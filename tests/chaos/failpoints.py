"""The stage that kills at every named failpoint of the product, on both databases."""

import asyncio
import signal
from collections.abc import Callable
from typing import Literal

from tests.chaos.person import errands_of
from tests.chaos.rounds import Deed, close_round, steady_calls
from tests.chaos.stage import Context, Stage, StageReport, Violation
from tests.chaos.system import Fleet

Database = Literal["sqlite", "postgres"]
OF_ORCHESTRATOR = (
    "confirm.after_commit",
    "order.before_post",
    "order.after_post",
    "progress.before_commit",
    "progress.after_commit",
    "record.before_commit",
    "record.after_commit",
    "callback.before_commit",
    "callback.after_commit",
    "ask.after_answer",
)
OF_HANDLER = (
    "dial.before_post",
    "dial.after_post",
    "stream.claimed",
    "report.before_put",
    "report.after_put",
    "report.before_ack",
)
_LANES = 6
_REACHED_WITHIN_S = 30.0


async def run(context: Context) -> StageReport:
    """Kill at each failpoint, 3 or 20 times in all, half of them on each database."""
    report = StageReport()
    plans: list[tuple[Database, int]] = [
        ("sqlite", context.pick(2, 10)),
        ("postgres", context.pick(1, 10)),
    ]
    total = sum(times for _, times in plans) * len(OF_ORCHESTRATOR + OF_HANDLER)
    done: list[str] = []

    def tell(name: str) -> None:
        done.append(name)
        context.progress(len(done), total, name)

    async with asyncio.TaskGroup() as group:
        for database, times in plans:
            group.create_task(_Round(context, database, report).run(times, tell))
    report.figures["failpoints reached"] = f"{len(done)} of {total}"
    return report


class _Round:
    """One fleet, in which an Orchestrator and a Call Handler die at each of their failpoints."""

    def __init__(self, context: Context, database: Database, report: StageReport) -> None:
        self._dice = context.dice(f"failpoints {database}")
        self._report = report
        count = 2 if database == "postgres" else 1
        folder = context.folder / database
        self._fleet = Fleet(folder, database, orchestrators=count, handlers=2, seed=context.seed)

    async def run(self, times: int, tell: Callable[[str], None]) -> None:
        """Kill at each failpoint so many times, then judge."""
        fleet = self._fleet
        async with fleet, errands_of(fleet) as errands:
            async with steady_calls(errands, _LANES):
                deaths = await self._die_at_all(times, tell)
            deed = Deed("failpoints", fleet.database, deaths)
            await close_round(fleet, errands, deed, self._report)

    async def _die_at_all(self, times: int, tell: Callable[[str], None]) -> int:
        """Arm one failpoint after the other, in random order; how many of them killed."""
        plan = [("orchestrator-1", point) for point in OF_ORCHESTRATOR]
        plan += [("handler-1", point) for point in OF_HANDLER]
        deaths = 0
        for name, point in self._dice.sample(plan * times, len(plan) * times):
            await self._fleet.kill(name)
            await self._fleet.start(name, {"RINGBACK_FAILPOINTS": point})
            deaths += await self._has_died(name, point)
            await self._fleet.start(name)
            tell(point)
        await asyncio.gather(*map(self._fleet.ready, ("orchestrator-1", "handler-1")))
        return deaths

    async def _has_died(self, name: str, point: str) -> bool:
        try:
            code = await self._fleet.died(name, _REACHED_WITHIN_S)
        except TimeoutError:
            code = 0
            await self._fleet.kill(name)
        if code == -signal.SIGKILL:
            return True
        words = f"{name} was to die at {point}; it ended with {code} (0: it lived on)."
        last = self._fleet.log(name).splitlines()[-20:]
        self._report.violations.append(Violation(words, tuple(last)))
        return False


STAGE = Stage("failpoints", "Death at every named failpoint", run)
