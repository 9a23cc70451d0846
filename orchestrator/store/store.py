"""The store: writes go through one thread in groups, reads through a small pool of threads."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeAlias, TypeVar, cast

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from foundation.clock import Clock
from foundation.task_set import TaskSet
from orchestrator.errors import StoreUnavailable
from orchestrator.store.arrivals import Arrivals
from orchestrator.store.counters import EVENT_COUNTER, clock_us, read_counter
from orchestrator.store.database import Database, open_database
from orchestrator.store.group import Batch, Dialect, Group, Job, describe_error
from orchestrator.store.transaction import Transaction
from orchestrator.store.writer import JobWriter, Writer

log = structlog.get_logger(__name__)

T = TypeVar("T")
Item = TypeVar("Item")
Answer = TypeVar("Answer")

READ_THREADS = 4
# Starts what writes; told after each commit is what was committed.
StartWriter: TypeAlias = Callable[[Engine, Dialect, Callable[[Group], None]], JobWriter]


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
        self._arrivals = Arrivals(newest_event)
        self._due = asyncio.Event()
        self._followers = TaskSet()
        self._readers = ThreadPoolExecutor(READ_THREADS, thread_name_prefix="store-reader")
        self._writer = start_writer(database.write_engine, database.dialect, self._note_commit)

    @classmethod
    async def open(cls, url: str, clock: Clock) -> "Store":
        """Open the database at `url`, creating or migrating it if need be.

        `url`: as SQLAlchemy takes it, such as `sqlite:///folder/ringback.db`.
        Raises: StoreUnusable with what to do when the file is damaged or no database of ours.
        """
        database, newest_event = await asyncio.to_thread(open_database, url, clock)
        store = cls(database, clock, newest_event)
        store.follow_others()
        return store

    def follow_others(self) -> None:
        """Begin to hear of what other processes commit, where there can be any."""
        if self._database.is_shared:
            self._followers.spawn(self._poll(), name="store-poll")
        if self._database.listen is not None:
            hearing = self._database.listen(self._arrivals.note)
            self._followers.spawn(hearing, name="store-listener")

    async def close(self) -> None:
        """Commit what is queued, then close the connections."""
        await self._followers.cancel()
        await self._writer.close()
        await asyncio.to_thread(self._readers.shutdown)
        await asyncio.to_thread(self._database.dispose)

    @property
    def keeps_own_time(self) -> bool:
        """Say whether the rules go by this process's clock: SQLite. PostgreSQL's keeps its own."""
        return not self._database.is_shared

    async def now_us(self) -> int:
        """Return the time that the rules go by, in microseconds since the epoch.

        Inside a unit use the transaction's. Raises: StoreUnavailable.
        """
        if self.keeps_own_time:
            return clock_us(self._clock)
        return await self.read(self._database.dialect.read_now)

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
        size_bytes: int = 0,
    ) -> list[Answer | Exception]:
        """Run `batch` once over these items and those that others queued for the same `batch`.

        `size_bytes`: how much the items hold; too much in all is refused as too many rows are.
        Returns: per item its answer, or the error that undid this item alone. Raises: as `write`.
        """
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._writer.submit(Job(future, cast("Batch", batch), items, size_bytes))
        return cast("list[Answer | Exception]", await future)

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run `query` in a reader's thread on one consistent snapshot.

        Raises: StoreUnavailable when the database cannot answer.
        """
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._run, query)

    async def read_at(self, query: Callable[[Connection, int], T]) -> T:
        """Run `query` as `read` does, with the time that the rules go by.

        Raises: StoreUnavailable when the database cannot answer.
        """
        now = self._database.dialect.read_now
        return await self.read(lambda connection: query(connection, now(connection)))

    async def newest_event(self) -> int:
        """Return the number of the newest committed event; 0 before the first."""
        if self._database.is_shared:
            return await self.read(lambda connection: read_counter(connection, EVENT_COUNTER))
        return self._arrivals.newest_event

    async def wait_for_events(self, after: int, timeout_s: float, about: str = "") -> None:
        """Return when an event with a number above `after` is committed, or after `timeout_s`.

        `about`: a topic; others' events are not waited for, as far as it is known what they are.
        What another process commits is heard at once, or at the latest with the next poll; so is
        that a fail-over lost the newest ones.
        """
        await self._arrivals.wait(after, timeout_s, about)

    async def wait_until_due(self, timeout_s: float) -> None:
        """Return when a commit of this process left a call whose time has come, or later.

        The guarantee is the caller's own look after `timeout_s`: other processes commit, too.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._due.wait()
        self._due.clear()

    async def _poll(self) -> None:
        """Look for what others committed: the guarantee behind the listener."""
        while True:
            await asyncio.sleep(self._database.poll_s)
            before = self._arrivals.newest_event
            try:
                newest = await self.newest_event()
            except StoreUnavailable:
                continue  # who reads or writes is told; here the next look will do
            self._arrivals.note(newest)
            if newest < before == self._arrivals.newest_event:
                self._arrivals.set_back(newest)

    def _run(self, query: Callable[[Connection], T]) -> T:
        try:
            with self._database.read_engine.connect() as connection:
                return query(connection)
        except SQLAlchemyError as error:
            log.warning("read_failed", error=describe_error(error))
            refusal = "the database cannot answer just now; try again later"
            raise StoreUnavailable(refusal) from error

    def _note_commit(self, group: Group) -> None:
        self._arrivals.note(group.newest_event, group.topics, group.since)
        if group.is_due:
            self._due.set()
