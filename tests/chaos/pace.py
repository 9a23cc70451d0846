"""How much slower than alone a machine works that others load: the anchor of limits in seconds."""

import threading
import time
from statistics import median

_EVERY_S = 0.5
_WORK_S = 0.005


class Pace:
    """Does the same little work again and again, and compares its time with its CPU time."""

    def __init__(self) -> None:
        self._ratios: list[float] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._measure, name="chaos-pace", daemon=True)
        self._thread.start()

    @property
    def slowness(self) -> float:
        """Say how many times as long as alone half of the works took, or more; 1 at least."""
        return max(1.0, median(self._ratios)) if self._ratios else 1.0

    def close(self) -> None:
        """Measure no more."""
        self._is_over.set()
        self._thread.join()

    def _measure(self) -> None:
        while not self._is_over.wait(_EVERY_S):
            began, spent = time.perf_counter(), time.thread_time()
            while time.thread_time() - spent < _WORK_S:
                pass
            self._ratios.append((time.perf_counter() - began) / _WORK_S)
