"""The stage that kills PostgreSQL under two Orchestrators and two Call Handlers at work."""

import asyncio
import time

from tests.chaos.evidence import Fall
from tests.chaos.ledger_facts import read_ledger, sort_by_call
from tests.chaos.person import Errands, errands_of
from tests.chaos.rounds import SCENARIOS, Deed, close_round, steady_calls
from tests.chaos.stage import Context, Stage, StageReport, Violation
from tests.chaos.system import Fleet

_LANES = 8
CALLS_AT_ONCE = 50
# So many calls at once are more than two cores play ten times as fast; at this speed they can.
_SLOWLY = 0.3
_TALKING_WITHIN_S = 30.0
_LOOK_S = 0.25
_PERSONS = 8
_BETWEEN_S = (0.3, 2.0)
_BACK_WITHIN_S = 10.0


async def run(context: Context) -> StageReport:
    """Kill it 2 or 30 times; nothing acknowledged may be lost, and nothing else be started."""
    report = StageReport()
    if not context.is_quick:
        await _kill_under_many_calls(context, report)
    await _kill_often(context, report)
    return report


async def _kill_often(context: Context, report: StageReport) -> None:
    fleet = Fleet(context.folder, "postgres", orchestrators=2, handlers=2, seed=context.seed)
    async with fleet, errands_of(fleet) as errands:
        pids = _pids(fleet)
        kills = context.pick(2, 29)
        async with steady_calls(errands, _LANES, SCENARIOS[:2]):
            outages = await _kill_again_and_again(context, fleet, errands, kills)
        await close_round(fleet, errands, Deed("PostgreSQL", fleet.database, kills), report)
        if _pids(fleet) != pids:
            report.violations.append(Violation("A part of ours did not outlive PostgreSQL."))
    report.figures["outages of PostgreSQL"] = f"{min(outages):.1f} to {max(outages):.1f} s"


async def _kill_under_many_calls(context: Context, report: StageReport) -> None:
    """Kill it once while 50 calls are under way, all of which outlive its return."""
    fleet = Fleet(context.folder / "many", "postgres", 2, 2, _SLOWLY, seed=context.seed)
    async with fleet, errands_of(fleet) as errands:
        assert fleet.postgres is not None
        pids, line = _pids(fleet), iter(await errands.bind(CALLS_AT_ONCE))

        async def place_some() -> None:
            for number in line:
                await errands.place(number)
                context.progress(len(errands.ordered), CALLS_AT_ONCE, "calls at once")

        await asyncio.gather(*(place_some() for _ in range(_PERSONS)))
        await _wait_until_answered(fleet)
        begun = time.time()
        fleet.postgres.kill()
        await fleet.postgres.start()
        fall = Fall("kill -9", ("postgres",), (), begun, time.time())
        errands.falls.append(fall)
        deed = Deed(f"PostgreSQL, {CALLS_AT_ONCE} calls at once", fleet.database, 1)
        verdict = await close_round(fleet, errands, deed, report)
        if _pids(fleet) != pids:
            report.violations.append(Violation("A part of ours did not outlive PostgreSQL."))
    calls = verdict.calls.values()
    over = sum(c.created_at < fall.at and (c.ended_at or 0.0) > fall.back_at for c in calls)
    report.figures["calls under way from before its death until after its return"] = str(over)
    if over < CALLS_AT_ONCE:
        words = f"Only {over} calls of {CALLS_AT_ONCE} were under way while PostgreSQL was away."
        report.violations.append(Violation(words))


async def _kill_again_and_again(
    context: Context, fleet: Fleet, errands: Errands, kills: int
) -> list[float]:
    """Kill at random instants, each after a call has come through; how long each outage was."""
    dice, outages = context.dice("postgres kills"), list[float]()
    assert fleet.postgres is not None
    for number in range(1, kills + 1):
        await _wait_for_a_result(errands)
        await asyncio.sleep(dice.uniform(*_BETWEEN_S))
        begun = time.time()
        fleet.postgres.kill()
        await fleet.postgres.start()
        errands.falls.append(Fall("kill -9", ("postgres",), (), begun, time.time()))
        outages.append(time.time() - begun)
        context.progress(number, kills, f"back after {outages[-1]:.1f} s")
    return outages


async def _wait_for_a_result(errands: Errands) -> None:
    """Wait until the newest call has its result: the database is in use again."""
    if errands.ordered:
        await errands.finish(list(errands.ordered)[-1], _BACK_WITHIN_S)


async def _wait_until_answered(fleet: Fleet) -> None:
    """Wait until all calls are answered. Raises: TimeoutError."""
    async with asyncio.timeout(_TALKING_WITHIN_S):
        while True:
            ledger = await asyncio.to_thread(read_ledger, fleet.ledger)
            if sum(call.is_answered for call in sort_by_call(ledger).values()) == CALLS_AT_ONCE:
                return
            await asyncio.sleep(_LOOK_S)


def _pids(fleet: Fleet) -> list[int]:
    names = (*fleet.orchestrator_names, *fleet.handler_names)
    return [fleet.pid(name) if fleet.is_alive(name) else 0 for name in names]


STAGE = Stage(
    "postgres-kills",
    "kill -9 of PostgreSQL under 2 Orchestrators x 2 Handlers",
    run,
    company="moments and caps",
)
