"""Power cuts of the outbox and of the Orchestrator's SQLite store: nothing acknowledged is lost."""

import asyncio
from pathlib import Path

from tests.chaos.spare_time import spare_workers
from tests.chaos.stage import Context, Stage, StageReport, Violation
from tests.faults.power_cut.cuts import find_ruins
from tests.faults.power_cut.disk import Trace
from tests.faults.power_cut.driver import SOUND
from tests.faults.power_cut.test_power_cut import OUTBOX, STORE, Case

_CUTS_A_RUN = 500
_FILES = {"outbox": OUTBOX, "store": STORE}


async def run_power_cuts(context: Context) -> StageReport:
    """Cut the power in half of the runs of the one file, and in half of the other."""
    report, loop = StageReport(), asyncio.get_running_loop()
    runs = [(name, i) for name in _FILES for i in range(context.pick(1, 10))]
    promised = 0
    with spare_workers(1) as workers:
        for done, (name, number) in enumerate(runs, 1):
            seed = context.dice(f"power cut {name} {number}").randrange(1 << 30)
            folder = context.folder / f"{name}-{number}"
            folder.mkdir(parents=True)
            promises, ruins = await loop.run_in_executor(workers, cut_often, name, folder, seed)
            report.violations += [Violation(f"{name}: {ruin}") for ruin in ruins]
            promised += promises
            total = len(runs) * _CUTS_A_RUN
            context.progress(done * _CUTS_A_RUN, total, f"{name}, seed {seed}")
    report.figures["power cuts"] = f"{total} over {promised} promises, both files"
    report.figures["power cuts that did harm"] = str(len(report.violations))
    return report


def cut_often(name: str, folder: Path, seed: int) -> tuple[int, list[str]]:
    """Cut the power 500 times in one run; how much was promised, and what was broken."""
    case = _FILES[name]
    trace = asyncio.run(_run_case(case, folder, seed))
    ruins = find_ruins(trace, case.read, folder, _CUTS_A_RUN, seed)
    return len(trace.promises), [str(ruin) for ruin in ruins]


async def _run_case(case: Case, folder: Path, seed: int) -> Trace:
    return await case.run(folder, case.calls, seed, SOUND)


STAGE = Stage(
    "power-cuts",
    "Power cuts of the outbox and of the store",
    run_power_cuts,
    is_in_quick=False,
    is_background=True,
)
