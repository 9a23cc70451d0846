"""Goal 20: `make call` takes its script's own length and at most four seconds more.

Set up: the whole command, from the shell to the printed result - three services started, one
errand in the chat, one call, one result - less what the call itself lasts at this time factor: the
result's transcript says how long that is. With --peers also from nothing: a fresh clone of this
repository into a folder with a space, `make call`, to the result.
"""

import json
import tempfile
import time
from pathlib import Path

from benchmarks.harness import Line, Run, run_to_end
from benchmarks.harness.machine import REPOSITORY

TIME_FACTOR = 5.0
CALL, SCRIPT, CLONE = "make call", "the script's own length", "fresh clone, make call"
_WITHIN_S = 180.0
_MS = 1000.0


def main() -> int:
    """Measure and judge; returns the exit code."""
    run = Run("make_call", profile=f"scenario order_taken, time factor {TIME_FACTOR:g}")
    for turn in run.interleave([CALL], 2 if run.is_quick else None):
        total, length = measure_call(REPOSITORY)
        run.add(SCRIPT, total_s=length)
        run.add(turn.case, total_s=total, beyond_s=total - length)
    cases = [SCRIPT, CALL]
    if run.has_peers:
        run.add(CLONE, total_s=measure_clone())
        cases.append(CLONE)
    run.table(
        "From the shell to the result",
        [Line(case, None, "total_s", ("beyond_s",)) for case in cases],
    )
    run.judge("20/call", run.median(CALL, "beyond_s"), anchor=SCRIPT, figure="total_s")
    if run.has_peers:
        run.judge("20/clone", run.median(CLONE, "total_s"))
        run.note("the clone's packages came from this machine's cache or index, as pip has them")
    run.bars("From the shell to the result", "total_s", cases)
    return run.finish()


def measure_call(folder: Path) -> tuple[float, float]:
    """Run `make call` in a folder; returns s in all, and s that the call itself lasted."""
    begun = time.perf_counter()
    told = run_to_end(["make", "-s", "call", f"TIME_FACTOR={TIME_FACTOR:g}"], _WITHIN_S, folder)
    total = time.perf_counter() - begun
    return total, read_length_s(told) / TIME_FACTOR


def measure_clone() -> float:
    """Clone this repository into an empty folder and run `make call` there; s in all."""
    with tempfile.TemporaryDirectory(prefix="fresh clone ") as folder:
        target = Path(folder) / "ringback"
        begun = time.perf_counter()
        clone = ["git", "clone", "-q", "--no-hardlinks", str(REPOSITORY), str(target)]
        run_to_end(clone, _WITHIN_S, Path(folder))
        measure_call(target)
        return time.perf_counter() - begun


def read_length_s(told: str) -> float:
    """Read from a printed CallResult how long the call lasted by its own clock, s."""
    result = json.loads(told)
    return float(max(turn["end_ms"] for turn in result["transcript"])) / _MS


if __name__ == "__main__":
    raise SystemExit(main())
