"""The store: writes go through one thread in groups, reads through a small pool of threads."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias, TypeVar, cast

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from foundation.clock import Clock
from orchestrator.errors import StoreUnavailable
from orchestrator.store.counters import EVENT_COUNTER, clock_us, read_counter
from orchestrator.store.database import Database, open_database
from orchestrator.store.group import Batch, Dialect, Job, describe_error
from orchestrator.store.transaction import Transaction
from orchestrator.store.writer import JobWriter, Writer

T = TypeVar("T")
Item = TypeVar("Item")
Answer = TypeVar("Answer")

READ_THREADS = 4
# Starts what writes; told after each commit is the number of the newest event.
StartWriter: TypeAlias = Callable[[Engine, Dialect, Callable[[int], None]], JobWriter]


class Store:
    """Holds the open database, from `open` to `close`; its methods belong to one event loop."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        newest_event: int,
        start_writer: StartWriter = Writer,
    ) -> None:
        self._database = database
        self._clock = clock
        self._newest_event = newest_event
        self._arrival = asyncio.Event()
        self._readers = ThreadPoolExecutor(READ_THREADS, thread_name_prefix="store-reader")
        self._writer = start_writer(database.write_engine, database.dialect, self._note_commit)

    @classmethod
    async def open(cls, url: str, clock: Clock) -> "Store":
        """Open the database at `url`, creating or migrating it if need be.

        `url`: as SQLAlchemy takes it, such as `sqlite:///folder/ringback.db`.
        Raises: StoreUnusable with what to do when the file is damaged or no database of ours.
        """
        database, newest_event = await asyncio.to_thread(open_database, url, clock)
        return cls(database, clock, newest_event)

    async def close(self) -> None:
        """Commit what is queued, then close the connections."""
        await self._writer.close()
        await asyncio.to_thread(self._readers.shutdown)
        await asyncio.to_thread(self._database.dispose)

    def now_us(self) -> int:
        """Return the time in microseconds since the epoch; inside a unit use the transaction's."""
        return clock_us(self._clock)

    async def write(self, unit: Callable[[Transaction], T]) -> T:
        """Run `unit` in the writer's thread; return its value after the commit.

        An exception of the unit undoes that unit alone and is raised here. A cancel of the caller
        leaves the unit queued. Raises: StoreUnavailable when the database cannot commit or too much
        is queued.
        """
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._writer.submit(Job(future, unit))
        return cast("T", await future)

    async def write_batch(
        self,
        batch: Callable[[Transaction, Sequence[Item]], Sequence[Answer]],
        items: Sequence[Item],
    ) -> list[Answer | Exception]:
        """Run `batch` once over these items and those that others queued for the same `batch`.

        Returns: per item its answer, or the error that undid this item alone. Raises: as `write`.
        """
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._writer.submit(Job(future, cast("Batch", batch), items))
        return cast("list[Answer | Exception]", await future)

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run `query` in a reader's thread on one consistent snapshot.

        Raises: StoreUnavailable when the database cannot answer.
        """
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._run, query)

    async def newest_event(self) -> int:
        """Return the number of the newest committed event; 0 before the first."""
        if self._database.is_shared:
            return await self.read(lambda connection: read_counter(connection, EVENT_COUNTER))
        return self._newest_event

    async def wait_for_events(self, after: int, timeout_s: float) -> None:
        """Return when an event with a number above `after` is committed, or after `timeout_s`."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while await self.newest_event() <= after and loop.time() < deadline:
            left_s = deadline - loop.time()
            if self._database.is_shared:  # other processes commit too, and nobody tells us
                left_s = min(left_s, self._database.poll_s)
            try:
                async with asyncio.timeout(left_s):
                    await self._arrival.wait()
            except TimeoutError:
                continue

    def _run(self, query: Callable[[Connection], T]) -> T:
        try:
            with self._database.read_engine.connect() as connection:
                return query(connection)
        except SQLAlchemyError as error:
            reason = describe_error(error)
            raise StoreUnavailable(f"the database cannot answer just now: {reason}") from error

    def _note_commit(self, newest_event: int) -> None:
        if newest_event > self._newest_event:
            self._newest_event = newest_event
            arrival, self._arrival = self._arrival, asyncio.Event()
            arrival.set()
