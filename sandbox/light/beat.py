"""The one timer of all calls: each member is called once in 20 ms, evenly spread."""

import asyncio
import logging
import time
from collections.abc import Callable

from sandbox.mulaw import FRAME_MS

log = logging.getLogger("sandbox.light")

_GROUPS = 10
"""Members of a group are called together; the groups follow each other every 2 ms."""
_GRAIN_S = 0.0006  # timers know whole milliseconds: what is due within half of one is due
_MOST_LAG_S = 0.25
"""What is later than that is not made up for: the beat slips."""

Step = Callable[[], None]


class Beat:
    """Calls every member at its moment. What is late is made up for, as frames bunch in life."""

    def __init__(self, factor: float) -> None:
        self.worst_lag_s = 0.0
        """How late a group was called at worst since it was last set to 0."""
        self._gap_s = FRAME_MS / 1_000 / factor / _GROUPS
        self._groups: list[dict[object, Step]] = [{} for _ in range(_GROUPS)]
        self._turn = 0
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None  # None while there is no member

    def join(self, member: object, step: Step) -> None:
        """Call `step` every 20 ms from now on."""
        min(self._groups, key=len)[member] = step
        if self._timer is None:
            self._due = time.monotonic()
            self._wait()

    def leave(self, member: object) -> None:
        """Call a member no more; one that is none is passed over."""
        for group in self._groups:
            group.pop(member, None)

    def _run(self) -> None:
        now = time.monotonic()
        self.worst_lag_s = max(self.worst_lag_s, now - self._due)
        self._due = max(self._due, now - _MOST_LAG_S)
        while self._due <= now + _GRAIN_S:
            for member, step in list(self._groups[self._turn].items()):
                self._call(member, step)
            self._turn = (self._turn + 1) % _GROUPS
            self._due += self._gap_s
        if any(self._groups):
            self._wait()
        else:
            self._timer = None

    def _call(self, member: object, step: Step) -> None:
        try:
            step()
        except Exception:  # one call's trouble is not the others'
            log.exception("light_step_failed")
            self.leave(member)

    def _wait(self) -> None:
        pause_s = max(0.0, self._due - time.monotonic())
        self._timer = asyncio.get_running_loop().call_later(pause_s, self._run)
