"""The outbox: what a process must not forget about its calls, in one SQLite file that survives its death."""

import asyncio
import logging
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from call_reporter.errors import OutboxFull, OutboxUnavailable
from call_reporter.options import ReporterOptions
from call_reporter.outbox import statements as sql
from call_reporter.outbox.file import OutboxFile
from call_reporter.outbox.frames import BadFrame, Kind, pack_frame, unpack_frame
from call_reporter.outbox.restore import restore_rows
from call_reporter.outbox.salvage import read_salvage
from call_reporter.outbox.writer import OutboxWriter
from ringback.v1 import call_results_pb2 as pb

log = logging.getLogger("call_reporter")

_US = 1_000_000


@dataclass(frozen=True, slots=True)
class RememberedOrder:
    """Holds what the outbox knows of an order."""

    is_new: bool
    answer: bytes | None
    """What was answered; None while the first one has no answer yet."""
    body: bytes


@dataclass(frozen=True, slots=True)
class WaitingOutcome:
    """Holds an outcome that is to be delivered."""

    seq: int
    call_key: str
    result: pb.CallResult
    written_at: int
    """Microseconds since the epoch."""
    size: int
    """Bytes on the wire."""


@dataclass(frozen=True, slots=True)
class PutOutcome:
    """Says what became of a row that was to be written."""

    seq: int
    is_new: bool
    """False when another outcome of this call, or this very report, stood there first."""
    is_settled: bool
    """True when the one that stands was acknowledged or given up before."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Counts what is not delivered."""

    pending: int
    dead_letters: int
    oldest_s: float
    """Age of the oldest pending outcome in seconds; 0 without one."""


class Outbox:
    """Keeps orders, started calls, turns and outcomes; every method but `open` is called from one event loop."""

    def __init__(self, path: Path, options: ReporterOptions) -> None:
        self._file = OutboxFile(path, options.ballast_bytes)
        self._options = options
        self._writer: OutboxWriter | None = None  # None while closed
        self._pending = 0
        self._dead_letters = 0
        self._oldest_at: int | None = None  # None while nothing is pending

    async def open(self) -> None:
        """Lock, check and open the file; a damaged one is set aside and its good rows are taken over.

        Raises: OutboxInUse, OutboxUnavailable.
        """
        connection = await asyncio.to_thread(self._open)
        self._writer = OutboxWriter(self._file, connection, self._options.lazy_s)

    async def close(self) -> None:
        """Commit what is queued, close the file and let it go."""
        if self._writer is not None:
            await self._writer.close()
            self._writer = None
        self._file.unlock()

    def backlog(self) -> Backlog:
        """Count what is not delivered."""
        age_us = 0 if self._oldest_at is None else max(0, self._now() - self._oldest_at)
        return Backlog(self._pending, self._dead_letters, age_us / _US)

    async def put_outcome(
        self, call_key: str, result: pb.CallResult, *, is_first: bool = True
    ) -> PutOutcome:
        """Write an outcome; it is on the disk when this returns.

        The first outcome of a call stays and closes the call; `is_first` False adds a later one.
        Raises: OutboxUnavailable.
        """
        now = self._now()
        frame = pack_frame(Kind.OUTCOME, call_key, result.SerializeToString())

        def write(connection: sqlite3.Connection) -> PutOutcome:
            if is_first:
                connection.execute(sql.CLOSE_CALLS, (call_key,))
            values = (call_key, int(is_first), result.report_id, frame, now)
            row = connection.execute(sql.INSERT_OUTCOME, values).fetchone()
            if row is not None:
                return PutOutcome(seq=row[0], is_new=True, is_settled=False)
            seq, state = _find_standing(connection, call_key, result.report_id)
            return PutOutcome(seq, is_new=False, is_settled=state in {sql.ACKNOWLEDGED, sql.DEAD})

        put = await self._open_writer.submit(write)
        if put.is_new:
            self._pending += 1
            self._oldest_at = self._oldest_at or now
        return put

    async def list_waiting(
        self, after_seq: int, max_count: int, max_bytes: int
    ) -> Sequence[WaitingOutcome]:
        """List outcomes to deliver behind `after_seq`, oldest first; damaged ones become dead letters on the way."""
        now = self._now()

        def read(connection: sqlite3.Connection) -> tuple[list[WaitingOutcome], int]:
            rows = connection.execute(sql.SELECT_WAITING, (after_seq, max_count)).fetchall()
            waiting: list[WaitingOutcome] = []
            damaged: list[int] = []
            total = 0
            for seq, call_key, record, written_at in rows:
                try:
                    body = unpack_frame(record).body
                except BadFrame:
                    damaged.append(seq)
                    continue
                total += len(body) + 8  # tag and length in front of each
                if waiting and total > max_bytes:
                    break
                result = pb.CallResult.FromString(body)
                waiting.append(WaitingOutcome(seq, call_key, result, written_at, len(body)))
            connection.executemany(
                sql.BURY_OUTCOME, [(now, "damaged on the disk", seq) for seq in damaged]
            )
            return waiting, len(damaged)

        waiting, damaged = await self._open_writer.submit(read)
        if damaged:
            self._pending -= damaged
            self._dead_letters += damaged
            log.error("dead_letters count=%d reason=damaged_on_disk", damaged)
        return waiting

    def acknowledge(self, seqs: Iterable[int]) -> None:
        """Mark outcomes as recorded by the server, with the next commit: a repeat after a crash is harmless."""
        rows = [(self._now(), seq) for seq in seqs]

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(sql.ACKNOWLEDGE_OUTCOME, rows)
            self._note_oldest(connection)

        self._pending -= len(rows)
        self._open_writer.post(write, is_lazy=True)

    def bury(self, seq: int, note: str) -> None:
        """Turn an outcome that will never be taken into a dead letter."""
        now = self._now()

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(sql.BURY_OUTCOME, (now, note[:1_000], seq))
            self._note_oldest(connection)

        self._pending -= 1
        self._dead_letters += 1
        self._open_writer.post(write)

    async def start_call(self, opening_id: str, call_key: str, draft: pb.CallResult) -> None:
        """Journal that a call's conversation begins; `draft` holds what its result will say in any case.

        Raises: OutboxUnavailable.
        """
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
        """Journal a turn, or a better text of it, without waiting for the disk."""
        frozen = pb.TranscriptTurn()
        frozen.CopyFrom(turn)

        def write(connection: sqlite3.Connection) -> None:
            frame = pack_frame(Kind.TURN, f"{opening_id} {position}", frozen.SerializeToString())
            connection.execute(sql.UPSERT_TURN, (opening_id, position, frame))

        self._open_writer.post(write)

    async def recover(
        self, build: Callable[[pb.CallResult, Sequence[pb.TranscriptTurn], bool], pb.CallResult]
    ) -> Sequence[pb.CallResult]:
        """Give every started call without an outcome the one that `build` makes of its journal.

        `build` gets the draft, the turns that can be read and whether the call was claimed. Call it before this
        process starts calls of its own. Returns the results that were written.
        """
        now = self._now()
        recovered = await self._open_writer.submit(
            lambda connection: _recover_calls(connection, build, now)
        )
        self._pending += len(recovered)
        if recovered:
            self._oldest_at = self._oldest_at or now
        return recovered

    async def remember_order(self, call_id: str, body: bytes) -> RememberedOrder:
        """Remember an order by its call_id, or read what is known of it.

        Raises: OutboxFull when the disk is short: a call that is not begun cannot be lost. OutboxUnavailable.
        """
        values = (call_id, pack_frame(Kind.ORDER, call_id, body), self._now())

        def write(connection: sqlite3.Connection) -> RememberedOrder:
            known = connection.execute(sql.SELECT_ORDER, (call_id,)).fetchone()
            if known is not None:
                return RememberedOrder(
                    is_new=False, answer=_open_frame(known[1]), body=_open_frame(known[0]) or b""
                )
            self._require_space()
            connection.execute(sql.INSERT_ORDER, values)
            return RememberedOrder(is_new=True, answer=None, body=body)

        return await self._open_writer.submit(write, is_essential=False)

    async def answer_order(self, call_id: str, answer: bytes) -> None:
        """Keep the answer to an order; the first answer stays. Raises: OutboxUnavailable."""
        frame = pack_frame(Kind.ANSWER, call_id, answer)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(sql.UPDATE_ORDER_ANSWER, (frame, call_id))

        await self._open_writer.submit(write)

    async def is_over(self, call_key: str) -> bool:
        """Say whether the outbox holds an outcome for this call. Raises: OutboxUnavailable."""

        def read(connection: sqlite3.Connection) -> bool:
            return connection.execute(sql.SELECT_FIRST_OUTCOME, (call_key,)).fetchone() is not None

        return await self._open_writer.submit(read)

    async def prune(self) -> None:
        """Forget what was acknowledged longer ago than `keep_s`. Raises: OutboxUnavailable."""
        before = self._now() - int(self._options.keep_s * _US)

        def write(connection: sqlite3.Connection) -> None:
            for statement in sql.PRUNE:
                connection.execute(statement, {"before": before})

        await self._open_writer.submit(write)

    @property
    def _open_writer(self) -> OutboxWriter:
        if self._writer is None:
            raise OutboxUnavailable("the outbox is closed: use the reporter inside `async with`")
        return self._writer

    def _now(self) -> int:
        return int(self._options.clock.now().timestamp() * _US)

    def _open(self) -> sqlite3.Connection:
        self._file.lock()
        try:
            damage = self._file.find_damage()
            aside = self._set_aside(damage) if damage else None
            self._file.keep_ballast()
            connection = self._file.connect()
            if aside is not None:
                restore_rows(connection, read_salvage(aside), self._now())
            counts = connection.execute(sql.COUNT_OUTCOMES).fetchone()
            self._pending, self._dead_letters = int(counts[0]), int(counts[1])
            self._note_oldest(connection)
        except BaseException:
            self._file.unlock()
            raise
        return connection

    def _set_aside(self, damage: str) -> Path:
        stamp = datetime.fromtimestamp(self._now() / _US, UTC).strftime("%Y%m%dT%H%M%SZ")
        aside = self._file.set_aside(stamp)
        log.error("outbox_set_aside file=%s reason=%s", aside.name, damage)
        return aside

    def _note_oldest(self, connection: sqlite3.Connection) -> None:
        row = connection.execute(sql.SELECT_OLDEST_WAITING).fetchone()
        self._oldest_at = None if row is None else int(row[0])

    def _require_space(self) -> None:
        writer = self._open_writer
        if writer.is_short_of_disk:
            if not self._file.keep_ballast():
                raise OutboxFull("the disk is full: take no new calls")
            writer.is_short_of_disk = False

    def _set_state(self, opening_id: str, state: str) -> None:
        def write(connection: sqlite3.Connection) -> None:
            connection.execute(sql.UPDATE_CALL_STATE, (state, opening_id))

        self._open_writer.post(write)


def _find_standing(
    connection: sqlite3.Connection, call_key: str, report_id: str
) -> tuple[int, str]:
    row = connection.execute(sql.SELECT_REPORT, (call_key, report_id)).fetchone()
    row = row or connection.execute(sql.SELECT_FIRST_OUTCOME, (call_key,)).fetchone()
    return int(row[0]), str(row[1])


def _open_frame(data: bytes | None) -> bytes | None:
    if data is None:
        return None
    try:
        return unpack_frame(data).body
    except BadFrame:
        return b""


def _recover_calls(
    connection: sqlite3.Connection,
    build: Callable[[pb.CallResult, Sequence[pb.TranscriptTurn], bool], pb.CallResult],
    now: int,
) -> Sequence[pb.CallResult]:
    recovered = []
    for opening_id, call_key, state, record in connection.execute(sql.SELECT_LOST_CALLS).fetchall():
        if connection.execute(sql.SELECT_FIRST_OUTCOME, (call_key,)).fetchone() is None:
            try:
                draft = pb.CallResult.FromString(unpack_frame(record).body)
            except BadFrame:
                values = (call_key, uuid.uuid4().hex, record, now, now, "damaged on the disk")
                connection.execute(sql.INSERT_DEAD_LETTER, values)
                connection.execute(sql.CLOSE_CALLS, (call_key,))
                continue
            turns = _read_turns(connection, opening_id)
            result = build(draft, turns, state == sql.CLAIMED)
            frame = pack_frame(Kind.OUTCOME, call_key, result.SerializeToString())
            connection.execute(sql.INSERT_OUTCOME, (call_key, 1, result.report_id, frame, now))
            recovered.append(result)
        connection.execute(sql.CLOSE_CALLS, (call_key,))
    return recovered


def _read_turns(connection: sqlite3.Connection, opening_id: str) -> Sequence[pb.TranscriptTurn]:
    turns = []
    for (record,) in connection.execute(sql.SELECT_TURNS, (opening_id,)):
        try:
            turns.append(pb.TranscriptTurn.FromString(unpack_frame(record).body))
        except BadFrame:
            log.warning("turn_damaged opening=%s", opening_id)
    return turns
