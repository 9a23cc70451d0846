"""`python -m tests.chaos`: kills what can be killed, and compares the results with the ledger."""

import argparse
import asyncio
import logging
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tests.chaos.machine import describe_machine
from tests.chaos.promptness import say_spans
from tests.chaos.stage import Stage
from tests.chaos.stages import STAGES
from tests.chaos.table import has_failed, say_verdict, tabulate_kills, write_markdown
from tests.chaos.waves import Runner, count_calls

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


def main() -> int:
    """Run. Exit code: 0 all promises were kept, 1 a violation, 2 wrong arguments, 130 Ctrl-C."""
    arguments = read_arguments()
    seed = secrets.randbelow(HIGHEST_SEED) if arguments.seed is None else arguments.seed
    stages = choose_stages(STAGES, arguments.only, is_quick=arguments.quick)
    # An agent of ours says that the replica is away which was killed under it.
    logging.getLogger("call_reporter").addHandler(logging.NullHandler())
    console = Console(highlight=False, soft_wrap=True)
    folder = Path(tempfile.mkdtemp(prefix="ringback-chaos-"))
    runner = Runner(seed, arguments.quick, folder, console)
    names = ",".join(stage.name for stage in stages)
    facts = [f"seed {seed}: {names}", *describe_machine(), say_spans()]
    runner.print_lines(facts)
    began = time.monotonic()
    try:
        outcomes = asyncio.run(runner.run_all(stages))
    except KeyboardInterrupt:
        runner.print_lines([f"stopped by hand; what there is stays in {folder}"])
        return STOPPED
    if not (arguments.quick or arguments.only):
        outcomes.append(count_calls(outcomes))
    seconds = time.monotonic() - began
    runner.print_lines(["", tabulate_kills(outcomes).to_text(), ""])
    runner.print_lines([say_verdict(outcomes, seconds)])
    if arguments.report is not None:
        arguments.report.write_text(write_markdown(outcomes, facts, seconds), encoding="utf-8")
    if has_failed(outcomes):
        runner.print_lines([f"seed {seed}; logs, ledgers and databases stay in {folder}"])
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def _wanted(only: str) -> list[str]:
    return [name.strip() for name in only.split(",") if name.strip()]


def _names() -> str:
    return ", ".join(stage.name for stage in STAGES)


if __name__ == "__main__":
    sys.exit(main())
