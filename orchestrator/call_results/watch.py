"""Follows results: every new one and every new revision, in the order of their commits."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from sqlalchemy import Connection

from orchestrator.call_results.history import read_revision
from orchestrator.call_results.tokens import read_token, write_token
from orchestrator.errors import CursorLost, InvalidInput, StoreUnavailable, TooMany, Violation
from orchestrator.store import Store
from orchestrator.store.erasing import read_forgotten
from orchestrator.store.events import Place, find_newest_place
from orchestrator.store.reading import select_result_events
from ringback.v1 import call_results_pb2 as pb

CURSOR = "watch"
FROM_NOW = "now"
MAX_WATCHERS = 200
READ_SIZE = 100
"""How many results a watcher holds at most; there is no queue behind it."""
WAIT_S = 30.0
_LOST = (
    "the database has lost what this cursor had seen (a fail-over, or a restored copy): start anew "
    "with an empty cursor; what comes again has its call_id and revision"
)
_FORGOTTEN = (
    "results that this cursor has not seen were too old and are kept no longer: start anew with an "
    "empty cursor"
)
_FUTURE = "must not lie in the future of this server; was its database restored, start anew"


# Answers, the place to go on from, and up to which event results may be erased.
Read: TypeAlias = tuple[list[pb.WatchResultsResponse], Place, int]


class ResultFeed:
    """Serves watchers; those at the same place share one read of the database."""

    def __init__(self, store: Store, max_watchers: int = MAX_WATCHERS) -> None:
        self._store = store
        self._max_watchers = max_watchers
        self._watchers = 0
        self._closing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reads: dict[Place, asyncio.Task[Read]] = {}

    async def follow(self, cursor: str) -> AsyncGenerator[pb.WatchResultsResponse, None]:
        """Yield results after `cursor` for ever; empty: from the first on, "now": only new ones.

        Raises: InvalidInput for a cursor that this server did not write or that lies in the future,
        CursorLost when the database lost what was seen, or erased what was not, TooMany when no
        more watchers are served, StoreUnavailable when the server stops.
        """
        with self._seat():
            place = await self._find_place(cursor)
            misses_none = bool(cursor)  # who begins with the first takes what is left
            while True:
                answers, reached, forgotten = await self._read(place)
                if misses_none and place.seq < forgotten:
                    raise CursorLost(_FORGOTTEN)
                misses_none, place = reached.seq >= forgotten, reached
                for answer in answers:
                    yield answer
                if not answers:
                    await self._wait(place.seq)

    def close(self) -> None:
        """End all watchers; their cursors resume elsewhere or later."""
        if not self._closing.done():
            self._closing.set_result(None)

    async def _wait(self, seen: int) -> None:
        wait = self._store.wait_for_events(seen, WAIT_S, "result")
        news = asyncio.create_task(wait, name="watch-wait")
        try:
            await asyncio.wait({news, self._closing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
        if self._closing.done():
            raise StoreUnavailable("the server stops; resume with the last cursor")

    @contextmanager
    def _seat(self) -> Iterator[None]:
        if self._watchers >= self._max_watchers:
            raise TooMany(f"{self._max_watchers} watchers are served already; try again later")
        self._watchers += 1
        try:
            yield
        finally:
            self._watchers -= 1

    async def _find_place(self, cursor: str) -> Place:
        if not cursor:
            return Place(0)
        newest = await self._store.newest_event()
        if cursor == FROM_NOW:
            return Place(newest)
        place = _read_cursor(cursor)
        if place.seq > newest:
            raise InvalidInput([Violation("cursor", _FUTURE)])
        return place

    async def _read(self, place: Place) -> Read:
        task = self._reads.get(place)
        if task is None:
            query = self._store.read(lambda connection: _read_after(connection, place))
            task = asyncio.create_task(query, name="result-feed")
            self._reads[place] = task
            task.add_done_callback(lambda _: self._reads.pop(place, None))
        # Shielded: one watcher that goes away must not take the read from the others.
        return await asyncio.shield(task)


def _read_after(connection: Connection, place: Place) -> Read:
    """Read the next answers after `place`, and the place to go on from. Raises: CursorLost."""
    newest = find_newest_place(connection, place)
    if newest is None:
        raise CursorLost(_LOST)
    events = select_result_events(connection, place.seq, READ_SIZE)
    answers = [
        pb.WatchResultsResponse(
            result=read_revision(connection, event),
            cursor=_write_cursor(Place(event.seq, event.at_us)),
        )
        for event in events
    ]
    is_all = len(events) < READ_SIZE
    reached = newest if is_all else Place(events[-1].seq, events[-1].at_us)
    return answers, reached, read_forgotten(connection)


def _write_cursor(place: Place) -> str:
    return write_token(CURSOR, f"{place.seq}.{place.at_us}")


def _read_cursor(cursor: str) -> Place:
    """Read a cursor; those of earlier releases are a number only. Raises: InvalidInput."""
    seq, _, at_us = str(read_token(CURSOR, cursor, "cursor")).partition(".")
    if not seq.isdecimal() or not (at_us or "0").isdecimal():
        raise InvalidInput([Violation("cursor", "must be one that this server wrote, or empty")])
    return Place(int(seq), int(at_us) if at_us else None)
