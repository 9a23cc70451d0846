"""Goal 18: `make test` ends, green, within two minutes on two cores."""

import subprocess
import time

from benchmarks.harness import Line, Run
from benchmarks.harness.machine import REPOSITORY

SUITE = "make test"


def main() -> int:
    """Measure and judge; returns the exit code."""
    run = Run("test_time", profile="the whole suite, once")
    for turn in run.interleave([SUITE], 1):
        begun = time.perf_counter()
        done = subprocess.run(
            ["make", "-s", "test"],  # noqa: S607 - make from PATH
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
        run.add(turn.case, total_s=time.perf_counter() - begun, errors=float(done.returncode != 0))
        run.note(done.stdout.strip().splitlines()[-1])
    run.table("The suite", [Line(SUITE, None, "total_s")])
    run.judge("18", run.median(SUITE, "total_s"), case=SUITE)
    return run.finish()


if __name__ == "__main__":
    raise SystemExit(main())
