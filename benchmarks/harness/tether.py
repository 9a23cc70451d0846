"""Ends what a benchmark has started when the benchmark itself is ended, in whatever way.

A process of its own that reads which sessions there are from a pipe; the pipe ends with whoever
holds its other end, and then every session that is still there is killed. The measured processes
know nothing of it, and start no slower for it.
"""

import contextlib
import os
import signal
import subprocess
import sys
from functools import cache


def hold(pid: int) -> None:
    """Kill the session of this process, by its leader's id, when we end; unless it is let go."""
    _tell(f"{pid}\n")


def let_go(pid: int) -> None:
    """Leave this session alone from now on: it is over."""
    _tell(f"-{pid}\n")


def main() -> None:
    """Read until the pipe ends, then kill what is left."""
    held: set[int] = set()
    for line in sys.stdin:
        number = int(line)
        if number > 0:
            held.add(number)
        else:
            held.discard(-number)
    for pid in held:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def _tell(line: str) -> None:
    pipe = _start().stdin
    if pipe is not None:
        with contextlib.suppress(BrokenPipeError):
            pipe.write(line)
            pipe.flush()


@cache
def _start() -> subprocess.Popen[str]:
    """Start it once in each process that measures; `-S`: it needs no packages, and starts at once.

    Nobody waits for its end: it comes after ours.
    """
    return subprocess.Popen(
        [sys.executable, "-S", "-m", "benchmarks.harness.tether"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


if __name__ == "__main__":
    main()
