"""Runs one seed, or a range of them: `python -m tests.simulation SEED [COUNT]`."""

import argparse
import sys

from tests.simulation.plans import draw_plan
from tests.simulation.runs import run_seeds
from tests.simulation.seed import Bench, run_seed
from tests.simulation.telling import describe_findings, tell_history


def main() -> int:
    """Tell the history of one seed, or the findings of many."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("count", type=int, nargs="?", default=1)
    chosen = parser.parse_args()
    if chosen.count > 1:
        many = run_seeds(chosen.seed, chosen.count)
        lines = [line for violation in many.violations for line in violation]
        hours = many.virtual_s / 3600
        lines.append(
            f"{many.seeds} seeds, {hours:.1f} simulated hours, {many.calls} calls,"
            f" {many.deaths} deaths, {len(many.violations)} seeds with violations"
        )
    else:
        bench = Bench()
        report = run_seed(chosen.seed, bench)
        bench.close()
        lines = [str(draw_plan(chosen.seed)), *tell_history(report, set())]
        lines.append(describe_findings(report) if report.findings else "nothing is violated")
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if "Again:" in "\n".join(lines) else 0


if __name__ == "__main__":
    sys.exit(main())
