"""Batches on their way at the same time, landed in the order in which they started."""

import asyncio
from collections import deque
from collections.abc import Coroutine
from types import TracebackType
from typing import Self


class Flights:
    """Holds batches on their way; leaving it waits for all, and cancels them if it is cancelled."""

    def __init__(self) -> None:
        self._tasks: deque[asyncio.Task[int]] = deque()

    async def __aenter__(self) -> Self:
        """Hold none yet."""
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for what is on its way: the server may have it, so its answer counts."""
        if isinstance(error, GeneratorExit):
            return  # thrown away with its loop: nothing can be waited for
        if isinstance(error, asyncio.CancelledError):
            for task in self._tasks:
                task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def start(self, sending: Coroutine[None, None, int]) -> None:
        """Start one; it returns how many outcomes it settled."""
        self._tasks.append(asyncio.create_task(sending))

    async def land(self, most: int) -> int:
        """Wait until `most` are on their way; returns how many outcomes the others settled.

        Raises: what one of them raised.
        """
        settled = 0
        while len(self._tasks) > most:
            await asyncio.wait({self._tasks[0]})  # unlike `await task`, never cancels it
            settled += self._tasks.popleft().result()
        return settled
