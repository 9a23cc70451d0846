"""Named points at which a test kills the process: no-ops unless armed."""

import os
import signal
from collections.abc import Iterable

_armed: frozenset[str] = frozenset()


def arm_failpoints(names: str | Iterable[str]) -> None:
    """Arm the named failpoints, in place of those armed before.

    `names`: a comma list, as in RINGBACK_FAILPOINTS, or the names one by one.
    """
    global _armed  # noqa: PLW0603 - one process, one set of failpoints: it dies at the first
    parts = names.split(",") if isinstance(names, str) else names
    _armed = frozenset(part.strip() for part in parts if part.strip())


def failpoint(name: str) -> None:
    """Kill this process with SIGKILL if the failpoint is armed; otherwise do nothing."""
    if name in _armed:
        os.kill(os.getpid(), signal.SIGKILL)
