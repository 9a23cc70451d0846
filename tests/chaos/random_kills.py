"""Stages: thousands of calls while parts of the system fall at random instants."""

import asyncio
from contextlib import AsyncExitStack
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
from tests.chaos.killer import Killer, plan_falls
from tests.chaos.run_under_fire import RunUnderFire
from tests.chaos.stage import Context, Stage, StageReport, Violation
from tests.chaos.system import Fleet
from tests.chaos.watcher import Watcher

TIME_FACTOR = 10.0
AT_ONCE = 14
"""Calls under way at a time: what two cores carry without falling behind."""
HANDLERS = 2
QUICK_CALLS, FULL_CALLS = 310, 5_010
QUICK_FALLS, FULL_FALLS = 30, 250
_NUMBERS = 400
_SPARE = 1.1  # the carrier refuses some, others end before they are dialled
_SPANS = {"RINGBACK_TIME_LIMIT_S": "60", "RINGBACK_DRAIN_S": "8"}

Database = Literal["sqlite", "postgres"]


async def run_random_kills(context: Context, database: Database, orchestrators: int) -> StageReport:
    """Place calls, let things fall, wait for silence, judge."""
    calls = context.pick(QUICK_CALLS, FULL_CALLS)
    falls = context.pick(QUICK_FALLS, FULL_FALLS)
    fleet = Fleet(
        context.folder,
        database=database,
        orchestrators=orchestrators,
        handlers=HANDLERS,
        time_factor=TIME_FACTOR,
        extra_env=_SPANS,
        seed=context.seed,
    )
    async with AsyncExitStack() as opened:
        await opened.enter_async_context(fleet)
        replicas = range(1, orchestrators + 1)
        driver = Driver([*map(fleet.page, replicas)], fleet.control, context.dice("driver"))
        opened.push_async_callback(driver.close)
        watcher = Watcher([*map(fleet.grpc, replicas)])
        opened.push_async_callback(watcher.close)
        run = RunUnderFire(context, fleet, driver, watcher, AT_ONCE)
        evidence = await _let_things_fall(run, round(calls * _SPARE), falls)
        return await _report(run, evidence, calls, falls)


async def _let_things_fall(run: RunUnderFire, errands: int, falls: int) -> Evidence:
    context, dice = run.context, run.context.dice("errands")
    numbers = plan_numbers(min(_NUMBERS, errands), dice)
    await run.driver.bind_numbers(numbers)
    killer = Killer(run.fleet, context.dice("killer"))
    plan = plan_falls(falls, errands, context.dice("falls"))
    async with asyncio.TaskGroup() as both:
        both.create_task(run.place_all(plan_errands(errands, numbers, dice)))
        both.create_task(killer.kill_all(plan, run.until_begun))
    context.progress(errands, errands, "waiting until all is quiet")
    await run.grow_quiet()
    context.progress(errands, errands, "judging")
    return await run.collect(killer.falls)


async def _report(run: RunUnderFire, evidence: Evidence, calls: int, falls: int) -> StageReport:
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
    short = find_shortfall(verdict, evidence.falls, calls, falls)
    report.violations += [Violation(words) for words in short]
    return report


STAGES = (
    Stage(
        "random-kills-sqlite",
        "random kills, SQLite, 1 Orchestrator, 2 Call Handlers",
        partial(run_random_kills, database="sqlite", orchestrators=1),
    ),
    Stage(
        "random-kills-postgres",
        "random kills, PostgreSQL, 2 Orchestrators, 2 Call Handlers",
        partial(run_random_kills, database="postgres", orchestrators=2),
    ),
)
