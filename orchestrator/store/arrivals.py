"""What the newest commits were about, and who waits for which of them."""

import asyncio
from collections import deque
from collections.abc import Collection
from contextlib import suppress

_REMEMBERED = 256


class Arrivals:
    """Knows the newest events and wakes those whom they concern; lives on one event loop.

    A topic is what some events have in common: their kind, their task, results of tasks. Without
    topics each commit woke every page, and each wake is a read of the database.
    """

    def __init__(self, newest_event: int) -> None:
        self.newest_event = newest_event
        # The last commits: the number of their newest event, and their topics; None: unknown.
        self._recent: deque[tuple[int, Collection[str] | None]] = deque(maxlen=_REMEMBERED)
        # Up to this number nobody remembers what the events were about.
        self._forgotten = newest_event
        # How often events that were there are gone: a fail-over lost the last commits.
        self._setbacks = 0
        self._waiters: dict[str, set[asyncio.Future[None]]] = {}

    def note(self, newest: int, topics: Collection[str] | None = None, since: int = 0) -> None:
        """Take note of a commit, unless it is known.

        `topics`: None when nobody told. `since`: the newest event before it; where that is news
        too, others committed meanwhile, and nobody knows what about.
        """
        if newest <= self.newest_event:
            return
        if since > self.newest_event:
            topics = None
        if len(self._recent) == _REMEMBERED:
            self._forgotten = self._recent[0][0]
        self._recent.append((newest, topics))
        self.newest_event = newest
        self._wake(topics)

    def set_back(self, newest: int) -> None:
        """Take note that the events above `newest` are gone."""
        self.newest_event = self._forgotten = newest
        self._recent.clear()
        self._setbacks += 1
        self._wake(None)

    async def wait(self, after: int, timeout_s: float, about: str = "") -> None:
        """Return when an event above `after` may be about this topic, or after `timeout_s`.

        `about`: "" for any event. Also returns when events are gone.
        """
        setbacks = self._setbacks
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not self._is_news(after, about) and self._setbacks == setbacks:
                    await self._next(about)

    def _is_news(self, after: int, about: str) -> bool:
        if self.newest_event <= after:
            return False
        if not about or after < self._forgotten:
            return True
        return any(
            newest > after and (topics is None or about in topics)
            for newest, topics in reversed(self._recent)
        )

    async def _next(self, about: str) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiters = self._waiters.setdefault(about, set())
        waiters.add(waiter)
        try:
            await waiter
        finally:
            waiters.discard(waiter)
            if not waiters and self._waiters.get(about) is waiters:
                del self._waiters[about]

    def _wake(self, topics: Collection[str] | None) -> None:
        concerned = list(self._waiters) if topics is None else ["", *topics]
        for topic in concerned:
            for waiter in self._waiters.pop(topic, ()):
                if not waiter.done():
                    waiter.set_result(None)
