"""The clock of the load: all calls' frames, spread evenly over 20 ms (or 200)."""

import asyncio
import time
from collections.abc import Callable

CYCLE_MS = 200
_GOLDEN = 0.618_033_988_749_895
"""Any number of calls, added one by one, spreads evenly with steps of the golden section."""


class Pace:
    """Calls each sender every `every_ms`, which has to divide 200; `late_ms`: how late it was."""

    def __init__(self) -> None:
        self.late_ms: list[float] = []
        self._slots: list[list[Callable[[], None]]] = [[] for _ in range(CYCLE_MS)]
        self._added = 0
        self._next = 0
        self._began_s = time.perf_counter()
        self._timer: asyncio.TimerHandle | None = None  # None while it does not run

    def start(self) -> None:
        """Begin to run."""
        self._began_s = time.perf_counter()
        self._next = 0
        self._tick()

    def stop(self) -> None:
        """Call nobody any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def add(self, send: Callable[[], None], every_ms: int) -> None:
        """Call a sender from now on."""
        self._added += 1
        first = int(self._added * _GOLDEN % 1 * every_ms)
        for slot in range(first, CYCLE_MS, every_ms):
            self._slots[slot].append(send)

    def remove(self, send: Callable[[], None]) -> None:
        """Call a sender no more."""
        for slot in self._slots:
            while send in slot:
                slot.remove(send)

    def _tick(self) -> None:
        now_ms = (time.perf_counter() - self._began_s) * 1_000
        while self._next <= now_ms:
            slot = self._slots[self._next % CYCLE_MS]
            if slot:
                self.late_ms.append(now_ms - self._next)
                for send in tuple(slot):
                    send()
            self._next += 1
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(0.001, self._tick)
