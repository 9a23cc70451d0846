"""The one thread that writes: it commits in groups and wakes each caller after the commit."""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from orchestrator.errors import StoreUnavailable
from orchestrator.store.group import (
    Dialect,
    Group,
    Job,
    Settled,
    Undone,
    describe_error,
    write_group,
)

log = structlog.get_logger(__name__)

LINGER_S = 0.002
"""How long a group waits for more rows, if the group before had more than one."""
GROUP_ROWS = 4096
QUEUE_ROWS = 20_000
"""Above this many waiting rows new ones are refused with StoreUnavailable."""


class JobWriter(Protocol):
    """Is what the store needs of its writer."""

    def submit(self, job: Job) -> None:
        """Queue a job; its future is settled after the commit. Raises: StoreUnavailable."""

    async def close(self) -> None:
        """Write what is queued, then stop."""


class Writer:
    """Owns the writing thread: `_run` and what it calls; all else belongs to the event loop."""

    def __init__(
        self, engine: Engine, dialect: Dialect, on_commit: Callable[[Group], None]
    ) -> None:
        self._committer = Committer(engine, dialect)
        self._on_commit = on_commit
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._waiting_rows = 0
        self._is_closed = False
        self._last_rows = 0
        self._linger = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Queue a job; its future is settled after the commit.

        Raises: StoreUnavailable when the queue is full or the store is closing.
        """
        if self._is_closed or self._waiting_rows + job.rows > QUEUE_ROWS:
            raise StoreUnavailable("too much waits to be written just now; try again later")
        self._waiting_rows += job.rows
        self._queue.put(job)

    async def close(self) -> None:
        """Write what is queued, then end the thread."""
        self._is_closed = True
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        stopping = False
        while not stopping:
            jobs, stopping = self._take()
            if jobs:
                group = self._committer.commit(jobs)
                self._last_rows = sum(job.rows for job in jobs)
                self._hand_back(group)

    def _take(self) -> tuple[list[Job], bool]:
        """Wait for work; return the jobs of the next group, and whether the queue ends there."""
        first = self._queue.get()
        if first is None:
            return [], True
        jobs, rows = [first], first.rows
        if self._last_rows > 1:
            self._linger.wait(LINGER_S)
        while rows < GROUP_ROWS:
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return jobs, True
            jobs.append(job)
            rows += job.rows
        return jobs, False

    def _hand_back(self, group: Group) -> None:
        try:
            self._loop.call_soon_threadsafe(self._wake, group)
        except RuntimeError:  # the loop is closed: nobody waits any more
            log.warning("loop_closed", jobs=len(group.settled))

    def _wake(self, group: Group) -> None:
        self._waiting_rows -= sum(settled.job.rows for settled in group.settled)
        wake_callers(group)
        self._on_commit(group)


class Committer:
    """Commits groups of jobs, one after the other, in whichever thread it is called."""

    def __init__(self, engine: Engine, dialect: Dialect) -> None:
        self._engine = engine
        self._dialect = dialect
        self._stamp_us = 0

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
            with self._engine.begin() as connection:
                return write_group(connection, self._dialect, jobs, self._stamp_us)
        except Undone as undone:
            if jobs[0].items is None:
                return _refuse_all(jobs, undone.error)
            rows = sum(job.rows for job in jobs)
            log.warning("batch_split", rows=rows, error=describe_error(undone.error))
        with self._engine.begin() as connection:
            return write_group(connection, self._dialect, jobs, self._stamp_us, is_split=True)


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
