"""Goal 18: `make test` ends, green, within two minutes on two cores."""

import time

from benchmarks.harness import Line, Run, child
from benchmarks.harness.machine import REPOSITORY

SUITE = "make test"
_WITHIN_S = 200.0


def main() -> int:
    """Measure and judge; returns the exit code."""
    run = Run("test_time", profile="the whole suite, once")
    for turn in run.interleave([SUITE], 1):
        begun = time.perf_counter()
        with child(["make", "-s", "test"], cwd=REPOSITORY) as suite:
            said = suite.rest(_WITHIN_S).strip().splitlines()
            failed = suite.wait(1.0) != 0
        run.add(turn.case, total_s=time.perf_counter() - begun, errors=float(failed))
        run.note(said[-1] if said else "it said nothing")
    run.table("The suite", [Line(SUITE, None, "total_s")])
    run.judge("18", run.median(SUITE, "total_s"), case=SUITE)
    return run.finish()


if __name__ == "__main__":
    raise SystemExit(main())
