"""`python -m tests.evaluation`: plays every scripted callee and compares with what is expected."""

import argparse
import asyncio
import logging
import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tests.chaos.machine import describe_machine
from tests.chaos.progress import Board
from tests.evaluation.barge_ins import BargeIns, measure_barge_ins
from tests.evaluation.judge import CLOSED_WITHIN_S, closing_delay_s
from tests.evaluation.report import write_report
from tests.evaluation.runs import Plan, Session, play_all, play_interrupted
from tests.evaluation.table import Row, group_runs, tabulate

HIGHEST_SEED = 10**6
INTERRUPTED_CALLS = 36
AT_THE_SPEED_OF_LIFE = "the_same_at_the_speed_of_life"


def read_arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; a wrong one prints what is wrong and exits 2."""
    parser = argparse.ArgumentParser(prog="python -m tests.evaluation", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of each callee (default 5)")
    parser.add_argument("--seed", type=int, help="default: a new one each time, printed")
    parser.add_argument("--only", default="", metavar="NAME,NAME", help="these callees, no others")
    parser.add_argument("--report", type=Path, default=Path("evaluation.html"), metavar="FILE")
    arguments = parser.parse_args(argv)
    if arguments.runs < 1:
        parser.error("--runs must be at least 1")
    return arguments


def main() -> int:
    """Run. Exit code: 0 all as expected, 1 something missed, 2 wrong use."""
    logging.disable(logging.CRITICAL)
    arguments = read_arguments()
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    seed = secrets.randbelow(HIGHEST_SEED) if arguments.seed is None else arguments.seed
    only = [name for name in arguments.only.split(",") if name]
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ringback eval ") as folder:
        plan = Plan(seed, arguments.runs, only, Path(folder))
        try:
            sessions = asyncio.run(_play(plan, Board(console)))
        except KeyError as error:
            sys.stderr.write(f"no callee {error}; `ringback scenarios` lists them\n")
            return 2
    return _conclude(arguments.report, seed, sessions, time.monotonic() - begun)


async def _play(plan: Plan, board: Board) -> tuple[Session, Session]:
    with board.open():
        with board.show("scripted callees") as tell:
            played = await play_all(plan, tell)
        if plan.only:
            return played, Session((), {})
        with board.show("interruptions at the speed of life") as tell:
            return played, await play_interrupted(plan, INTERRUPTED_CALLS, tell)


def _conclude(report: Path, seed: int, sessions: tuple[Session, Session], seconds: float) -> int:
    """Print the table, write the page, and say by the exit code whether all was as expected."""
    calls, interrupted = (session.played for session in sessions)
    rows = group_runs(calls)
    if interrupted:
        rows.append(Row(AT_THE_SPEED_OF_LIFE, interrupted))
    barge_ins = measure_barge_ins(line for call in interrupted for line in call.lines)
    misses = [*_list_misses(rows), *(miss for session in sessions for miss in session.misses())]
    if interrupted:
        misses += [f"interruptions: {miss}" for miss in barge_ins.misses()]
    facts = [
        "; ".join([f"seed {seed}", *describe_machine()]),
        *_list_figures(rows),
        *(_list_truncation(barge_ins) if interrupted else []),
        f"{seconds / 60:.1f} minutes",
    ]
    sys.stdout.write(tabulate(rows).to_text() + "\n\n")
    sys.stdout.write("\n".join([*facts, *(f"MISSED: {miss}" for miss in misses)]) + "\n")
    report.write_text(write_report(rows, facts, misses), encoding="utf-8")
    sys.stdout.write(f"transcripts: {report}\n")
    sys.stdout.write("all as expected\n" if not misses else f"{len(misses)} missed\n")
    return 1 if misses else 0


def _list_misses(rows: Sequence[Row]) -> list[str]:
    return [
        f"{row.name}, seed {played.seed}: {wrong}"
        for row in rows
        for played, all_wrong in row.misses
        for wrong in all_wrong
    ]


def _list_figures(rows: Sequence[Row]) -> list[str]:
    calls = [call for row in rows for call in row.runs]
    delays = sorted(delay for call in calls if (delay := closing_delay_s(call)) is not None)
    late = sum(delay > CLOSED_WITHIN_S for delay in delays)
    good = sum(len(row.runs) - len(row.misses) for row in rows)
    slowest = f", the slowest after {delays[-1]:.2f} s" if delays else ""
    total, false = sum(len(row.runs) for row in rows), sum(row.false_successes for row in rows)
    return [
        f"{good} of {total} calls of {len(rows)} scripted callees as expected",
        f"false successes: {false}",
        f"model sessions open after {CLOSED_WITHIN_S:g} s: {late} of {len(delays)}{slowest}",
    ]


def _list_truncation(barge_ins: BargeIns) -> list[str]:
    shares = ", ".join(
        f"p{round(share * 100)} {barge_ins.percentile_ms(share):.0f} ms" for share in (0.5, 0.99)
    )
    error = f"{shares}, worst {barge_ins.worst_ms:.0f} ms"
    return [
        f"{len(barge_ins.errors_ms)} interruptions, truncation error: {error}",
        f"truncations rejected: {barge_ins.rejected}; stale stretches: {barge_ins.stale}",
    ]


if __name__ == "__main__":
    sys.exit(main())
