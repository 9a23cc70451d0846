"""The live stream of one conversation: everything since a number, then what comes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import partial

from fastapi.sse import ServerSentEvent
from sqlalchemy import Connection

from foundation.drain import Drain
from orchestrator.errors import TooMany
from orchestrator.store import Store
from orchestrator.store.events import EventRow, Place, find_newest_place, list_task_events
from orchestrator.web.event_views import event_data

MOST_STREAMS = 200
_AT_ONCE = 200  # events read at a time, which bounds what one slow reader holds
_WAIT_S = 30.0
_RECONNECT_MS = 500


class StreamSlots:
    """Counts the open streams; `refusal` is what one too many is told."""

    def __init__(
        self,
        most: int = MOST_STREAMS,
        refusal: str = "too many pages are open; close one and try again",
    ) -> None:
        self._most = most
        self._refusal = refusal
        self.open = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold a slot as long as the block runs. Raises: TooMany when none is left."""
        self.take()
        try:
            yield
        finally:
            self.give_back()

    def take(self) -> None:
        """Take a slot. Raises: TooMany when none is left."""
        if self.open >= self._most:
            raise TooMany(self._refusal)
        self.open += 1

    def give_back(self) -> None:
        """Free a slot."""
        self.open -= 1


async def follow_task(
    store: Store, drain: Drain, task_id: str, after: int
) -> AsyncIterator[ServerSentEvent]:
    """Yield the task's events after the number `after`; ends when the service drains.

    Ends with the event "reset" when the database lost what was shown: its id replays all.
    """
    yield ServerSentEvent(comment="open", retry=_RECONNECT_MS)
    place = Place(after)
    while not drain.draining:
        events, reached = await store.read(partial(_read_events, task_id=task_id, place=place))
        if reached is None:
            yield ServerSentEvent(event="reset", id="0", data={})
            return
        for row, data in events:
            yield ServerSentEvent(event=row.kind, id=str(row.seq), data=data)
        place = reached
        if not events:
            await _wait(store, drain, task_id, place.seq)


def _read_events(
    connection: Connection, task_id: str, place: Place
) -> tuple[list[tuple[EventRow, dict[str, object]]], Place | None]:
    """Read the next events with all that the page shows of them, in one snapshot.

    Returns: the events and the place to go on from; None when `place` is lost.
    """
    newest = find_newest_place(connection, place)
    if newest is None:
        return [], None
    rows = list_task_events(connection, task_id, place.seq, _AT_ONCE)
    reached = newest if len(rows) < _AT_ONCE else Place(rows[-1].seq)
    return [(row, event_data(connection, row)) for row in rows], reached


async def _wait(store: Store, drain: Drain, task_id: str, newest: int) -> None:
    """Wait for a task's event after `newest`, for the end of the service, or for a while."""
    waits = {
        asyncio.ensure_future(store.wait_for_events(newest, _WAIT_S, task_id)),
        asyncio.ensure_future(drain.begun.wait()),
    }
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
