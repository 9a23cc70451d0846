"""Makes call results durable and delivers them: outbox, Report, retry, recovery after a crash."""

from call_reporter.client import CallReporter
from call_reporter.errors import (
    ClaimError,
    ClaimRefused,
    ClaimUnanswered,
    InvalidCall,
    NotStarted,
    OutboxBroken,
    OutboxFull,
    OutboxInUse,
    OutboxUnavailable,
    ReporterError,
)
from call_reporter.options import Clock, ReporterOptions
from call_reporter.outbox import Backlog, RememberedOrder
from call_reporter.reported_call import ReportedCall
from call_reporter.wire import CHANNEL_OPTIONS

__all__ = [
    "CHANNEL_OPTIONS",
    "Backlog",
    "CallReporter",
    "ClaimError",
    "ClaimRefused",
    "ClaimUnanswered",
    "Clock",
    "InvalidCall",
    "NotStarted",
    "OutboxBroken",
    "OutboxFull",
    "OutboxInUse",
    "OutboxUnavailable",
    "RememberedOrder",
    "ReportedCall",
    "ReporterError",
    "ReporterOptions",
]
