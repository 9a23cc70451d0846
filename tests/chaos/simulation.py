"""The stage of the simulation: the same rules in virtual time, many seeds, every mutant."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice

from tests.chaos.spare_time import spare_workers
from tests.chaos.stage import Context, Stage, StageReport, Violation
from tests.simulation.mutants import MUTANTS
from tests.simulation.runs import RunReport, hunt_by_name, run_seeds
from tests.simulation.telling import repeat_command

_PROCESSES = 2
_AT_ONCE = 50
_MUTANT_SEEDS = 400
# Seeds of one run lie together, and those of two runs apart.
_APART = 10_000_000


async def run(context: Context) -> StageReport:
    """Run the seeds and let the mutants loose."""
    seeds, first = context.pick(800, 20_000), context.seed * _APART
    report = StageReport()
    with spare_workers(_PROCESSES) as workers:
        total = await _run_seeds(context, workers, first, seeds)
        _put_figures(report, total, first)
        mutants = MUTANTS[:: context.pick(3, 1)]
        for name in [mutant.name for mutant in mutants]:
            context.progress(seeds, seeds, f"mutant {name}")
            await _hunt(context, workers, report, name)
    return report


async def _run_seeds(
    context: Context, workers: ProcessPoolExecutor, first: int, count: int
) -> RunReport:
    """Run the seeds in pieces, as many at once as there are processes."""
    loop, total = asyncio.get_running_loop(), RunReport()
    pieces = _pieces(first, count)
    under_way = {
        loop.run_in_executor(workers, run_seeds, *piece) for piece in islice(pieces, _PROCESSES + 1)
    }
    while under_way:
        done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        for piece_done in done:
            total.add(piece_done.result())
        under_way |= {
            loop.run_in_executor(workers, run_seeds, *piece) for piece in islice(pieces, len(done))
        }
        context.progress(total.seeds, count, f"{len(total.violations)} violations")
    return total


def _pieces(first: int, count: int) -> Iterator[tuple[int, int]]:
    for start in range(first, first + count, _AT_ONCE):
        yield start, min(_AT_ONCE, first + count - start)


def _put_figures(report: StageReport, total: RunReport, first: int) -> None:
    report.figures = {
        "simulated seeds": str(total.seeds),
        "simulated hours": f"{total.virtual_s / 3600:.0f}",
        "simulated calls": str(total.calls),
        "simulated deaths": str(total.deaths),
        "first seed": str(first),
    }
    report.violations = [
        Violation(f"simulation: {told[0]}", tuple(told[1:])) for told in total.violations
    ]
    if total.deaths * 20 < total.seeds or total.calls < total.seeds:
        report.violations.append(Violation("the simulation had too little to judge"))


async def _hunt(
    context: Context, workers: ProcessPoolExecutor, report: StageReport, name: str
) -> None:
    first = context.seed * _APART
    loop = asyncio.get_running_loop()
    seeds, told = await loop.run_in_executor(workers, hunt_by_name, name, first, _MUTANT_SEEDS)
    report.figures[f"mutant {name}"] = f"red after {seeds} seeds" if seeds else "not caught"
    if not told:
        again = f"the mutant {name} stayed green for {_MUTANT_SEEDS} seeds from {first}"
        report.violations.append(Violation(f"{again}; one seed: {repeat_command(first)}"))


STAGE = Stage(
    "simulation",
    "The same rules in virtual time",
    run,
    is_in_quick=False,
    is_background=True,
)
