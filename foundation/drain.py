"""What still has to end before a service may stop: its live calls, and those it has dialled."""

import asyncio
from collections import Counter


class Drain:
    """Keeps the book of calls that a stopping service waits for; lives on one event loop.

    `draining`: the first stop signal has come, take no new orders.
    `stopping`: set when patience is over: end what still runs, now.
    """

    def __init__(self) -> None:
        self.draining = False
        self.stopping = asyncio.Event()
        self._live: Counter[str] = Counter()
        self._expected: dict[str, asyncio.TimerHandle] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def live(self) -> int:
        """Count the calls whose media stream is open."""
        return self._live.total()

    @property
    def busy(self) -> int:
        """Count the calls that are live or dialled and may still be answered."""
        return self.live + len(self._expected)

    def begin(self) -> None:
        """Take no new orders from now on."""
        self.draining = True

    def expect(self, call_id: str, within_s: float) -> None:
        """Wait for the media stream of a dialled call, but no longer than `within_s`."""
        self.forget(call_id)
        loop = asyncio.get_running_loop()
        self._expected[call_id] = loop.call_later(within_s, self.forget, call_id)
        self._idle.clear()

    def forget(self, call_id: str) -> None:
        """Stop waiting for a dialled call: its time is over, or it will not be answered."""
        timer = self._expected.pop(call_id, None)
        if timer is not None:
            timer.cancel()
        self._settle()

    def enter(self, call_id: str) -> None:
        """Note that a call's media stream was accepted."""
        self._live[call_id] += 1
        self._idle.clear()
        self.forget(call_id)

    def leave(self, call_id: str) -> None:
        """Note that a call's media stream is over."""
        self._live[call_id] -= 1
        if self._live[call_id] <= 0:
            del self._live[call_id]
        self._settle()

    async def wait_idle(self) -> None:
        """Wait until no call is live and none is expected."""
        await self._idle.wait()

    def _settle(self) -> None:
        if not self._live and not self._expected:
            self._idle.set()
