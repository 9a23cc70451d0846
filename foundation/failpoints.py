"""Named points at which a test kills the process: no-ops unless armed."""

import os
import signal
from collections.abc import Iterable

FAILPOINTS = (
    "confirm.before_commit",
    "confirm.after_commit",
    "order.before_post",
    "order.after_post",
    "dial.before_post",
    "dial.after_post",
    "stream.claimed",
    "progress.before_commit",
    "progress.after_commit",
    "report.before_put",
    "report.after_put",
    "report.before_ack",
    "record.before_commit",
    "record.after_commit",
    "callback.before_commit",
    "callback.after_commit",
    "ask.after_answer",
)
"""All that there are, in the order in which a call passes them."""

_armed: frozenset[str] = frozenset()


def arm_failpoints(names: str | Iterable[str]) -> None:
    """Arm the named failpoints, in place of those armed before.

    `names`: a comma list, as in RINGBACK_FAILPOINTS, or the names one by one.
    """
    global _armed  # noqa: PLW0603 - one process, one set of failpoints: it dies at the first
    _armed = frozenset(split_names(names) if isinstance(names, str) else names)


def split_names(names: str) -> list[str]:
    """Split a comma list."""
    return [part.strip() for part in names.split(",") if part.strip()]


def failpoint(name: str) -> None:
    """Kill this process with SIGKILL if the failpoint is armed; otherwise do nothing."""
    if name in _armed:
        os.kill(os.getpid(), signal.SIGKILL)
