"""Logging for both services: structlog events and stdlib records as one kind of line, masked."""

import logging
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from foundation.log_lines import LineLogger, LineRenderer, render_text

# They log whole requests, numbers included, at INFO and DEBUG, or each step of a start and a stop,
# which our own lines tell too.
_TALKATIVE = (
    "twilio",
    "urllib3",
    "requests",
    "aiohttp.access",
    "httpx",
    "asyncio",
    "alembic",
    "uvicorn.error",
)


def configure_logging(service: str, level: str = "INFO", json: bool = False) -> None:
    """Send every log line of this process to stderr, one per event.

    `service` stands in each line. `json`: one JSON object a line instead of words.
    Full telephone numbers and media stream tokens are masked in the finished line.
    """
    renderer = LineRenderer(structlog.processors.JSONRenderer() if json else render_text)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _ServiceName(service),
    ]
    if json:
        shared.append(structlog.processors.format_exc_info)
    _take_stdlib_records(level, shared, renderer)
    # Our own events do not take the way of the stdlib's records, which is far longer.
    structlog.configure(
        processors=[*shared, renderer],
        logger_factory=LineLogger,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )


def _take_stdlib_records(level: str, shared: list[Processor], renderer: Processor) -> None:
    """Let the records of libraries leave by the same door, in the same form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


class _ServiceName:
    """Adds the service's name to every event."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["service"] = self._service
        return event
