"""Runs the stages: one after the other, those of one company at the same time.

What only computes begins in its turn and goes on behind all others until it is done.
"""

import asyncio
import shutil
import time
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from rich.console import Console

from tests.chaos.progress import Board, Tell
from tests.chaos.stage import Context, Stage, StageReport, Violation
from tests.chaos.table import StageOutcome, add_up, list_figures, list_violation

STAGE_LIMIT_S = 3_000.0
LEAST_CALLS = 10_000
"""What the full run owes, all stages and both databases together."""


@dataclass(frozen=True, slots=True)
class Runner:
    """What all stages of a run share."""

    seed: int
    is_quick: bool
    folder: Path
    """Of the whole run; a stage without a violation leaves nothing there."""
    console: Console

    async def run_all(self, stages: Sequence[Stage]) -> list[StageOutcome]:
        """Run every stage; a violation is told as soon as it is known."""
        board, running = Board(self.console), list[asyncio.Task[StageOutcome]]()
        with board.open():
            async with asyncio.TaskGroup() as group:
                for wave in plan_waves(stages):
                    tasks = {
                        group.create_task(self._show_one(board, stage, stages)): stage
                        for stage in wave
                    }
                    running += tasks
                    awaited = [task for task, stage in tasks.items() if not stage.is_background]
                    await asyncio.gather(*awaited)
        return [task.result() for task in running]

    async def _show_one(self, board: Board, stage: Stage, stages: Sequence[Stage]) -> StageOutcome:
        title = f"{stages.index(stage) + 1}/{len(stages)} {stage.title}"
        with board.show(title) as tell:
            return await self._run_one(stage, tell)

    async def _run_one(self, stage: Stage, tell: Tell) -> StageOutcome:
        began = time.monotonic()
        context = Context(self.seed, self.is_quick, self.folder / stage.name, tell)
        context.folder.mkdir()
        report = await run_stage(stage, context)
        outcome = StageOutcome(stage.name, stage.title, report, time.monotonic() - began)
        self.print_lines(list_figures(outcome))
        for violation in report.violations:
            self.print_lines(list_violation(violation))
        if report.violations:
            again = repeat_command(self.seed, stage.name, is_quick=self.is_quick)
            self.print_lines([f"  again: {again}"])
        else:
            shutil.rmtree(context.folder, ignore_errors=True)
        return outcome

    def print_lines(self, lines: Iterable[str]) -> None:
        """Print lines as they are."""
        for line in lines:
            self.console.print(line, markup=False)


def plan_waves(stages: Sequence[Stage]) -> list[list[Stage]]:
    """Put neighbours of one company together; every other stage runs alone."""
    together = groupby(stages, key=lambda stage: stage.company or f"{stage.name} alone")
    return [list(company) for _, company in together]


async def run_stage(stage: Stage, context: Context) -> StageReport:
    """Run one stage; whatever breaks it is a violation."""
    try:
        async with asyncio.timeout(STAGE_LIMIT_S):
            return await stage.run(context)
    except Exception as error:  # noqa: BLE001 - the other stages still run, and the run fails
        what = f"the stage broke off: {type(error).__name__}: {error}"
        return StageReport(violations=[Violation(what, tuple(traceback.format_exc().split("\n")))])


def repeat_command(seed: int, name: str, *, is_quick: bool) -> str:
    """Say what to type to see one stage again."""
    return f"make chaos{' QUICK=1' if is_quick else ''} SEED={seed} ONLY={name}"


def count_calls(outcomes: Sequence[StageOutcome]) -> StageOutcome:
    """Judge what only the whole of a full run can show: that there were calls enough."""
    whole = add_up([row for outcome in outcomes for row in outcome.report.rows])
    report = StageReport(figures={"calls placed": f"{whole.calls} (at least {LEAST_CALLS})"})
    if whole.calls < LEAST_CALLS:
        what = f"{whole.calls} calls were placed in all; a full run owes {LEAST_CALLS}."
        report.violations.append(Violation(what))
    return StageOutcome("in-all", "All stages together", report, 0.0)
