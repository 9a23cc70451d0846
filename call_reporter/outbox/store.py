"""The outbox: what a process must not forget about its calls, in a file that survives it."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from call_reporter.errors import OutboxFull, OutboxUnavailable
from call_reporter.options import ReporterOptions
from call_reporter.outbox import rows
from call_reporter.outbox import statements as sql
from call_reporter.outbox.file import OutboxFile
from call_reporter.outbox.frames import Kind, pack_frame
from call_reporter.outbox.opening import open_outbox
from call_reporter.outbox.stamps import Stamps
from call_reporter.outbox.writer import OutboxWriter, WorkWriter
from ringback.v1 import call_results_pb2 as pb

log = logging.getLogger("call_reporter")


@dataclass(frozen=True, slots=True)
class Disk:
    """Holds how an outbox meets its disk; a simulation hands in one without files and threads."""

    open_file: Callable[[Path, int], OutboxFile] = OutboxFile
    """Given the path and the bytes of ballast."""
    start_writer: Callable[[OutboxFile, sqlite3.Connection, float], WorkWriter] = OutboxWriter
    """Given besides file and connection how long an acknowledgement may wait, in seconds."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Counts what is not delivered."""

    pending: int
    dead_letters: int


class Outbox:
    """Keeps orders, started calls, turns and outcomes; belongs to one event loop.

    Every method that waits raises OutboxUnavailable when the disk does not take or give the row.
    """

    def __init__(self, path: Path, options: ReporterOptions, disk: Disk | None = None) -> None:
        self._disk = disk or Disk()
        self._file = self._disk.open_file(path, options.ballast_bytes)
        self._options = options
        self._stamps = Stamps(options.clock, options.keep_s)
        self._writer: WorkWriter | None = None  # None while closed
        self._pending = 0
        self._dead_letters = 0

    async def open(self) -> None:
        """Lock, check and open the file; a damaged one is set aside, its good rows taken over.

        Raises: OutboxInUse, OutboxUnavailable.
        """
        connection = await asyncio.to_thread(self._open)
        self._writer = self._disk.start_writer(self._file, connection, self._options.lazy_s)

    async def close(self) -> None:
        """Commit what is queued, close the file and let it go."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            await writer.close()
        self._file.unlock()

    def backlog(self) -> Backlog:
        """Count what is not delivered."""
        return Backlog(self._pending, self._dead_letters)

    async def put_outcome(
        self, call_key: str, result: pb.CallResult, *, is_first: bool = True
    ) -> rows.PutOutcome:
        """Write an outcome; it is on the disk when this returns.

        The first outcome of a call stays and closes the call; `is_first` False adds a later one.
        """
        now = self._now()

        def write(connection: sqlite3.Connection) -> rows.PutOutcome:
            return rows.write_outcome(connection, call_key, result, now, is_first=is_first)

        put = await self._open_writer.submit(write)
        if put.is_new:
            self._pending += 1
        return put

    async def list_waiting(
        self, after_seq: int, max_count: int, max_bytes: int
    ) -> Sequence[rows.WaitingOutcome]:
        """List outcomes to deliver behind `after_seq`, oldest first."""
        return await self._open_writer.submit(
            lambda connection: rows.list_waiting(connection, after_seq, max_count, max_bytes)
        )

    def acknowledge(self, seqs: Iterable[int]) -> None:
        """Mark outcomes as recorded, with the next commit: a repeat after a crash is harmless."""
        now, runs = self._now(), rows.find_runs(seqs)

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(
                sql.ACKNOWLEDGE_OUTCOMES, [(now, first, last) for first, last in runs]
            )

        self._pending -= sum(last - first + 1 for first, last in runs)
        self._open_writer.post(write, is_lazy=True)

    def bury(self, seq: int, note: str) -> None:
        """Turn an outcome that will never be taken into a dead letter."""
        now = self._now()

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(sql.BURY_OUTCOME, (now, note[:1_000], seq))

        self._pending -= 1
        self._dead_letters += 1
        self._open_writer.post(write)

    async def start_call(self, opening_id: str, call_key: str, draft: pb.CallResult) -> None:
        """Journal that a conversation begins; `draft` holds what its result says in any case."""
        frame = pack_frame(Kind.CALL, f"{opening_id} {call_key}", draft.SerializeToString())
        values = (opening_id, call_key, sql.RUNNING, frame, self._now())

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(sql.INSERT_CALL, values)

        await self._open_writer.submit(write)

    def mark_claimed(self, opening_id: str) -> None:
        """Note that the server granted the call to this stream."""
        self._set_state(opening_id, sql.CLAIMED)

    def mark_refused(self, opening_id: str) -> None:
        """Note that the call belongs to another stream: recovery leaves it alone."""
        self._set_state(opening_id, sql.REFUSED)

    def put_turn(self, opening_id: str, position: int, turn: pb.TranscriptTurn) -> None:
        """Journal a turn, or a better text of it, without waiting for the disk.

        `turn` must not change afterwards: the thread packs it.
        """

        def write(connection: sqlite3.Connection) -> None:
            frame = pack_frame(Kind.TURN, f"{opening_id} {position}", turn.SerializeToString())
            connection.execute(sql.UPSERT_TURN, (opening_id, position, frame))

        self._open_writer.post(write)

    async def settle(self) -> None:
        """Return when all that was journalled so far is on the disk.

        Raises: OutboxUnavailable when the disk no longer takes anything.
        """
        await self._open_writer.submit(lambda _connection: None, is_essential=False)

    async def recover(self, build: rows.BuildRecovered) -> Sequence[pb.CallResult]:
        """Give every started call without an outcome the one that `build` makes of its journal.

        Call it before this process starts calls of its own. Returns the results that were written.
        """
        now = self._now()
        recovered = await self._open_writer.submit(
            lambda connection: rows.recover_calls(connection, build, now)
        )
        self._pending, self._dead_letters = await self._open_writer.submit(rows.count_undelivered)
        return recovered

    async def remember_order(self, call_id: str, body: bytes) -> rows.RememberedOrder:
        """Remember an order by its call_id, or read what is known of it.

        Raises: OutboxFull when the disk is short: a call that is not begun cannot be lost.
        """
        values = (call_id, pack_frame(Kind.ORDER, call_id, body), self._now())

        def write(connection: sqlite3.Connection) -> rows.RememberedOrder:
            known = rows.read_order(connection, call_id)
            if known is not None:
                return known
            self._require_space()
            connection.execute(sql.INSERT_ORDER, values)
            return rows.RememberedOrder(is_new=True, answer=None, body=body)

        return await self._open_writer.submit(write, is_essential=False)

    async def recall_order(self, call_id: str) -> rows.RememberedOrder | None:
        """Read what is known of an order; None when it is new."""
        return await self._open_writer.submit(
            lambda connection: rows.read_order(connection, call_id)
        )

    async def check_space(self) -> None:
        """Return when a new call could be taken. Raises: OutboxFull, OutboxBroken."""
        await self._open_writer.submit(lambda _connection: self._require_space())

    async def answer_order(self, call_id: str, answer: bytes) -> None:
        """Keep the answer to an order; the first answer stays."""
        frame = pack_frame(Kind.ANSWER, call_id, answer)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(sql.UPDATE_ORDER_ANSWER, (frame, call_id))

        await self._open_writer.submit(write)

    async def is_over(self, call_key: str) -> bool:
        """Say whether the outbox holds an outcome for this call."""

        def read(connection: sqlite3.Connection) -> bool:
            row = connection.execute(sql.SELECT_FIRST_OUTCOME, (call_key,)).fetchone()
            return row is not None

        return await self._open_writer.submit(read)

    async def is_settled(self, seq: int) -> bool:
        """Say whether an outcome was acknowledged or given up."""

        def read(connection: sqlite3.Connection) -> bool:
            return connection.execute(sql.SELECT_SETTLED, (seq,)).fetchone() is not None

        return await self._open_writer.submit(read)

    async def prune(self) -> None:
        """Forget what was acknowledged longer ago than `keep_s`, whatever the wall clock did."""
        before = self._stamps.settled_before()

        def write(connection: sqlite3.Connection) -> int:
            for statement in sql.PRUNE:
                connection.execute(statement, {"before": before})
            return rows.count_undelivered(connection)[1]

        self._dead_letters = await self._open_writer.submit(write)  # `ringback outbox retry` saves

    @property
    def _open_writer(self) -> WorkWriter:
        if self._writer is None:
            raise OutboxUnavailable("the outbox is closed: use the reporter inside `async with`")
        return self._writer

    def _now(self) -> int:
        return self._stamps.now()

    def _open(self) -> sqlite3.Connection:
        connection = open_outbox(self._file, self._options.clock.now)
        self._pending, self._dead_letters = rows.count_undelivered(connection)
        return connection

    def _require_space(self) -> None:
        """Refuse new calls when there is no room to end them, or no file that outlives us.

        Raises: OutboxFull, OutboxBroken.
        """
        if not self._file.is_in_place():
            raise self._open_writer.committer.stop("the file was deleted or replaced")
        if not self._file.keep_ballast():
            raise OutboxFull("the disk is full: take no new calls")

    def _set_state(self, opening_id: str, state: str) -> None:
        def write(connection: sqlite3.Connection) -> None:
            connection.execute(sql.UPDATE_CALL_STATE, (state, opening_id))

        self._open_writer.post(write)
