"""Failpoints: nothing unless armed, then the end of the process."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from foundation.failpoints import FAILPOINTS, arm_failpoints, failpoint
from tests.chaos.failpoints import OF_HANDLER, OF_ORCHESTRATOR

HOME = Path(__file__).parents[3]
PRODUCT = ("orchestrator", "Pizza Agent", "call_reporter", "foundation")
PASSED = re.compile(r'failpoint\("([a-z_.]+)"\)')

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


@pytest.mark.chaos
def test_an_armed_failpoint_kills_its_process() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=False)  # noqa: S603 - ours
    assert ended.returncode == -signal.SIGKILL
    assert ended.stdout == b"still here\n"


def test_the_list_names_every_failpoint_that_the_product_passes() -> None:
    files = [file for part in PRODUCT for file in (HOME / part).rglob("*.py")]
    passed = {name for file in files for name in PASSED.findall(file.read_text(encoding="utf-8"))}
    assert sorted(passed) == sorted(FAILPOINTS)


def test_a_chaos_run_dies_at_every_failpoint() -> None:
    assert sorted(OF_ORCHESTRATOR + OF_HANDLER) == sorted(FAILPOINTS)
