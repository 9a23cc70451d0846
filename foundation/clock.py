"""The clock as an argument: rules ask it for the time, tests hand in their own."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time of day and measures spans."""

    def now(self) -> datetime:
        """Tell the time of day: aware, UTC. It may jump."""

    def monotonic(self) -> float:
        """Count seconds from an arbitrary start; never goes back."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Tell the time of day: aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Count seconds from an arbitrary start."""
        return time.monotonic()
