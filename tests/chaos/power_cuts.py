"""Power cuts of the outbox and of the Orchestrator's SQLite store: nothing acknowledged is lost."""

from tests.chaos.stage import Context, Stage, StageReport, Violation
from tests.faults.power_cut.cuts import find_ruins
from tests.faults.power_cut.driver import SOUND
from tests.faults.power_cut.test_power_cut import OUTBOX, STORE

_CUTS_A_RUN = 500
_FILES = {"outbox": OUTBOX, "store": STORE}


async def run_power_cuts(context: Context) -> StageReport:
    """Cut the power in half of the runs of the one file, and in half of the other."""
    report = StageReport()
    runs = context.pick(1, 10)
    total = len(_FILES) * runs * _CUTS_A_RUN
    done = promised = 0
    for name, case in _FILES.items():
        for number in range(runs):
            seed = context.dice(f"power cut {name} {number}").randrange(1 << 30)
            folder = context.folder / f"{name}-{number}"
            folder.mkdir(parents=True)
            trace = await case.run(folder, case.calls, seed, SOUND)
            ruins = find_ruins(trace, case.read, folder, _CUTS_A_RUN, seed)
            report.violations += [Violation(f"{name}: {ruin}") for ruin in ruins]
            done += _CUTS_A_RUN
            promised += len(trace.promises)
            context.progress(done, total, f"{name}, seed {seed}")
    report.figures["power cuts"] = f"{done} over {promised} promises, both files"
    report.figures["power cuts that did harm"] = str(len(report.violations))
    return report


STAGE = Stage(
    "power-cuts", "Power cuts of the outbox and of the store", run_power_cuts, is_in_quick=False
)
