"""Follows results: every new one and every new revision, in the order of their commits."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from orchestrator.call_results.history import read_revision
from orchestrator.call_results.tokens import read_token, write_token
from orchestrator.errors import InvalidInput, StoreUnavailable, TooMany, Violation
from orchestrator.store import Store
from orchestrator.store.counters import EVENT_COUNTER, read_counter
from orchestrator.store.reading import select_result_events
from ringback.v1 import call_results_pb2 as pb

CURSOR = "watch"
FROM_NOW = "now"
MAX_WATCHERS = 200
READ_SIZE = 100
"""How many results a watcher holds at most; there is no queue behind it."""
WAIT_S = 30.0


class ResultFeed:
    """Serves watchers; those at the same place share one read of the database."""

    def __init__(self, store: Store, max_watchers: int = MAX_WATCHERS) -> None:
        self._store = store
        self._max_watchers = max_watchers
        self._watchers = 0
        self._closing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reads: dict[int, asyncio.Task[tuple[list[pb.WatchResultsResponse], int]]] = {}

    async def follow(self, cursor: str) -> AsyncGenerator[pb.WatchResultsResponse, None]:
        """Yield results after `cursor` for ever; empty: from the first on, "now": only new ones.

        Raises: InvalidInput for a cursor that this server did not write or that lies in the future,
        TooMany when no more watchers are served, StoreUnavailable when the server stops.
        """
        with self._seat():
            place = await self._find_place(cursor)
            while True:
                answers, place = await self._read(place)
                for answer in answers:
                    yield answer
                if not answers:
                    await self._wait(place)

    def close(self) -> None:
        """End all watchers; their cursors resume elsewhere or later."""
        if not self._closing.done():
            self._closing.set_result(None)

    async def _wait(self, place: int) -> None:
        news = asyncio.create_task(self._store.wait_for_events(place, WAIT_S), name="watch-wait")
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

    async def _find_place(self, cursor: str) -> int:
        if not cursor:
            return 0
        newest = await self._store.newest_event()
        if cursor == FROM_NOW:
            return newest
        place = read_token(CURSOR, cursor, "cursor")
        if not isinstance(place, int) or not 0 <= place <= newest:
            raise InvalidInput([Violation("cursor", "must not lie in the future of this server")])
        return place

    async def _read(self, place: int) -> tuple[list[pb.WatchResultsResponse], int]:
        task = self._reads.get(place)
        if task is None:
            query = self._store.read(lambda connection: _read_after(connection, place))
            task = asyncio.create_task(query, name="result-feed")
            self._reads[place] = task
            task.add_done_callback(lambda _: self._reads.pop(place, None))
        # Shielded: one watcher that goes away must not take the read from the others.
        return await asyncio.shield(task)


def _read_after(connection: Connection, place: int) -> tuple[list[pb.WatchResultsResponse], int]:
    """Read the next answers after `place`, and the place to go on from."""
    newest = read_counter(connection, EVENT_COUNTER)
    events = select_result_events(connection, place, READ_SIZE)
    answers = [
        pb.WatchResultsResponse(
            result=read_revision(connection, event), cursor=write_token(CURSOR, event.seq)
        )
        for event in events
    ]
    return answers, events[-1].seq if len(events) == READ_SIZE else max(place, newest)
