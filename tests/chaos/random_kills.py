"""Stages: thousands of calls while parts of the system fall at random instants."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from tests.chaos.crowd import plan_errands, plan_numbers
from tests.chaos.driver import Driver
from tests.chaos.evidence import Evidence
from tests.chaos.findings import (
    find_short_talks,
    find_shortfall,
    make_figures,
    make_rows,
    make_violations,
)
from tests.chaos.history import tell_history
from tests.chaos.judge import judge
from tests.chaos.killer import KILLS, Killer, plan_falls
from tests.chaos.postgres_server import NoPostgres, find_programs
from tests.chaos.run_under_fire import RunUnderFire
from tests.chaos.stage import Context, Stage, StageReport, Violation
from tests.chaos.system import Fleet
from tests.chaos.watcher import Watcher

TIME_FACTOR = 10.0
HANDLERS = 2
_NUMBERS = 400
_SPARE = 1.10  # the carrier refuses some, others end before they are dialled
_SPANS = {"RINGBACK_TIME_LIMIT_S": "60", "RINGBACK_DRAIN_S": "8"}


@dataclass(frozen=True, slots=True)
class System:
    """One of the two systems that are under fire at the same time."""

    database: Literal["sqlite", "postgres"]
    orchestrators: int
    at_once: int
    """Calls under way at a time: what one core carries without falling behind."""
    calls: tuple[int, int]
    """How many must be placed in the quick and in the full run."""
    kills: tuple[int, int]
    """How often something must fall by kill -9, of those."""


# A call of two Orchestrators on PostgreSQL takes 1.6 times the CPU of one on SQLite (209 to 126 ms
# without kills): with these shares both systems take as long, and the run as little as it can.
SYSTEMS = (
    System("sqlite", orchestrators=1, at_once=12, calls=(420, 5_320), kills=(30, 270)),
    System("postgres", orchestrators=2, at_once=8, calls=(390, 3_340), kills=(30, 230)),
)


async def run_random_kills(context: Context) -> StageReport:
    """Run both systems side by side and put what was found together."""
    told: dict[str, tuple[int, int, str]] = {}

    def tell_of(database: str, done: int, total: int, words: str) -> None:
        told[database] = (done, total, words)
        together = "; ".join(f"{name}: {words}" for name, (_, _, words) in told.items())
        context.progress(
            sum(done for done, _, _ in told.values()),
            sum(total for _, total, _ in told.values()),
            together,
        )

    async with asyncio.TaskGroup() as both:
        running = [
            both.create_task(
                _run_system(
                    system,
                    replace(
                        context,
                        folder=context.folder / system.database,
                        progress=partial(tell_of, system.database),
                    ),
                )
            )
            for system in SYSTEMS
        ]
    return _put_together([task.result() for task in running])


async def _run_system(system: System, context: Context) -> StageReport:
    """Place calls, let things fall, wait for silence, judge."""
    if system.database == "postgres":
        try:
            find_programs()
        except NoPostgres as missing:
            return StageReport(skipped=str(missing))
    fleet = Fleet(
        context.folder,
        database=system.database,
        orchestrators=system.orchestrators,
        handlers=HANDLERS,
        time_factor=TIME_FACTOR,
        extra_env=_SPANS,
        seed=context.seed,
    )
    calls, kills = context.pick(*system.calls), context.pick(*system.kills)
    async with AsyncExitStack() as opened:
        await opened.enter_async_context(fleet)
        replicas = range(1, system.orchestrators + 1)
        pages = [*map(fleet.page, replicas)]
        driver = Driver(pages, fleet.control, context.dice(f"driver {system.database}"))
        opened.push_async_callback(driver.close)
        watcher = Watcher([*map(fleet.grpc, replicas)])
        opened.push_async_callback(watcher.close)
        run = RunUnderFire(context, fleet, driver, watcher, system.at_once)
        evidence = await _let_things_fall(run, round(calls * _SPARE), kills)
        return await _report(run, evidence, calls, kills)


async def _let_things_fall(run: RunUnderFire, errands: int, kills: int) -> Evidence:
    context, dice = run.context, run.context.dice(f"errands {run.fleet.database}")
    numbers = plan_numbers(min(_NUMBERS, errands), dice)
    await run.driver.bind_numbers(numbers)
    killer = Killer(run.fleet, dice)
    plan = plan_falls(kills, errands, dice)
    async with asyncio.TaskGroup() as both:
        both.create_task(run.place_all(plan_errands(errands, numbers, dice)))
        both.create_task(killer.kill_all(plan, run.until_begun))
    context.progress(errands, errands, "waiting until all is quiet")
    await run.grow_quiet()
    context.progress(errands, errands, "judging")
    return await run.collect(killer.falls)


async def _report(run: RunUnderFire, evidence: Evidence, calls: int, kills: int) -> StageReport:
    verdict = judge(evidence)

    async def tell(call_id: str) -> tuple[str, ...]:
        kept = await run.driver.look(f"/api/calls/{call_id}")
        events = [kept] if kept else []
        return await asyncio.to_thread(tell_history, call_id, evidence, run.context.folder, events)

    findings = [*verdict.findings, *find_short_talks(verdict, evidence)]
    report = StageReport(
        rows=make_rows(verdict, evidence, run.fleet.database),
        figures=make_figures(verdict, evidence),
        violations=await make_violations(findings, tell),
    )
    report.figures["breaks of the watcher's stream"] = str(run.watcher.breaks)
    killed = [fall for fall in evidence.falls if fall.kind in KILLS]
    others = len(evidence.falls) - len(killed)
    report.figures["falls"] = f"{len(killed)} by kill -9, {others} by SIGTERM or freezing besides"
    short = find_shortfall(verdict, killed, calls, kills)
    report.violations += [Violation(words) for words in short]
    return report


def _put_together(reports: Sequence[StageReport]) -> StageReport:
    """Join the reports of the two systems; figures get their database in front."""
    joined = StageReport()
    for system, report in zip(SYSTEMS, reports, strict=True):
        joined.rows += report.rows
        joined.violations += report.violations
        joined.skipped = joined.skipped or report.skipped
        joined.figures |= {
            f"{system.database}, {name}": value for name, value in report.figures.items()
        }
    return joined


STAGE = Stage(
    "random-kills",
    "random kills: SQLite, 1 x 2 replicas, and PostgreSQL, 2 x 2",
    run_random_kills,
)
