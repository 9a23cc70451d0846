"""Finished log lines: how an event is worded, masked and written."""

import contextlib
import re
import sys
import threading

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from foundation.text import escape_controls, mask_line

_QUOTED = re.compile("[ \t=\r\n\"']")
_LONG = frozenset({"stack", "exception", "exc_info"})
_console = structlog.dev.ConsoleRenderer(
    colors=False, exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
)
_writing = threading.Lock()


class LineLogger:
    """Writes finished lines to stderr; structlog makes one for each of our loggers."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self._stream = sys.stderr

    def info(self, line: str) -> None:
        """Write a line; one that cannot be written must not stop the work it tells of."""
        with _writing, contextlib.suppress(OSError, ValueError):
            self._stream.write(line + "\n")
            self._stream.flush()

    debug = warning = error = critical = exception = info


def render_text(logger: WrappedLogger, method: str, event: EventDict) -> str:
    """Word an event as structlog's console does, which takes five times as long.

    Events with a traceback are rare: they are left to the console's own rendering.
    """
    if not _LONG.isdisjoint(event):
        return str(_console(logger, method, event))
    head = f"{event.pop('timestamp')} [{event.pop('level'):9}] {event.pop('event')}"
    head += f" [{event.pop('logger')}] "
    return head + " ".join([f"{name}={_show(event[name])}" for name in sorted(event)])


def _show(value: object) -> str:
    if isinstance(value, str):
        return repr(value) if _QUOTED.search(value) else value
    return repr(value)


class Masked:
    """Renders an event and masks numbers and tokens in the finished line.

    Control characters are escaped: what a stranger sends must not steer the reader's terminal.
    """

    def __init__(self, renderer: Processor) -> None:
        self._renderer = renderer

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> str:
        """Render."""
        line = str(self._renderer(logger, method, event))
        if not line.isprintable():
            line = escape_controls(line)
        return mask_line(line) if _may_be_secret(line) else line


def _may_be_secret(line: str) -> bool:
    """Say whether a line has what every masked thing has somewhere; most have none of it."""
    return "+" in line or "%" in line or "/media-stream/" in line
