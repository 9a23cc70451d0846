"""What stages that kill on a plan share: calls that keep coming, deaths on a plan, the verdict."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from orchestrator.calls import CallTimings
from tests.chaos.findings import list_short_talks, say_spread, say_talks
from tests.chaos.judge import Fault, Verdict, judge
from tests.chaos.person import SHORT, Errands
from tests.chaos.promptness import p99_of
from tests.chaos.stage import KillRow, StageReport, Violation
from tests.chaos.system import Fleet

# Dials whose fate the Orchestrator has to ask for, besides those that go well.
SCENARIOS = (SHORT, "short_order_hang_up", "short_order_dial_error", "short_order_callbacks_lost")
SETTLE_S = 90.0
_NUMBERS_EACH = 15
_RESULT_S = 20.0


@asynccontextmanager
async def steady_calls(
    errands: Errands, lanes: int, scenarios: Sequence[str] = SCENARIOS
) -> AsyncIterator[None]:
    """Keep `lanes` calls on the way, each followed by the next when its result is there."""
    numbers = [await errands.bind(_NUMBERS_EACH, scenario) for scenario in scenarios]
    line = itertools.cycle(itertools.chain(*zip(*numbers, strict=True)))
    has_ended = asyncio.Event()

    async def run_lane() -> None:
        while not has_ended.is_set():
            await errands.finish(await errands.place(next(line)), _RESULT_S)

    tasks = [asyncio.create_task(run_lane(), name="lane") for _ in range(lanes)]
    try:
        yield
    except BaseException:
        for task in tasks:
            task.cancel()
        raise
    finally:
        has_ended.set()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done to a fleet, as the table names it."""

    kind: str
    database: str
    kills: int
    is_prompt: bool = True
    """False where far more calls wait than two cores carry: then lateness is the machine's."""


async def close_round(
    fleet: Fleet,
    errands: Errands,
    deed: Deed,
    report: StageReport,
    within_s: float = SETTLE_S,
) -> Verdict:
    """Wait until the fleet is quiet, judge it and add what was found to the report."""
    await errands.settle(within_s)
    evidence = await errands.gather()
    is_crowded = not deed.kills  # those that do not kill have as many calls as they can at once
    verdict = judge(evidence, is_crowded=is_crowded)
    if any(finding.fault is not Fault.LATE for finding in verdict.findings):
        # An asking that died with its Orchestrator is repeated after its lease; one that did not
        # reach the carrier, after a pause.
        await asyncio.sleep(CallTimings().ask_again_s)
        await errands.settle(within_s)
        evidence = await errands.gather()
        verdict = judge(evidence, is_crowded=is_crowded)
    seconds = [delay.seconds for delay in verdict.delays]
    report.rows.append(_row_of(deed, verdict, seconds))
    of_whom = f"{deed.kind}, {deed.database}"
    report.figures[f"{of_whom}, end to result"] = say_spread(seconds)
    report.figures[f"{of_whom}, answered and not cut"] = say_talks(verdict, evidence)
    for finding in [*verdict.findings, *list_short_talks(verdict, evidence)]:
        if finding.fault is Fault.LATE and not deed.is_prompt:
            continue  # its figure stands above
        words = f"{finding.fault.value}: {finding.what}"
        report.violations.append(Violation(words, tell(fleet, verdict, finding.call_id)))
    return verdict


def _row_of(deed: Deed, verdict: Verdict, seconds: list[float]) -> KillRow:
    """Make the table's line of a round. `seconds`: from the end of each call to its result."""
    return KillRow(
        kind=deed.kind,
        database=deed.database,
        kills=deed.kills,
        calls=sum(call.is_placed for call in verdict.calls.values()),
        results=len(verdict.results),
        missing=verdict.count(Fault.MISSING),
        doubled=verdict.count(Fault.DOUBLED),
        phantom=verdict.count(Fault.PHANTOM),
        dialled_twice=verdict.count(Fault.DIALLED_TWICE),
        slowest_s=max(seconds, default=None),
        p99_s=p99_of(seconds),
    )


def tell(fleet: Fleet, verdict: Verdict, call_id: str) -> tuple[str, ...]:
    """Collect the books' lines of a call and what the parts have logged of it."""
    if not call_id:
        return ()
    call = verdict.calls.get(call_id)
    books = [] if call is None else [f"ledger: {line}" for line in call.lines]
    logs = [
        f"{name}: {line}"
        for name in (*fleet.orchestrator_names, *fleet.handler_names)
        for line in fleet.log(name).splitlines()
        if call_id in line
    ]
    return (*books, *logs)
