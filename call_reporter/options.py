"""What a reporter is built with besides its target: clock, chance, failpoints, TLS, spans."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import grpc


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Tell the wall clock's time, aware, in UTC."""

    def monotonic(self) -> float:
        """Tell seconds that only ever grow."""


class WallClock:
    """Tells this machine's time."""

    def now(self) -> datetime:
        """Tell the wall clock's time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Tell seconds that only ever grow."""
        return time.monotonic()


def pass_failpoint(name: str) -> None:
    """Do nothing at the failpoint `name`; tests hand in a function that does something."""


@dataclass(frozen=True, slots=True)
class ReporterOptions:
    """Holds what few callers change; spans are seconds."""

    clock: Clock = field(default_factory=WallClock)
    chance: Callable[[], float] = field(default_factory=lambda: random.SystemRandom().random)
    """Draws a number from 0 to 1, for the jitter of the back-off."""
    failpoint: Callable[[str], None] = pass_failpoint
    """Called with the name of each step: `report.before_put`, `.after_put`, `.before_ack`."""
    credentials: grpc.ChannelCredentials | None = None
    """TLS credentials; None: plaintext."""
    back_off_first_s: float = 0.05
    back_off_max_s: float = 1.0
    report_deadline_s: float = 4.0
    batch_deadline_s: float = 5.0
    progress_deadline_s: float = 3.0
    claim_deadline_s: float = 3.0
    progress_every_s: float = 2.0
    """A progress is sent soon after turns, or after this span without one."""
    progress_gather_s: float = 0.25
    """So long a turn waits for those that come with it."""
    question_every_s: float = 0.5
    """A progress is sent after this span while a question to the person is open."""
    question_grace_s: float = 1.0
    """So much longer is waited than was told: an answer of the last moment is on its way then."""
    keep_s: float = 24 * 3600.0
    """How long acknowledged results and remembered orders stay in the outbox."""
    lazy_s: float = 0.2
    """How long an acknowledgement may wait for another row to share its commit."""
    ballast_bytes: int = 1 << 20
    """Disk space held back for running calls: 256 KiB for each that may run at once."""
    max_result_bytes: int = 256 * 1024
    """A larger result is cut when it is built for the outbox."""

    def back_off_s(self, failures: int) -> float:
        """Draw the pause after `failures` failures in a row: full jitter, doubling, bounded."""
        ceiling = min(self.back_off_max_s, self.back_off_first_s * 2.0 ** min(failures, 16))
        return ceiling * self.chance()
