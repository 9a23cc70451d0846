"""Keeps a number of senders busy and counts what is stored within a window of time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from benchmarks.harness import cpu_ns, quantiles

WARM_S = 0.3

Send = Callable[[], Awaitable[bool]]
"""Sends the next result; says whether it was stored as a new one."""


@dataclass(slots=True)
class Tally:
    """Counts what came back."""

    acknowledged: int = 0
    errors: int = 0
    counted: int = 0
    """Acknowledged inside the window."""
    spans_ms: list[float] = field(default_factory=list)


class Window:
    """Keeps `at_once` results under way from the first moment to the last."""

    def __init__(self, send: Send, server_pid: int) -> None:
        self._send = send
        self._server_pid = server_pid
        self._begin = self._end = float("inf")
        self.tally = Tally()

    async def run(self, at_once: int, seconds: float) -> dict[str, float]:
        """Load for the warm-up and `seconds`; return the figures."""
        await self._send_next(time.perf_counter())  # opens the first connection
        self._begin = time.perf_counter() + WARM_S
        self._end = self._begin + seconds
        senders = [asyncio.create_task(self._work()) for _ in range(at_once)]
        await asyncio.sleep(WARM_S)
        wall, own, server = self._read_clocks()
        await asyncio.sleep(seconds)
        counted = self.tally.counted
        wall, own, server = (
            after - before
            for after, before in zip(self._read_clocks(), (wall, own, server), strict=True)
        )
        await asyncio.gather(*senders)
        spans = quantiles(self.tally.spans_ms)
        return {
            "per_s": counted / wall,
            "cpu_us": server * 1e6 / max(counted, 1),
            "client_us": own * 1e6 / max(counted, 1),
            "p50_ms": spans.p50,
            "p99_ms": spans.p99,
            "load_cpu": own / wall,
            "errors": self.tally.errors,
            "acknowledged": self.tally.acknowledged,
        }

    def _read_clocks(self) -> tuple[float, float, float]:
        """Read the wall clock, our CPU time and the server's, in seconds."""
        return time.perf_counter(), time.process_time(), cpu_ns(self._server_pid) / 1e9

    async def _work(self) -> None:
        while (now := time.perf_counter()) < self._end:
            await self._send_next(now)

    async def _send_next(self, begun: float) -> None:
        is_stored = await self._send()
        ended = time.perf_counter()
        self.tally.acknowledged += is_stored
        self.tally.errors += not is_stored
        if self._begin <= ended <= self._end:
            self.tally.counted += is_stored
            self.tally.spans_ms.append((ended - begun) * 1_000)
