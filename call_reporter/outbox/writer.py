"""The outbox's thread: commits what is queued with one fsync, then wakes the callers."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Generic, Protocol, TypeVar

from call_reporter.errors import OutboxBroken, OutboxFull, OutboxUnavailable
from call_reporter.outbox.file import OutboxFile, is_disk_full

log = logging.getLogger("call_reporter")

T = TypeVar("T")
_MAX_GROUP = 1_000
_PAGES, _PAGES_IF_SHORT = 1_000, 16
_DISK_FAILED = {
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_READONLY,
}
# Somebody else writes, or memory is short: nothing was written, and the next group may be.
_NOT_NOW = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM}


class Unit(Protocol):
    """Is what the thread needs of one piece of work."""

    is_lazy: bool
    """True when it may wait for others to share their commit."""
    is_essential: bool
    """True when it may use the space that the ballast held back."""

    def run(self, connection: sqlite3.Connection) -> None:
        """Do the work inside the group's transaction."""

    def fail(self, error: Exception) -> None:
        """Note that the work was not done."""

    def settle(self) -> None:
        """Tell the caller, in the caller's event loop."""


class Work(Generic[T]):
    """Is one piece of work and the future of its caller; without a future its error is logged."""

    def __init__(
        self,
        work: Callable[[sqlite3.Connection], T],
        future: asyncio.Future[T] | None,
        *,
        is_lazy: bool = False,
        is_essential: bool = True,
    ) -> None:
        self.is_lazy = is_lazy
        self.is_essential = is_essential
        self._work = work
        self._future = future
        self._results: list[T] = []  # one result, or none when it failed
        self._error: Exception | None = None  # None unless it failed

    def run(self, connection: sqlite3.Connection) -> None:
        """Do the work inside the group's transaction."""
        self._results = [self._work(connection)]
        self._error = None

    def fail(self, error: Exception) -> None:
        """Note that the work was not done."""
        self._error = error

    def settle(self) -> None:
        """Tell the caller, in the caller's event loop."""
        if self._future is None:
            if self._error is not None:
                log.warning("outbox_row_lost error=%s", self._error)
        elif self._future.done():
            pass  # the caller gave up; the row stays
        elif self._error is not None:
            self._future.set_exception(self._error)
        else:
            self._future.set_result(self._results[0])


class Committer:
    """Commits groups to the outbox's file, in whichever thread it is called."""

    def __init__(self, file: OutboxFile, connection: sqlite3.Connection) -> None:
        self._file = file
        self._connection = connection
        self._broken: OutboxUnavailable | None = None  # None while the disk is trusted
        self._is_short = False

    def close(self) -> None:
        """Close the file."""
        with suppress(sqlite3.Error):
            self._connection.close()

    def commit(self, group: Sequence[Unit]) -> None:
        """Write a group in one transaction; each unit notes its own failure."""
        try:
            self._commit_together(group)
        except sqlite3.Error as error:
            if is_disk_full(error):
                self._commit_short_of_disk(group)
            elif _code(error) in _NOT_NOW:
                _fail_all(group, OutboxUnavailable(f"the outbox takes nothing now: {error}"))
            else:
                # After a failed fsync nobody knows what the disk holds; it is not tried again.
                _fail_all(group, self.stop(str(error)))
        except OutboxUnavailable as error:
            _fail_all(group, error)
        except Exception as error:
            log.exception("outbox_group_failed")  # the thread must not die: all would wait for ever
            _fail_all(group, self.stop(repr(error)))

    def stop(self, reason: str) -> OutboxBroken:
        """Write nothing more until the next start; returns what to raise."""
        self._broken = OutboxBroken(
            f"the outbox's disk failed ({reason}): restart to check the file"
        )
        log.critical("outbox_broken error=%s: take no new calls, restart to check the file", reason)
        return self._broken

    def _commit_together(self, group: Sequence[Unit]) -> None:
        if self._broken is not None:
            raise self._broken
        if self._is_short and self._file.holds_ballast:
            self._limit_log(_PAGES)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for unit in group:
                self._run_unit(unit)
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            raise

    def _run_unit(self, unit: Unit) -> None:
        self._connection.execute("SAVEPOINT unit")
        try:
            unit.run(self._connection)
        except Exception as error:
            if isinstance(error, sqlite3.Error) and _is_fatal(error):
                raise  # the whole transaction is in doubt
            self._connection.execute("ROLLBACK TO unit")
            unit.fail(error)
        self._connection.execute("RELEASE unit")

    def _commit_short_of_disk(self, group: Sequence[Unit]) -> None:
        self._file.free_ballast()
        self._limit_log(_PAGES_IF_SHORT)
        self._reclaim_log()
        for unit in group:
            if not unit.is_essential:
                unit.fail(OutboxFull("the disk is full: take no new calls"))
                continue
            try:
                self._commit_together([unit])
            except sqlite3.Error as error:
                if is_disk_full(error):
                    unit.fail(OutboxFull("the disk is full and the space held back is used up"))
                else:
                    unit.fail(self.stop(str(error)))
            except OutboxUnavailable as error:
                unit.fail(error)

    def _limit_log(self, pages: int) -> None:
        """Have the log brought into the file after so many pages.

        A row of 1 KB is 16 KB in the log: unlimited, it takes all the space that was held back,
        and the file itself none of it.
        """
        with suppress(sqlite3.Error):
            self._connection.execute(f"PRAGMA wal_autocheckpoint = {pages}")
        self._is_short = pages == _PAGES_IF_SHORT

    def _reclaim_log(self) -> None:
        """Bring the log into the file, so that the next rows reuse its space instead of more."""
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(RESTART)")


class WorkWriter(Protocol):
    """Is what the outbox needs of its writer."""

    @property
    def committer(self) -> Committer:
        """Give what commits to the file."""

    def submit(
        self, work: Callable[[sqlite3.Connection], T], *, is_essential: bool = True
    ) -> asyncio.Future[T]:
        """Queue work; the future is done after the commit.

        Errors: what `work` raises, OutboxFull, OutboxBroken.
        """

    def post(self, work: Callable[[sqlite3.Connection], None], *, is_lazy: bool = False) -> None:
        """Queue work that nobody waits for; an error is logged."""

    async def close(self) -> None:
        """Commit what is queued and stop."""


class OutboxWriter:
    """Runs the one thread that touches the outbox's file."""

    def __init__(self, file: OutboxFile, connection: sqlite3.Connection, lazy_s: float) -> None:
        self.committer = Committer(file, connection)
        self._lazy_s = lazy_s
        self._queue: SimpleQueue[Unit | None] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="call-reporter-outbox", daemon=True)
        self._thread.start()

    def submit(
        self, work: Callable[[sqlite3.Connection], T], *, is_essential: bool = True
    ) -> asyncio.Future[T]:
        """Queue work; the future is done after the commit.

        Errors: what `work` raises, OutboxFull, OutboxBroken.
        """
        future: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(Work(work, future, is_essential=is_essential))
        return future

    def post(self, work: Callable[[sqlite3.Connection], None], *, is_lazy: bool = False) -> None:
        """Queue work that nobody waits for; an error is logged."""
        self._queue.put(Work(work, None, is_lazy=is_lazy))

    async def close(self) -> None:
        """Commit what is queued and end the thread."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        is_open = True
        while is_open:
            group, is_open = self._take_group()
            if group:
                self.committer.commit(group)
                with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                    self._loop.call_soon_threadsafe(settle_group, group)
        self.committer.close()

    def _take_group(self) -> tuple[list[Unit], bool]:
        first = self._queue.get()
        if first is None:
            return [], False
        group = [first]
        is_urgent = not first.is_lazy
        lazy_until = time.monotonic() + self._lazy_s
        while len(group) < _MAX_GROUP:
            wait_s = 0.0 if is_urgent else lazy_until - time.monotonic()
            try:
                unit = self._queue.get(timeout=wait_s) if wait_s > 0 else self._queue.get_nowait()
            except Empty:
                break
            if unit is None:
                return group, False
            group.append(unit)
            is_urgent = is_urgent or not unit.is_lazy
        return group, True


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def _is_fatal(error: sqlite3.Error) -> bool:
    return is_disk_full(error) or _code(error) in _DISK_FAILED


def _fail_all(group: Sequence[Unit], error: Exception) -> None:
    for unit in group:
        unit.fail(error)


def settle_group(group: Sequence[Unit]) -> None:
    """Tell the callers of a committed group, in their event loop."""
    for unit in group:
        unit.settle()
