"""The machine's clock: what it measures goes on while the machine sleeps."""

import os
import shutil
import subprocess
import sys
import time

import pytest

from foundation.clock import SystemClock

NIGHT_S = 28_800
PROGRAM = """
import time
from foundation.clock import SystemClock
print(SystemClock().monotonic() - time.monotonic())
"""


def slept(seconds: int) -> list[str]:
    """Give the words that run a program on a machine that has slept; skip where they fail."""
    unshare = shutil.which("unshare") or pytest.skip("unshare is not installed")
    words = [unshare, "--time", "--fork", f"--boottime={seconds}"]
    if subprocess.run([*words, "true"], capture_output=True, check=False).returncode:  # noqa: S603 - ours
        pytest.skip("no time namespaces here (Linux 5.6 and root)")
    return words


def test_f48_the_seconds_of_a_sleep_are_counted() -> None:
    words = [*slept(NIGHT_S), sys.executable, "-c", PROGRAM]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    told = subprocess.run(words, capture_output=True, check=True, env=environment)  # noqa: S603 - ours
    awake = SystemClock().monotonic() - time.monotonic()
    assert float(told.stdout) - awake == pytest.approx(NIGHT_S, abs=5)


def test_spans_never_run_backwards() -> None:
    clock = SystemClock()
    read = [clock.monotonic() for _ in range(100)]
    assert read == sorted(read)
