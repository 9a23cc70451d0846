"""Failpoints: nothing unless armed, then the end of the process."""

import signal
import subprocess
import sys

from foundation.failpoints import arm_failpoints, failpoint

PROGRAM = """
from foundation.failpoints import arm_failpoints, failpoint
arm_failpoints(" dial.before_post, dial.after_post")
failpoint("another.point")
print("still here", flush=True)
failpoint("dial.after_post")
print("never", flush=True)
"""


def test_an_unarmed_failpoint_does_nothing() -> None:
    arm_failpoints("")
    failpoint("dial.before_post")


def test_an_armed_failpoint_kills_its_process() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=False)  # noqa: S603 - ours
    assert ended.returncode == -signal.SIGKILL
    assert ended.stdout == b"still here\n"
