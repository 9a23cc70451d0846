"""One media stream: what the callee says on the way to the handler, and either end's closing."""

import asyncio
from contextvars import Context
from dataclasses import dataclass, field
from random import Random

from tests.simulation.scripts import CallScript
from tests.simulation.virtual_time import VirtualLoop

STOP, LOST = "stop", "lost"
_LONG_S = 3600.0


@dataclass(eq=False, slots=True)
class Line:
    """One media stream."""

    loop: VirtualLoop
    call_sid: str
    call_id: str
    token: str
    script: CallScript
    dice: Random
    # What reaches the handler: a turn's text, STOP, or LOST.
    inbox: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    is_closed: bool = False
    stirred: asyncio.Event = field(default_factory=asyncio.Event)
    _free_s: float = 0.0

    async def play(self, finish: asyncio.Event) -> bool:
        """Speak as the script says until somebody ends it; say whether the callee hung up."""
        for number in range(self.script.turns):
            if await self._is_over_within(finish, self.script.gap_s):
                return self._leave(finish)
            self._push(f"callee says {number}")
        match self.script.who_ends:
            case "callee":
                if not await self._is_over_within(finish, self.script.gap_s):
                    self._push(STOP)
                    return True
            case "lost":
                self._push(LOST)
            case _:
                await self._is_over_within(finish, _LONG_S)
        return self._leave(finish)

    async def receive(self) -> str | None:
        """Wait for what comes next."""
        return await self.inbox.get()

    async def send(self, text: str) -> None:
        """Do nothing: nobody listens to the agent here."""

    def close(self) -> None:
        """Close it from the handler's side."""
        self.loop.call_later(self.dice.uniform(0.001, 0.02), self._be_closed, context=Context())

    def _be_closed(self) -> None:
        self.is_closed = True
        self.stirred.set()

    def _leave(self, finish: asyncio.Event) -> bool:
        if finish.is_set():
            self._push(STOP)
        return False

    def _push(self, message: str) -> None:
        """Send in order: each message arrives after the one before."""
        self._free_s = max(self._free_s, self.loop.time()) + self.dice.uniform(0.001, 0.03)
        self.loop.call_at(self._free_s, self.inbox.put_nowait, message, context=Context())

    async def _is_over_within(self, finish: asyncio.Event, span_s: float) -> bool:
        if not (self.is_closed or finish.is_set()):
            try:
                async with asyncio.timeout(span_s):
                    await self.stirred.wait()
            except TimeoutError:
                return False
        return True
