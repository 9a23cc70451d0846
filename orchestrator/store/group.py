"""One commit: the jobs of a group are written so that the failure of each is its own."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, TypeVar, cast

import structlog
from sqlalchemy import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError

from orchestrator.store.prepared import run_text
from orchestrator.store.transaction import Numbers, Transaction

log = structlog.get_logger(__name__)

Unit: TypeAlias = Callable[[Transaction], object]
Batch: TypeAlias = Callable[[Transaction, Sequence[object]], Sequence[object]]
T = TypeVar("T")


class Dialect(Protocol):
    """Knows what differs between the databases."""

    def open_group(self, connection: Connection) -> tuple[int, int]:
        """Return the time in microseconds and the newest event; hold the counter."""

    def close_group(self, connection: Connection, newest_event: int) -> None:
        """Write the number of the newest event, and tell other processes with the commit."""

    def read_now(self, connection: Connection) -> int:
        """Return the time that the rules go by, in microseconds since the epoch."""

    def check(self, engine: Engine) -> None:
        """See whether the database can be trusted; warn of settings that risk what is stored.

        Raises: StoreUnusable, or an error that `explain` takes.
        """

    def explain(self, url: URL, error: Exception) -> str:
        """Say in one line why a database cannot be used, and what to do."""

    def is_lost(self, error: Exception, connection: Connection) -> bool:
        """Say whether `error` ended the whole transaction, not one statement."""


@dataclass(slots=True)
class Job:
    """Holds what one caller wants written, and where its answer goes."""

    future: asyncio.Future[object]
    work: Unit | Batch
    items: Sequence[object] | None = None
    """What a batch is given; None makes `work` a single unit."""
    bytes: int = 0
    """How much the items hold, about."""

    @property
    def rows(self) -> int:
        """Return how many rows the job counts for."""
        return 1 if self.items is None else len(self.items)


@dataclass(slots=True)
class Settled:
    """Holds the answer to one job."""

    job: Job
    value: object = None
    error: Exception | None = None
    """Set if the unit failed; `value` is void then."""


@dataclass(slots=True)
class Group:
    """Holds what one commit answers."""

    settled: list[Settled] = field(default_factory=list)
    actions: list[Callable[[], None]] = field(default_factory=list)
    """What the units want done after the commit."""
    newest_event: int = 0
    since: int = 0
    """The newest event before this group."""
    topics: set[str] = field(default_factory=set)
    """What its events are about."""
    is_due: bool = False
    """True when it leaves a call whose time has come."""
    stamp_us: int = 0


@dataclass(frozen=True, slots=True)
class Opened:
    """Holds how a group finds the database, its transaction being open."""

    now_us: int
    newest_event: int
    stamp_us: int
    """The newest stamp that this process gave."""


class Undone(Exception):
    """Carries the error of the only work of a group: the transaction itself must be undone."""

    def __init__(self, error: Exception) -> None:
        super().__init__(describe_error(error))
        self.error = error


def write_group(
    connection: Connection,
    dialect: Dialect,
    jobs: Sequence[Job],
    opened: Opened,
    *,
    is_split: bool = False,
) -> Group:
    """Write all jobs into the open transaction.

    `is_split`: the items of a batch are written one by one, because as one set they failed.
    Raises: Undone, or whatever ended the transaction as a whole; nothing is committed then.
    """
    numbers = Numbers(event=opened.newest_event, stamp_us=opened.stamp_us)
    gathered = _gather(jobs)
    scribe = _Scribe(connection, dialect, opened.now_us, numbers)
    # What is alone in its transaction needs no savepoint: most units of a quiet replica, and under
    # load most sets of reports (27 of the 83 statements of a simulated call were savepoints).
    scribe.is_alone = len(gathered) == 1 and not is_split
    for together in gathered:
        if together[0].items is None:
            scribe.write_unit(together[0])
        elif is_split:
            scribe.write_items(together)
        else:
            scribe.write_batch(together)
    if numbers.event != opened.newest_event:
        dialect.close_group(connection, numbers.event)
    scribe.group.newest_event, scribe.group.since = numbers.event, opened.newest_event
    scribe.group.stamp_us = numbers.stamp_us
    return scribe.group


class _Scribe:
    """Writes units and batches, each in a savepoint of its own unless it is alone."""

    is_alone = False

    def __init__(
        self, connection: Connection, dialect: Dialect, now_us: int, numbers: Numbers
    ) -> None:
        self.group = Group()
        self._connection = connection
        self._dialect = dialect
        self._now_us = now_us
        self._numbers = numbers

    def write_unit(self, job: Job) -> None:
        value, error = self._attempt(cast("Unit", job.work))
        self.group.settled.append(Settled(job, value, error))

    def write_batch(self, jobs: Sequence[Job]) -> None:
        """Run all items of one kind as one set; if that fails, one by one."""
        batch = cast("Batch", jobs[0].work)
        items = [item for job in jobs for item in job.items or ()]
        answers, error = self._attempt(lambda transaction: batch(transaction, items))
        if answers is None:
            log.warning("batch_split", rows=len(items), error=describe_error(error))
            self.write_items(jobs)
        else:
            self._settle(jobs, answers)

    def write_items(self, jobs: Sequence[Job]) -> None:
        """Run the items of one kind one by one."""
        batch = cast("Batch", jobs[0].work)
        self._settle(
            jobs, [self._write_item(batch, item) for job in jobs for item in job.items or ()]
        )

    def _settle(self, jobs: Sequence[Job], answers: Sequence[object]) -> None:
        begin = 0
        for job in jobs:
            end = begin + job.rows
            self.group.settled.append(Settled(job, list(answers[begin:end])))
            begin = end

    def _write_item(self, batch: Batch, item: object) -> object:
        answers, error = self._attempt(lambda transaction: batch(transaction, [item]))
        return error if answers is None else answers[0]

    def _attempt(self, unit: Callable[[Transaction], T]) -> tuple[T | None, Exception | None]:
        """Run a unit; return its value, or None and the error that undid it.

        Raises: Undone when it is alone.
        """
        before = (self._numbers.event, self._numbers.stamp_us)
        transaction = Transaction(self._connection, self._now_us, self._numbers)
        self._run_unless_alone("SAVEPOINT unit")
        try:
            value = unit(transaction)
            actions = transaction.finish()
        except Exception as error:  # the unit's own fault must not end the group
            if self._dialect.is_lost(error, self._connection):
                raise
            if self.is_alone:
                raise Undone(error) from error
            run_text(self._connection, "ROLLBACK TO SAVEPOINT unit")
            run_text(self._connection, "RELEASE SAVEPOINT unit")
            self._numbers.event, self._numbers.stamp_us = before
            return None, error
        self._run_unless_alone("RELEASE SAVEPOINT unit")
        self.group.actions.extend(actions)
        self.group.topics |= transaction.topics
        self.group.is_due |= transaction.is_due
        return value, None

    def _run_unless_alone(self, sql: str) -> None:
        if not self.is_alone:
            run_text(self._connection, sql)


def _gather(jobs: Sequence[Job]) -> list[list[Job]]:
    """Put the jobs of the same batch together; among callers who wait at once the order is free."""
    gathered: dict[int, list[Job]] = {}
    for job in jobs:
        gathered.setdefault(id(job) if job.items is None else id(job.work), []).append(job)
    return list(gathered.values())


def describe_error(error: BaseException | None) -> str:
    """Say what failed without the statement's values, which may hold what was said."""
    return str(error.orig) if isinstance(error, DBAPIError) else type(error).__name__
