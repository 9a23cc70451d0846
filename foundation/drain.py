"""What still has to end before a service may stop: its live calls, and those it has dialled."""

import asyncio
from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Dialled:
    """A call that may still be answered, until its timer fires."""

    call_sid: str
    timer: asyncio.TimerHandle


class Drain:
    """Keeps the book of calls that a stopping service waits for; lives on one event loop.

    `begun`: the first stop signal has come, take no new orders.
    `stopping`: patience is over, end what still runs.
    """

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.stopping = asyncio.Event()
        self._live: Counter[str] = Counter()
        self._dialled: dict[str, _Dialled] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def draining(self) -> bool:
        """Say whether new orders are refused."""
        return self.begun.is_set()

    @property
    def live(self) -> int:
        """Count the calls whose media stream is open."""
        return self._live.total()

    @property
    def busy(self) -> int:
        """Count the calls that are live or dialled and may still be answered."""
        return self.live + len(self._dialled)

    def begin(self) -> None:
        """Take no new orders from now on."""
        self.begun.set()

    def expect(self, call_id: str, within_s: float) -> None:
        """Wait for the media stream of a call dialled now, but no longer than `within_s`."""
        self.forget(call_id)
        self._wait_for(call_id, "", within_s)

    def confirm(self, call_id: str, within_s: float, call_sid: str) -> None:
        """Note that the carrier has named the call; its ring time begins.

        Nothing happens for a call whose stream came, and perhaps went, before this answer.
        """
        if call_id in self._dialled:
            self._dialled.pop(call_id).timer.cancel()
            self._wait_for(call_id, call_sid, within_s)

    def expected(self) -> dict[str, str]:
        """Tell the calls that were dialled and may still be answered: call_id -> CallSid."""
        return {call_id: dialled.call_sid for call_id, dialled in self._dialled.items()}

    def forget(self, call_id: str) -> None:
        """Stop waiting for a dialled call: its time is over, or it will not be answered."""
        dialled = self._dialled.pop(call_id, None)
        if dialled is not None:
            dialled.timer.cancel()
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

    def _wait_for(self, call_id: str, call_sid: str, within_s: float) -> None:
        timer = asyncio.get_running_loop().call_later(within_s, self.forget, call_id)
        self._dialled[call_id] = _Dialled(call_sid, timer)
        self._idle.clear()

    def _settle(self) -> None:
        if not self._live and not self._dialled:
            self._idle.set()
