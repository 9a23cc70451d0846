"""Finished log lines: how an event is worded, masked and written."""

import contextlib
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from operator import itemgetter

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from foundation.text import escape_controls, mask_line

MANY = "many"
"""`log.info("stored", many=rows)` is one line for each of the rows, all written at once.

A row's values are texts, numbers and None. Measured: benchmarks/parts.py, 2.9 us a line instead of
11.5 by an `info` each.
"""
_LONG = frozenset({"stack", "exception", "exc_info"})
_QUOTED = frozenset(" \t=\r\n\"'")
_console = structlog.dev.ConsoleRenderer(
    colors=False, exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
)
_writing = threading.Lock()


class LineLogger:
    """Writes finished lines to stderr; structlog makes one for each of our loggers."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self._stream = sys.stderr

    def info(self, lines: str) -> None:
        """Write; what cannot be written must not stop the work it tells of."""
        with _writing, contextlib.suppress(OSError, ValueError):
            self._stream.write(lines + "\n")
            self._stream.flush()

    debug = warning = error = critical = exception = info


class LineRenderer:
    """Words an event, masks numbers and tokens in the finished line.

    Control characters are escaped: what a stranger sends must not steer the reader's terminal.
    """

    def __init__(self, renderer: Processor) -> None:
        self._renderer = renderer

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> str:
        """Render one event, or the lines of many."""
        rows = event.pop(MANY, None)
        if rows is None:
            return finish_line(str(self._renderer(logger, method, event)))
        if self._renderer is render_text:
            return "\n".join(map(finish_line, word_rows(event, rows)))
        each = (self._renderer(logger, method, {**row, **event, **row}) for row in rows)
        return "\n".join([finish_line(str(line)) for line in each])


def finish_line(line: str) -> str:
    """Mask and escape; what every masked thing has somewhere is in very few lines."""
    if not line.isprintable():
        line = escape_controls(line)
    if "+" in line or "%" in line or "/media-stream/" in line:
        line = mask_line(line)
    return line


def render_text(logger: WrappedLogger, method: str, event: EventDict) -> str:
    """Word an event as structlog's console does, which takes five times as long.

    Events with a traceback are rare: they are left to the console's own rendering.
    """
    if not _LONG.isdisjoint(event):
        return str(_console(logger, method, event))
    head = _take_head(event)
    return head + " ".join([f"{name}={_show(event[name])}" for name in sorted(event)])


def word_rows(event: EventDict, rows: Sequence[Mapping[str, object]]) -> Iterable[str]:
    """Word a line for each row, with what the event has."""
    head = _take_head(event)
    known: AbstractSet[str] = frozenset()
    for row in rows:
        if row.keys() != known:
            known = row.keys()
            names = sorted({*event, *row})
            values_of, form = itemgetter(*names), " ".join([f"{name}=%s" for name in names])
        values = values_of({**event, **row})
        line = form % values
        is_plain = line.count(" ") + 1 == line.count("=") == len(names) and line.isprintable()
        if not is_plain or "'" in line or '"' in line:
            line = form % tuple(map(_show, values))
        yield head + line


def _take_head(event: EventDict) -> str:
    head = f"{event.pop('timestamp')} [{event.pop('level'):9}] {event.pop('event')}"
    return f"{head} [{event.pop('logger')}] "


def _show(value: object) -> str:
    if isinstance(value, str):
        return value if _QUOTED.isdisjoint(value) else repr(value)
    return repr(value)
