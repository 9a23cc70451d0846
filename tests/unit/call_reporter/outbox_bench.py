"""What the outbox's tests stand on: an open outbox in a folder, and results to put into it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from call_reporter import ReporterOptions
from call_reporter.options import Clock
from call_reporter.outbox import Outbox
from ringback.v1 import call_results_pb2 as pb


@dataclass
class SetClock:
    """Tells the time that the test sets."""

    time: datetime = field(default_factory=lambda: datetime(2026, 11, 23, 12, tzinfo=UTC))

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    def advance(self, span: timedelta) -> None:
        self.time += span


@asynccontextmanager
async def opened(
    folder: Path, *, clock: Clock | None = None, ballast_bytes: int = 0
) -> AsyncIterator[Outbox]:
    """Open the outbox in `folder` and close it at the end."""
    options = ReporterOptions(
        clock=clock or SetClock(), ballast_bytes=ballast_bytes, lazy_s=0.0, keep_s=3_600.0
    )
    outbox = Outbox(folder / "calls.db", options)
    await outbox.open()
    try:
        yield outbox
    finally:
        await outbox.close()


def outcome(number: int, *, text: str = "", report_id: str = "") -> pb.CallResult:
    """Build a result of call `number`."""
    return pb.CallResult(
        call_sid=f"CA{number:032x}",
        status=pb.CALL_STATUS_COMPLETED,
        summary=text or f"summary {number}",
        report_id=report_id or f"report-{number}",
    )


async def waiting_in(outbox: Outbox) -> list[str]:
    """List the summaries of what waits."""
    return [each.result.summary for each in await outbox.list_waiting(0, 1_000, 1 << 20)]
