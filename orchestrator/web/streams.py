"""The live stream of one conversation: everything since a number, then what comes."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

from fastapi.sse import ServerSentEvent
from sqlalchemy import Connection

from foundation.drain import Drain
from orchestrator.errors import TooMany
from orchestrator.store import Store
from orchestrator.store.events import EventRow, list_task_events
from orchestrator.web.event_views import event_data

MOST_STREAMS = 200
_AT_ONCE = 200  # events read at a time, which bounds what one slow reader holds
_WAIT_S = 30.0
_RECONNECT_MS = 500


class StreamSlots:
    """Counts the open streams."""

    def __init__(self, most: int = MOST_STREAMS) -> None:
        self._most = most
        self.open = 0

    def take(self) -> None:
        """Take a slot. Raises: TooMany when none is left."""
        if self.open >= self._most:
            raise TooMany("too many pages are open; close one and try again")
        self.open += 1

    def give_back(self) -> None:
        """Free a slot."""
        self.open -= 1


async def follow_task(
    store: Store, drain: Drain, task_id: str, after: int
) -> AsyncIterator[ServerSentEvent]:
    """Yield the task's events after the number `after`; ends when the service drains."""
    yield ServerSentEvent(comment="open", retry=_RECONNECT_MS)
    while not drain.draining:
        newest = await store.newest_event()
        events = await store.read(partial(_read_events, task_id=task_id, after=after))
        for row, data in events:
            yield ServerSentEvent(event=row.kind, id=str(row.seq), data=data)
            after = row.seq
        if not events:
            await _wait(store, drain, max(newest, after))


def _read_events(
    connection: Connection, task_id: str, after: int
) -> list[tuple[EventRow, dict[str, object]]]:
    """Read the next events with all that the page shows of them, in one snapshot."""
    rows = list_task_events(connection, task_id, after, _AT_ONCE)
    return [(row, event_data(connection, row)) for row in rows]


async def _wait(store: Store, drain: Drain, newest: int) -> None:
    """Wait for an event after `newest`, for the end of the service, or for a while."""
    waits = {
        asyncio.ensure_future(store.wait_for_events(newest, _WAIT_S)),
        asyncio.ensure_future(drain.begun.wait()),
    }
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
