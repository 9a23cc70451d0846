"""What all calls of the light mode share: the beat, both flows, and who can be hung up on."""

import asyncio
from typing import Protocol

from sandbox.light.beat import Beat
from sandbox.light.flow import Flow


class Callee(Protocol):
    """Somebody who is on the line."""

    def hang_up(self) -> None:
        """End the call from the callee's side."""


class Light:
    """The light mode of one sandbox.

    `factor`: script seconds per real second. `talks_ms`: of each round, how long the agent talks.
    """

    def __init__(self, factor: float, talks_ms: int) -> None:
        self.factor = factor
        self.talks_ms = talks_ms
        self.beat = Beat(factor)
        self.inbound = Flow()
        """The callee's frames, from the carrier to the model."""
        self.outbound = Flow()
        """The agent's frames, from the model to the carrier."""
        self._callees: dict[str, Callee] = {}

    def join(self, key: str, callee: Callee) -> None:
        """Note that a callee is on the line, the newest; `key`: the call_id, or else the sid."""
        self._callees[key] = callee

    def leave(self, key: str) -> None:
        """Note that a callee is gone."""
        self._callees.pop(key, None)

    def begin_window(self) -> None:
        """Measure delays from now on."""
        self.inbound.begin_window()
        self.outbound.begin_window()
        self.beat.worst_lag_s = 0.0

    def facts(self) -> dict[str, object]:
        """Give what was counted since the start, and measured since the window began."""
        return {
            "calls": len(self._callees),
            "inbound": self.inbound.facts(),
            "outbound": self.outbound.facts(),
            "worst_lag_ms": round(self.beat.worst_lag_s * 1_000, 3),
        }

    def hang_up(self, key: str) -> bool:
        """Let a callee hang up; False when it is not on the line."""
        callee = self._callees.pop(key, None)
        if callee is not None:
            callee.hang_up()
        return callee is not None

    async def hang_up_oldest(self, count: int, per_s: float) -> None:
        """Let so many callees hang up at an even pace, who has been on the line longest first."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for number in range(count):
            await asyncio.sleep(max(0.0, begun + number / per_s - loop.time()))
            oldest = next(iter(self._callees), None)
            if oldest is not None:
                self.hang_up(oldest)
