"""A watch over the event loop: it says where the loop stands still, and that it did a moment ago.

All calls of a process wait for its one loop. A thread looks on, for a blocked loop says nothing.
"""

import asyncio
import math
import sys
import threading
import time
import traceback
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

log = structlog.get_logger(__name__)

_FRAMES = 3


class LoopWatch:
    """Watches the loop in which it is entered; spans are seconds of the monotonic clock.

    `blocked_s`: without a turn for so long the loop is called blocked. `doubt_s`: how long after
    that it is not trusted with new work.
    """

    def __init__(self, blocked_s: float = 2.0, doubt_s: float = 2.0) -> None:
        self._blocked_s = blocked_s
        self._doubt_s = doubt_s
        self._beat_at = math.inf  # inf while nothing is watched
        self._doubted_until = -math.inf
        self._beat: asyncio.TimerHandle | None = None  # None while nothing is watched
        self._closed = threading.Event()
        self._loop_thread = 0
        self._thread = threading.Thread(target=self._look_on, name="loop-watch", daemon=True)

    def __enter__(self) -> Self:
        """Watch the running loop."""
        self._loop_thread = threading.get_ident()
        self._beat_at = time.monotonic()
        self._take_turn()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Watch no longer."""
        if self._beat is not None:
            self._beat.cancel()
        self._beat_at = math.inf
        self._closed.set()
        self._thread.join()

    @property
    def was_blocked(self) -> bool:
        """Say whether the loop has just stood still, so that what comes in may be old."""
        now = time.monotonic()
        return now < self._doubted_until or now - self._beat_at >= self._blocked_s

    def _take_turn(self) -> None:
        """Note that the loop has come round, and how late it is."""
        now = time.monotonic()
        late_s, self._beat_at = now - self._beat_at, now
        if late_s >= self._blocked_s:
            self._doubted_until = now + self._doubt_s
            log.warning("event_loop_runs_again", after_s=round(late_s, 1))
        loop = asyncio.get_running_loop()
        self._beat = loop.call_later(self._blocked_s / 4, self._take_turn)

    def _look_on(self) -> None:
        said = math.inf  # the turn after which it was said
        while not self._closed.wait(self._blocked_s / 4):
            beat_at = self._beat_at
            late_s = time.monotonic() - beat_at
            if late_s >= self._blocked_s and beat_at != said:
                said = beat_at
                log.error("event_loop_blocked", for_s=round(late_s, 1), at=self._place())

    def _place(self) -> str:
        """Name the innermost places where the loop's thread is."""
        frame = sys._current_frames().get(self._loop_thread)  # noqa: SLF001 - no other way
        frames = traceback.extract_stack(frame)[-_FRAMES:] if frame is not None else []
        return " < ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in reversed(frames))
