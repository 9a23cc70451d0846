"""`python -m tests.chaos`: kills what can be killed, and compares the results with the ledger."""

import argparse
import asyncio
import secrets
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console

from tests.chaos.machine import describe_machine
from tests.chaos.progress import show_progress
from tests.chaos.stage import Context, Stage, StageReport, Violation
from tests.chaos.stages import STAGES
from tests.chaos.table import (
    StageOutcome,
    has_failed,
    list_figures,
    list_violation,
    say_verdict,
    tabulate_kills,
    write_markdown,
)

STAGE_LIMIT_S = 2_700.0
HIGHEST_SEED = 10**9
STOPPED = 130
"""As a shell says it of Ctrl-C."""


def read_arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; a wrong one prints what is wrong and exits 2."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the run for every commit")
    parser.add_argument("--seed", type=int, help="default: a new one each time, printed")
    parser.add_argument("--only", default="", metavar="NAME,NAME", help=f"of {_names()}")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the end as Markdown too")
    arguments = parser.parse_args(argv)
    unknown = set(_wanted(arguments.only)) - {stage.name for stage in STAGES}
    if unknown:
        parser.error(f"no stage {', '.join(sorted(unknown))}; there are {_names()}")
    return arguments


def choose_stages(stages: Sequence[Stage], only: str, *, is_quick: bool) -> list[Stage]:
    """Choose what to run: those named, else all that belong to the run."""
    wanted = _wanted(only)
    if wanted:
        return [stage for stage in stages if stage.name in wanted]
    return [stage for stage in stages if stage.is_in_quick or not is_quick]


def repeat_command(seed: int, name: str, *, is_quick: bool) -> str:
    """Say what to type to see one stage again."""
    return f"make chaos{' QUICK=1' if is_quick else ''} SEED={seed} ONLY={name}"


async def run_stage(stage: Stage, context: Context) -> StageReport:
    """Run one stage; whatever breaks it is a violation."""
    try:
        async with asyncio.timeout(STAGE_LIMIT_S):
            return await stage.run(context)
    except Exception as error:  # noqa: BLE001 - the other stages still run, and the run fails
        what = f"the stage broke off: {type(error).__name__}: {error}"
        return StageReport(violations=[Violation(what, tuple(traceback.format_exc().split("\n")))])


async def run_stages(
    stages: Sequence[Stage], seed: int, folder: Path, console: Console, *, is_quick: bool
) -> list[StageOutcome]:
    """Run the stages one after the other; a violation is told as soon as it is known."""
    outcomes = []
    for number, stage in enumerate(stages, 1):
        began = time.monotonic()
        with show_progress(console, f"{number}/{len(stages)} {stage.title}") as tell:
            context = Context(seed, is_quick, folder / stage.name, tell)
            context.folder.mkdir()
            report = await run_stage(stage, context)
        outcome = StageOutcome(stage.name, stage.title, report, time.monotonic() - began)
        outcomes.append(outcome)
        _print_lines(console, list_figures(outcome))
        for violation in report.violations:
            _print_lines(console, list_violation(violation))
        if report.violations:
            _print_lines(
                console, [f"  again: {repeat_command(seed, stage.name, is_quick=is_quick)}"]
            )
        else:
            shutil.rmtree(context.folder, ignore_errors=True)
    return outcomes


def main() -> int:
    """Run. Exit code: 0 all promises were kept, 1 a violation, 2 wrong arguments, 130 Ctrl-C."""
    arguments = read_arguments()
    seed = secrets.randbelow(HIGHEST_SEED) if arguments.seed is None else arguments.seed
    stages = choose_stages(STAGES, arguments.only, is_quick=arguments.quick)
    console = Console(highlight=False, soft_wrap=True)
    folder = Path(tempfile.mkdtemp(prefix="ringback-chaos-"))
    names = ",".join(stage.name for stage in stages)
    facts = [f"seed {seed}: {names}", *describe_machine()]
    _print_lines(console, facts)
    began = time.monotonic()
    try:
        outcomes = asyncio.run(run_stages(stages, seed, folder, console, is_quick=arguments.quick))
    except KeyboardInterrupt:
        _print_lines(console, [f"stopped by hand; what there is stays in {folder}"])
        return STOPPED
    seconds = time.monotonic() - began
    _print_lines(console, ["", tabulate_kills(outcomes).to_text(), ""])
    _print_lines(console, [say_verdict(outcomes, seconds)])
    if arguments.report is not None:
        arguments.report.write_text(write_markdown(outcomes, facts, seconds), encoding="utf-8")
    if has_failed(outcomes):
        _print_lines(console, [f"seed {seed}; logs, ledgers and databases stay in {folder}"])
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def _print_lines(console: Console, lines: Iterable[str]) -> None:
    for line in lines:
        console.print(line, markup=False)


def _wanted(only: str) -> list[str]:
    return [name.strip() for name in only.split(",") if name.strip()]


def _names() -> str:
    return ", ".join(stage.name for stage in STAGES)


if __name__ == "__main__":
    sys.exit(main())
