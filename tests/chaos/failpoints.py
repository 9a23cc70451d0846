"""The stage that kills at every named failpoint of the product, on both databases."""

import asyncio
import random
import signal
import time
from collections.abc import Callable, Sequence
from typing import Literal

from tests.chaos.evidence import Fall
from tests.chaos.person import Errands, errands_of
from tests.chaos.rounds import Deed, close_round, steady_calls
from tests.chaos.stage import Context, Stage, StageReport, Violation
from tests.chaos.system import Fleet

Database = Literal["sqlite", "postgres"]
OF_ORCHESTRATOR = (
    "confirm.before_commit",
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
POINTS = {"orchestrator-1": OF_ORCHESTRATOR, "handler-1": OF_HANDLER}
_LANES = 8
_REACHED_WITHIN_S = 60.0
# 20 would not fit into the 40 minutes of the full run, beside all that computes.
_TIMES = 3


def share_points(
    points: Sequence[str], times: int, database: Database, dice: random.Random
) -> list[str]:
    """Draw the order of one database's share: half of the deaths at each point, in all alike many.

    Of an odd number of deaths at a point one database has one more, at the next point the other.
    """
    odd = 0 if database == "sqlite" else 1
    shares = [[point] * ((times + (i + odd) % 2) // 2) for i, point in enumerate(points)]
    share = [point for some in shares for point in some]
    return dice.sample(share, len(share))


async def run(context: Context) -> StageReport:
    """Kill at each failpoint three times, in turn on the two databases."""
    report = StageReport()
    total = _TIMES * sum(map(len, POINTS.values()))
    done: list[str] = []

    def tell(name: str) -> None:
        done.append(name)
        context.progress(len(done), total, name)

    async with asyncio.TaskGroup() as group:
        for database in ("sqlite", "postgres"):
            group.create_task(_Round(context, database, report).run(_TIMES, tell))
    report.figures["failpoints reached"] = f"{len(done)} of {total}"
    return report


class _Round:
    """One fleet, in which an Orchestrator and a Call Handler die at each of their failpoints.

    Each dies for itself, one death after the other: hardly a call is untouched, so nearly all have
    the time that a fall gives.
    """

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
                plans = {
                    name: share_points(points, times, fleet.database, self._dice)
                    for name, points in POINTS.items()
                }
                deaths = await asyncio.gather(
                    *(self._die_at_all(name, plan, errands, tell) for name, plan in plans.items())
                )
            deed = Deed("failpoints", fleet.database, sum(deaths))
            await close_round(fleet, errands, deed, self._report)

    async def _die_at_all(
        self, name: str, plan: Sequence[str], errands: Errands, tell: Callable[[str], None]
    ) -> int:
        """Arm one failpoint after the other; how many of them killed."""
        fleet, deaths = self._fleet, 0
        for point in plan:
            began, first = time.time(), fleet.pid(name)
            await fleet.kill(name)
            await fleet.start(name, {"RINGBACK_FAILPOINTS": point})
            armed = fleet.pid(name)
            deaths += await self._has_died(name, point)
            await fleet.start(name)
            await fleet.ready(name)
            errands.falls.append(Fall(point, (name,), (first, armed), began, time.time()))
            tell(point)
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


STAGE = Stage("failpoints", "Death at every named failpoint", run, company="kills on a plan")
