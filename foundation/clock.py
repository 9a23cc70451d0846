"""The clock as an argument: rules ask it for the time, tests hand in their own."""

import time
from datetime import UTC, datetime
from typing import Protocol

# A laptop that sleeps with a confirmed call must not take the night for a jump of its wall clock
# and dial in the morning. CLOCK_MONOTONIC stands still meanwhile on Linux, not so on macOS; other
# systems have their one clock.
_AWAKE = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))


class Clock(Protocol):
    """Tells the time of day and measures spans."""

    def now(self) -> datetime:
        """Tell the time of day: aware, UTC. It may jump."""

    def monotonic(self) -> float:
        """Count seconds from an arbitrary start, those of a sleep too; never goes back."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Tell the time of day: aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Count seconds from an arbitrary start, those in which the machine slept too."""
        return time.monotonic() if _AWAKE is None else time.clock_gettime(_AWAKE)
