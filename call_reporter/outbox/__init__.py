"""The durable memory of a reporter: orders, started calls, turns and outcomes in one SQLite file."""

from call_reporter.outbox.store import (
    Backlog,
    Outbox,
    PutOutcome,
    RememberedOrder,
    WaitingOutcome,
)

__all__ = ["Backlog", "Outbox", "PutOutcome", "RememberedOrder", "WaitingOutcome"]
