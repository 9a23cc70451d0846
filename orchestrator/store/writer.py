"""The one thread that writes: it commits in groups and wakes each caller after the commit."""

import asyncio
import queue
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from orchestrator.errors import StoreUnavailable
from orchestrator.store.group import (
    Dialect,
    Group,
    Job,
    Opened,
    Settled,
    Undone,
    describe_error,
    write_group,
)

log = structlog.get_logger(__name__)

LINGER_COMMITS = 4
"""How many spans of the last commit a group waits, at most, to have as many rows as that one had.

So a group grows until it holds all that is under way at once, one alone waits for nobody, and
nobody waits for long for who is not there. Without it 64 reports under way go through at 0.63 of
the rate, 256 at 0.53 (medians of three, in turns; benchmarks/report_unary.py with the wait out).
"""
LINGER_MAX_S = 0.02
GROUP_ROWS = 4096


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """Says how much may wait to be written; what would be more is refused with StoreUnavailable."""

    rows: int = 20_000
    bytes: int = 64 * 1024 * 1024
    """Of reports as received: what they become in memory grows with it."""


class JobWriter(Protocol):
    """Is what the store needs of its writer."""

    def submit(self, job: Job) -> None:
        """Queue a job; its future is settled after the commit. Raises: StoreUnavailable."""

    async def close(self) -> None:
        """Write what is queued, then stop."""


class Writer:
    """Owns the writing thread: `_run` and what it calls; all else belongs to the event loop."""

    def __init__(
        self,
        engine: Engine,
        dialect: Dialect,
        on_commit: Callable[[Group], None],
        limits: QueueLimits = QueueLimits(),
    ) -> None:
        self._committer = Committer(engine, dialect)
        self._limits = limits
        self._on_commit = on_commit
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._waiting_rows = self._waiting_bytes = 0
        self._is_closed = False
        # Counted by the loop and by the thread, each its own: how many rows came, and were taken.
        self._came = self._taken = 0
        self._last_rows = 0
        self._commit_s = 0.0
        # While the thread lingers: how many rows must have come for it to go on.
        self._wanted = sys.maxsize
        self._have_come = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Queue a job; its future is settled after the commit.

        Raises: StoreUnavailable when the queue is full or the store is closing.
        """
        if self._is_closed or not self._has_room_for(job):
            raise StoreUnavailable("too much waits to be written just now; try again later")
        self._waiting_rows += job.rows
        self._waiting_bytes += job.bytes
        self._queue.put(job)
        self._came += job.rows
        if self._came >= self._wanted:
            self._have_come.set()

    async def close(self) -> None:
        """Write what is queued, then end the thread."""
        self._is_closed = True
        self._queue.put(None)
        self._have_come.set()
        await asyncio.to_thread(self._thread.join)

    def _has_room_for(self, job: Job) -> bool:
        rows, size = self._waiting_rows + job.rows, self._waiting_bytes + job.bytes
        return rows <= self._limits.rows and size <= self._limits.bytes

    def _run(self) -> None:
        stopping = False
        while not stopping:
            jobs, stopping = self._take()
            if jobs:
                begun = time.monotonic()
                group = self._committer.commit(jobs)
                self._commit_s = time.monotonic() - begun
                self._last_rows = sum(job.rows for job in jobs)
                self._hand_back(group)
        self._committer.close()

    def _take(self) -> tuple[list[Job], bool]:
        """Wait for work; return the jobs of the next group, and whether the queue ends there."""
        first = self._queue.get()
        if first is None:
            return [], True
        jobs, rows = [first], first.rows
        self._wait_for_rows()
        while rows < GROUP_ROWS:
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return jobs, True
            jobs.append(job)
            rows += job.rows
        self._taken += rows
        return jobs, False

    def _wait_for_rows(self) -> None:
        """Linger until as many rows wait as the last group had, or for as long as is worth it."""
        self._have_come.clear()
        self._wanted = self._taken + self._last_rows
        if self._came < self._wanted and not self._is_closed:
            self._have_come.wait(min(LINGER_COMMITS * self._commit_s, LINGER_MAX_S))
        self._wanted = sys.maxsize

    def _hand_back(self, group: Group) -> None:
        try:
            self._loop.call_soon_threadsafe(self._wake, group)
        except RuntimeError:  # the loop is closed: nobody waits any more
            log.warning("loop_closed", jobs=len(group.settled))

    def _wake(self, group: Group) -> None:
        for settled in group.settled:
            self._waiting_rows -= settled.job.rows
            self._waiting_bytes -= settled.job.bytes
        wake_callers(group)
        self._on_commit(group)


class Committer:
    """Commits groups of jobs, one after the other, in whichever thread it is called.

    It keeps its connection: none is fetched for a group, none is asked whether it is still there.
    One that is gone shows with the first statement of a group, which begins again on another.
    """

    def __init__(self, engine: Engine, dialect: Dialect) -> None:
        self._engine = engine
        self._dialect = dialect
        self._connection: Connection | None = None  # until the first group, and after a failure
        self._stamp_us = 0

    def close(self) -> None:
        """Give the connection back, nothing being under way on it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError):  # where a commit failed, close alone would not undo
                connection.rollback()
            connection.close()

    def commit(self, jobs: Sequence[Job]) -> Group:
        """Write the jobs in one transaction; its failure is the answer to each of them."""
        try:
            group = self._write(jobs)
        except SQLAlchemyError as error:
            log.warning("commit_failed", error=describe_error(error), jobs=len(jobs))
            refusal = StoreUnavailable("the database cannot commit just now; try again later")
            refusal.__cause__ = error
            return _refuse_all(jobs, refusal)
        except Exception as error:  # the thread must not die: nobody would be answered any more
            log.exception("writer_failed", jobs=len(jobs))
            return _refuse_all(jobs, error)
        self._stamp_us = max(self._stamp_us, group.stamp_us)
        return group

    def _write(self, jobs: Sequence[Job]) -> Group:
        try:
            return self._transact(jobs)
        except Undone as undone:
            if jobs[0].items is None:
                return _refuse_all(jobs, undone.error)
            rows = sum(job.rows for job in jobs)
            log.warning("batch_split", rows=rows, error=describe_error(undone.error))
        return self._transact(jobs, is_split=True)

    def _transact(self, jobs: Sequence[Job], *, is_split: bool = False) -> Group:
        """Write the jobs and commit; a failure undoes it, and the pool sees to the connection."""
        connection, (now_us, newest_event) = self._open()
        opened = Opened(now_us, newest_event, self._stamp_us)
        try:
            group = write_group(connection, self._dialect, jobs, opened, is_split=is_split)
            connection.commit()
        except BaseException:
            self.close()
            raise
        return group

    def _open(self) -> tuple[Connection, tuple[int, int]]:
        """Begin a group, on another connection where the one that was kept is gone meanwhile."""
        is_kept = self._connection is not None
        connection = self._connection = self._connection or self._engine.connect()
        try:
            return connection, self._dialect.open_group(connection)
        except BaseException as error:
            self.close()
            if is_kept and isinstance(error, DBAPIError) and error.connection_invalidated:
                return self._open()
            raise


def wake_callers(group: Group) -> None:
    """Give each caller of a committed group its answer, then do what the units wanted done."""
    for settled in group.settled:
        future = settled.job.future
        if future.done():  # its caller was cancelled; the row is written all the same
            continue
        if settled.error is None:
            future.set_result(settled.value)
        else:
            future.set_exception(settled.error)
    for action in group.actions:
        try:
            action()
        except Exception:  # the other callers must be served
            log.exception("after_commit_failed")


def _refuse_all(jobs: Sequence[Job], error: Exception) -> Group:
    return Group(settled=[Settled(job, error=error) for job in jobs])
