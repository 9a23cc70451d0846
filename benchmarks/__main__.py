"""`python -m benchmarks`: runs the benchmarks one after the other and judges every goal."""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.catalogue import BENCHMARKS, Benchmark, UnknownBenchmark, choose
from benchmarks.harness.judging import Judgement, Verdict
from benchmarks.harness.plots import draw_file
from benchmarks.harness.run import RESULTS
from benchmarks.harness.terminal import paint, width
from benchmarks.page import PAGE, write_page
from benchmarks.progress_bar import ProgressBar
from benchmarks.runner import Outcome, run_benchmark
from benchmarks.scoreboard import Finished, collect_verdicts, sum_up, tabulate

STOPPED = 130
"""As a shell says it of Ctrl-C."""


def read_arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; a wrong one prints what is wrong and exits 2."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--peers", action="store_true", help="the peers' set too (30 min)")
    parser.add_argument("--only", default="", metavar="NAME,NAME", help="these, no others")
    parser.add_argument("--gate", action="store_true", help="exit 1 when a goal falls short")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--list", action="store_true", help="list the benchmarks, run nothing")
    instead.add_argument("--plots", action="store_true", help="draw all results files again")
    instead.add_argument("--docs", action="store_true", help="write the results into the page")
    arguments = parser.parse_args(argv)
    try:
        arguments.chosen = choose(arguments.only, with_peers=arguments.peers)
    except UnknownBenchmark as error:
        parser.error(str(error.args[0]))
    return arguments


def main() -> int:
    """Run. Exit code: 0 done, 1 one broke off or --gate and a goal falls short, 2 wrong use."""
    arguments = read_arguments()
    if arguments.list:
        return list_benchmarks()
    if arguments.plots or arguments.docs:
        files = sorted(arguments.results.glob("*.jsonl"))
        drawn = [path for file in files for path in draw_file(file)]
        print(f"{len(drawn)} plots drawn from {len(files)} files")
        if arguments.docs:
            write_page(PAGE, arguments.results)
        return 0
    begun = time.monotonic()
    try:
        outcomes = asyncio.run(run_all(arguments))
    except KeyboardInterrupt:
        print("stopped by hand; what was measured stays in the results", file=sys.stderr)
        return STOPPED
    return conclude(outcomes, arguments, time.monotonic() - begun)


async def run_all(arguments: argparse.Namespace) -> list[Outcome]:
    """Run the chosen benchmarks, one process at a time, and print what each says."""
    chosen: list[Benchmark] = arguments.chosen
    flags = ["--peers"] if arguments.peers else []
    budgets = [(one.name, one.budget_s(with_peers=arguments.peers)) for one in chosen]
    outcomes = []
    with ProgressBar(budgets) as bar:
        for benchmark in chosen:
            with bar.show(benchmark.name) as tell:
                outcome = await run_benchmark(benchmark, flags, arguments.results, tell)
            bar.print(describe(outcome))
            outcomes.append(outcome)
    return outcomes


def describe(outcome: Outcome) -> str:
    """Return what a benchmark printed; of one that broke off, how, and its last lines."""
    if not outcome.is_crashed:
        return f"\n{outcome.output}"
    head = f"{outcome.benchmark.name} broke off after {outcome.seconds:.0f} s: {outcome.reason}"
    tail = outcome.tail or tuple(outcome.output.splitlines()[-5:])
    return "\n".join([f"\n{paint(head, 'red')}", *(f"  | {line}" for line in tail)])


def conclude(outcomes: Sequence[Outcome], arguments: argparse.Namespace, seconds: float) -> int:
    """Print the table of goals; returns the exit code."""
    finished = [
        Finished(outcome.benchmark, outcome.results.verdicts, outcome.reason)
        for outcome in outcomes
    ]
    verdicts = collect_verdicts(finished, with_peers=arguments.peers)
    if verdicts:
        print(f"\n{paint('Goals', 'bold')}")
        print("\n".join(tabulate(verdicts, width())))
    minutes, rest = divmod(round(seconds), 60)
    print(f"\n{paint(sum_up(verdicts), 'bold')}; {minutes} min {rest} s")
    if not (arguments.peers or arguments.only):
        print("The other goals need other frameworks or more time: make bench PEERS=1")
    broken = [outcome.benchmark.name for outcome in outcomes if outcome.is_crashed]
    if broken:
        print(paint(f"broke off: {', '.join(broken)}", "red"))
    return 1 if broken or (arguments.gate and _falls_short(verdicts)) else 0


def list_benchmarks() -> int:
    """Print each benchmark with its claim, its goals and its seconds."""
    for benchmark in BENCHMARKS:
        goals = ", ".join(goal.id for goal in benchmark.goals(with_peers=True))
        where = "PEERS=1" if benchmark.is_peer else ""
        seconds = benchmark.budget_s(with_peers=benchmark.is_peer)
        print(f"{benchmark.name:<16} {seconds:>4} s  {where:<7}  {benchmark.claim}")
        if goals:
            print(f"{'':<33}goals {goals}")
    return 0


def _falls_short(verdicts: Sequence[Verdict]) -> bool:
    return any(verdict.judgement is Judgement.SHORT for verdict in verdicts)


if __name__ == "__main__":
    sys.exit(main())
