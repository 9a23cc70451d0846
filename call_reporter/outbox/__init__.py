"""The durable memory of a reporter: orders, started calls, turns, outcomes in one SQLite file."""

from call_reporter.outbox.rows import (
    FRAMING_BYTES,
    PutOutcome,
    RememberedOrder,
    WaitingOutcome,
)
from call_reporter.outbox.store import Backlog, Disk, Outbox

__all__ = [
    "FRAMING_BYTES",
    "Backlog",
    "Disk",
    "Outbox",
    "PutOutcome",
    "RememberedOrder",
    "WaitingOutcome",
]
