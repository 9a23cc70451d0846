"""Logs of the product during a run: errors are findings, all else is dropped unseen."""

import logging
import sys
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager

import structlog

from tests.simulation.handler_part import LAST_TASKS_S
from tests.simulation.scripts import Death

# The reporter's words for what the plan does to it on purpose.
_EXPECTED = ("outbox_not_read",)
_OUT_OF_TIME = "tasks_cancelled_at_shutdown"


class _Errors(logging.Handler):
    def __init__(self, troubles: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._troubles = troubles

    def emit(self, record: logging.LogRecord) -> None:
        """Keep an error as a trouble."""
        cause = record.exc_info[1] if record.exc_info else None
        self._troubles.append(
            f"{record.getMessage()} ({cause!r})" if cause else record.getMessage()
        )


@contextmanager
def errors_kept() -> Iterator[list[str]]:
    """Give the list that every logged error goes to."""
    troubles: list[str] = []

    def keep(_logger: object, _method: str, event: MutableMapping[str, object]) -> str:
        name = str(event.get("event"))
        if name not in _EXPECTED:
            error = event.get("exc_info")
            troubles.append(f"{name}: {_name_error(error)}")
        raise structlog.DropEvent

    settings = structlog.get_config()
    reporter, handler = logging.getLogger("call_reporter"), _Errors(troubles)
    kept = reporter.level, reporter.propagate
    structlog.configure(
        processors=[keep],
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        cache_logger_on_first_use=False,
    )
    reporter.setLevel(logging.ERROR)
    reporter.propagate = False
    reporter.addHandler(handler)
    try:
        yield troubles
    finally:
        reporter.removeHandler(handler)
        reporter.setLevel(kept[0])  # unlike an assignment, forgets what was answered meanwhile
        reporter.propagate = kept[1]
        structlog.configure(**settings)


def unexpected(troubles: Sequence[str], deaths: Sequence[Death]) -> list[str]:
    """Leave out what must be: who is frozen for longer than its stop may take is past its time."""
    slept = {one.name for one in deaths if one.kind == "frozen" and _is_long(one)}
    if any(one.kind == "stopped" and one.name in slept for one in deaths):
        return [one for one in troubles if not one.startswith(_OUT_OF_TIME)]
    return list(troubles)


def _is_long(freeze: Death) -> bool:
    return freeze.back_after_s is not None and freeze.back_after_s >= LAST_TASKS_S


def _name_error(error: object) -> str:
    if error is True:
        error = sys.exc_info()[1]
    return repr(error) if isinstance(error, BaseException) else ""
