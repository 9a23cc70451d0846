"""Script time: the wall clock, sped up by the time factor."""

import asyncio
import time
from datetime import UTC, datetime
from email.utils import format_datetime


class ScriptClock:
    """Measures and waits in script seconds; a factor of 10 makes 10 of them from one real one."""

    def __init__(self, factor: float = 1.0) -> None:
        if factor <= 0:
            raise ValueError(f"time factor {factor} is not above 0")
        self.factor = factor

    def now(self) -> float:
        """Give script seconds on a monotonic clock with an arbitrary start."""
        return time.monotonic() * self.factor

    async def sleep(self, script_s: float) -> None:
        """Wait `script_s` script seconds."""
        await asyncio.sleep(max(0.0, script_s) / self.factor)


def wall_now() -> datetime:
    """Give the wall clock in UTC, whole seconds: what Twilio prints."""
    return datetime.now(UTC).replace(microsecond=0)


def rfc2822(moment: datetime | None) -> str | None:
    """Print `moment` as Twilio does (`Tue, 31 Aug 2010 20:36:28 +0000`); None stays None."""
    return None if moment is None else format_datetime(moment)
