"""Disks without threads: what was committed outlives the process, what was queued does not."""

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TypeVar

from sqlalchemy import Engine, make_url

from call_reporter.outbox.file import OutboxFile, prepare
from call_reporter.outbox.writer import Committer as OutboxCommitter
from call_reporter.outbox.writer import Work, settle_group
from orchestrator.store import schema, sqlite
from orchestrator.store.group import Dialect, Group, Job
from orchestrator.store.writer import Committer, wake_callers
from tests.simulation.virtual_time import Process

T = TypeVar("T")
_OUTBOX_TABLES = ("order_memory", "started_call", "turn", "outcome")


class MemoryDatabase:
    """The Orchestrators' database, kept over many seeds: to open one costs more than a seed."""

    def __init__(self, *, has_keys: bool = True) -> None:
        self.engine: Engine = sqlite.create_write_engine(make_url("sqlite:///:memory:"))
        schema.metadata.create_all(self.engine)
        self._connection = self.engine.raw_connection()
        raw = self._connection.driver_connection
        if not isinstance(raw, sqlite3.Connection):  # pragma: no cover - the URL says so
            raise TypeError(raw)
        self.raw = raw
        if not has_keys:  # a mutant's: nothing keeps a second result out
            raw.execute("CREATE TABLE bare AS SELECT * FROM result")
            raw.execute("DROP TABLE result")
            raw.execute("ALTER TABLE bare RENAME TO result")

    def wipe(self) -> None:
        """Empty it for the next seed."""
        for table in schema.metadata.sorted_tables:
            self.raw.execute(f'DELETE FROM "{table.name}"')  # noqa: S608 - our own names
        self.raw.execute("INSERT INTO counter (name, value) VALUES ('event', 0)")

    def close(self) -> None:
        """Close it for good."""
        self._connection.close()
        self.engine.dispose()


@dataclass(frozen=True, slots=True)
class Spindle:
    """Whose disk it is, how long it takes, and who is told of its commits."""

    process: Process
    dice: Random
    # Told before and after each commit; the process may die there.
    pass_point: Callable[[Process, str], None]


class StoreDisk:
    """Commits the store's jobs a moment after they came, and wakes the callers a moment later."""

    def __init__(
        self, spindle: Spindle, engine: Engine, dialect: Dialect, tell: Callable[[Group], None]
    ) -> None:
        self._committer = Committer(engine, dialect)
        self._tell = tell
        self._process = spindle.process
        self._dice = spindle.dice
        self._pass_point = spindle.pass_point
        self._loop = asyncio.get_running_loop()
        self._jobs: list[Job] = []

    def submit(self, job: Job) -> None:
        """Queue a job; a dead process's goes nowhere."""
        if not self._process.is_alive:
            return
        self._jobs.append(job)
        if len(self._jobs) == 1:
            self._loop.call_later(self._dice.uniform(0.0002, 0.005), self._commit)

    async def close(self) -> None:
        """Do nothing: processes of the simulation are killed, not closed."""

    def _commit(self) -> None:
        jobs, self._jobs = self._jobs, []
        self._pass_point(self._process, "before commit")
        if not self._process.is_alive:
            return
        group = self._committer.commit(jobs)
        self._committer.close()  # the processes of a world share one connection
        self._pass_point(self._process, "after commit")
        self._loop.call_later(self._dice.uniform(0.0, 0.002), self._wake, group)

    def _wake(self, group: Group) -> None:
        wake_callers(group)
        self._tell(group)


class MemoryFile(OutboxFile):
    """An outbox's file in memory; it stays when the process is gone."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(Path("outbox.db"), 0)
        self._memory = connection

    def lock(self) -> None:
        """Take it: nobody else can."""

    def unlock(self) -> None:
        """Let it go."""

    def connect(self) -> sqlite3.Connection:
        """Give what the last life left."""
        return self._memory

    def find_damage(self) -> str:
        """Find none: bytes that rot are another test's."""
        return ""


class OutboxDisk:
    """Commits the outbox's work a moment after it came."""

    def __init__(
        self, spindle: Spindle, file: OutboxFile, connection: sqlite3.Connection, lazy_s: float
    ) -> None:
        self.committer = OutboxCommitter(file, connection)
        self._lazy_s = lazy_s
        self._process = spindle.process
        self._dice = spindle.dice
        self._pass_point = spindle.pass_point
        self._loop = asyncio.get_running_loop()
        self._queue: list[Work[object]] = []
        self._timer: asyncio.TimerHandle | None = None  # None while nothing waits

    def submit(
        self, work: Callable[[sqlite3.Connection], T], *, is_essential: bool = True
    ) -> asyncio.Future[T]:
        """Queue work; the future is done after the commit, never after the process's death."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._put(Work(work, future, is_essential=is_essential), self._dice.uniform(0.0005, 0.01))
        return future

    def post(self, work: Callable[[sqlite3.Connection], None], *, is_lazy: bool = False) -> None:
        """Queue work that nobody waits for."""
        delay_s = self._lazy_s if is_lazy else self._dice.uniform(0.0005, 0.01)
        self._put(Work(work, None, is_lazy=is_lazy), delay_s)

    async def close(self) -> None:
        """Commit what is queued."""
        if self._queue:
            self._commit()

    def _put(self, work: "Work[T]", delay_s: float) -> None:
        if not self._process.is_alive:
            return
        self._queue.append(work)  # type: ignore[arg-type] # its result goes to its own future only
        when = self._loop.time() + delay_s
        if self._timer is None or when < self._timer.when():
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(when, self._commit)

    def _commit(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        group, self._queue, self._timer = self._queue, [], None
        self._pass_point(self._process, "before commit")
        if not self._process.is_alive:
            return
        self.committer.commit(group)
        self._pass_point(self._process, "after commit")
        self._loop.call_soon(settle_group, group)


class OutboxShelf:
    """In-memory outbox files, kept over many seeds."""

    def __init__(self) -> None:
        self._connections: list[sqlite3.Connection] = []

    def take(self, place: int) -> sqlite3.Connection:
        """Give the file of the handler at `place`, from 0."""
        while len(self._connections) <= place:
            connection = sqlite3.connect(":memory:", isolation_level=None, cached_statements=64)
            prepare(connection)
            self._connections.append(connection)
        return self._connections[place]

    def wipe(self) -> None:
        """Empty them all for the next seed."""
        for connection in self._connections:
            for table in _OUTBOX_TABLES:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names

    def close(self) -> None:
        """Close them for good."""
        for connection in self._connections:
            connection.close()
