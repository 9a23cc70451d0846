"""How tests find strace, which makes a system call fail or kill at the n-th time."""

import shutil
import subprocess
from functools import cache

import pytest


def strace_words(*rules: str) -> list[str]:
    """Give the words that run a program under strace; skip the test where that cannot be.

    `rules`: what `-e` is given.
    """
    refusal = _why_not()
    if refusal:
        pytest.skip(refusal)
    words = ["strace", "-f", "-qq", "-o", "/dev/null"]
    for rule in rules:
        words += ["-e", rule]
    return words


@cache
def _why_not() -> str:
    strace = shutil.which("strace")
    if strace is None:
        return "strace is not installed"
    tried = subprocess.run([strace, "-o", "/dev/null", "true"], capture_output=True, check=False)  # noqa: S603 - found by its name
    return "strace may not trace here (ptrace)" if tried.returncode else ""
