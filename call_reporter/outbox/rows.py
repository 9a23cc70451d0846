"""What the outbox's thread does with its rows: each function runs inside one transaction."""

import logging
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from call_reporter.outbox import statements as sql
from call_reporter.outbox.frames import BadFrame, Kind, pack_frame, unpack_body, unpack_frame
from ringback.v1 import call_results_pb2 as pb

log = logging.getLogger("call_reporter")

BuildRecovered = Callable[[pb.CallResult, Sequence[pb.TranscriptTurn], bool], pb.CallResult]
"""Builds the result of a lost call from its draft, its turns and whether it was claimed."""
FRAMING_BYTES = 8
"""What stands in front of each result of a batch at most: tag and length."""
_DAMAGED = "damaged on the disk"
_SID_LENGTH = 34


@dataclass(frozen=True, slots=True)
class RememberedOrder:
    """Holds what the outbox knows of an order."""

    is_new: bool
    answer: bytes | None
    """What was answered; None while the first one has no answer yet, or it cannot be read."""
    body: bytes
    """Empty when it cannot be read."""


@dataclass(frozen=True, slots=True)
class WaitingOutcome:
    """Holds an outcome that is to be delivered."""

    seq: int
    body: bytes
    """The result as it is sent; it is read only where somebody wants to know what it says."""
    written_at: int
    """Microseconds since the epoch."""

    @property
    def result(self) -> pb.CallResult:
        """Read the result."""
        return pb.CallResult.FromString(self.body)


@dataclass(frozen=True, slots=True)
class PutOutcome:
    """Says what became of an outcome that was to be written."""

    seq: int
    is_new: bool
    """False when another outcome of this call, or this very report, stood there first."""


def write_outcome(
    connection: sqlite3.Connection,
    call_key: str,
    result: pb.CallResult,
    now: int,
    *,
    is_first: bool = True,
) -> PutOutcome:
    """Write an outcome unless the call has one, or this very report is known."""
    if is_first:
        connection.execute(sql.CLOSE_CALLS, (call_key,))
    frame = pack_frame(Kind.OUTCOME, call_key, result.SerializeToString())
    values = (call_key, int(is_first), result.report_id, frame, now)
    row = connection.execute(sql.INSERT_OUTCOME, values).fetchone()
    if row is not None:
        return PutOutcome(row[0], is_new=True)
    row = connection.execute(sql.SELECT_REPORT, (call_key, result.report_id)).fetchone()
    row = row or connection.execute(sql.SELECT_FIRST_OUTCOME, (call_key,)).fetchone()
    return PutOutcome(row[0], is_new=False)


def list_waiting(
    connection: sqlite3.Connection, after_seq: int, max_count: int, max_bytes: int
) -> Sequence[WaitingOutcome]:
    """List outcomes behind `after_seq`, at most `max_bytes` of them but at least one, undamaged."""
    waiting: list[WaitingOutcome] = []
    total = 0
    for seq, record, written_at in connection.execute(sql.SELECT_WAITING, (after_seq, max_count)):
        try:
            body = unpack_body(record)
        except BadFrame:
            continue
        total += len(body) + FRAMING_BYTES
        if waiting and total > max_bytes:
            break
        known_at = written_at if isinstance(written_at, int) else 0  # else damaged
        waiting.append(WaitingOutcome(seq, body, known_at))
    return waiting


def find_runs(seqs: Iterable[int]) -> Sequence[tuple[int, int]]:
    """Find the runs of consecutive numbers, as (first, last): a batch is mostly one."""
    runs: list[tuple[int, int]] = []
    for seq in sorted(seqs):
        if runs and seq == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], seq)
        else:
            runs.append((seq, seq))
    return runs


def bury_damaged(connection: sqlite3.Connection, now: int) -> int:
    """Turn every waiting outcome that cannot be read into a dead letter; returns how many.

    Their calls count as lost from then on: recovery reports what their turns say.
    """
    damaged = []
    for seq, record in connection.execute(sql.SELECT_ALL_WAITING):
        try:
            unpack_body(record)
        except BadFrame:
            damaged.append((now, _DAMAGED, seq))
    connection.executemany(sql.BURY_DAMAGED, damaged)
    return len(damaged)


def count_undelivered(connection: sqlite3.Connection) -> tuple[int, int]:
    """Count what waits and what was given up."""
    waiting = connection.execute(sql.COUNT_WAITING).fetchone()[0]
    return int(waiting), int(connection.execute(sql.COUNT_DEAD_LETTERS).fetchone()[0])


def read_order(connection: sqlite3.Connection, call_id: str) -> RememberedOrder | None:
    """Read what is known of an order; None when it is new."""
    row = connection.execute(sql.SELECT_ORDER, (call_id,)).fetchone()
    if row is None:
        return None
    return RememberedOrder(
        is_new=False, answer=_open_frame(row[1]), body=_open_frame(row[0]) or b""
    )


def recover_calls(
    connection: sqlite3.Connection, build: BuildRecovered, now: int
) -> Sequence[pb.CallResult]:
    """Give every started call without an outcome the one that `build` makes of its journal."""
    recovered = []
    connection.execute(sql.REOPEN_CALLS)
    for opening_id, call_key, state, record in connection.execute(sql.SELECT_LOST_CALLS).fetchall():
        if connection.execute(sql.SELECT_FIRST_OUTCOME, (call_key,)).fetchone() is None:
            try:
                draft = pb.CallResult.FromString(unpack_frame(record).body)
            except BadFrame:
                write_dead_letter(connection, call_key, record, now)
                draft = _name_call(call_key)
            turns = _read_turns(connection, opening_id)
            result = build(draft, turns, state == sql.CLAIMED)
            write_outcome(connection, call_key, result, now)
            recovered.append(result)
        connection.execute(sql.CLOSE_CALLS, (call_key,))
    return recovered


def write_dead_letter(
    connection: sqlite3.Connection,
    call_key: str,
    record: object,
    now: int,
) -> None:
    """Keep what cannot be read where a person can see it."""
    kept = record if isinstance(record, bytes) else str(record).encode()
    values = (call_key, uuid.uuid4().hex, kept, now, now, _DAMAGED)
    connection.execute(sql.INSERT_DEAD_LETTER, values)


def _name_call(call_key: str) -> pb.CallResult:
    """Draft the result of a call of which only the key is left."""
    is_sid = call_key.startswith("CA") and len(call_key) == _SID_LENGTH
    return pb.CallResult(call_sid=call_key) if is_sid else pb.CallResult(call_id=call_key)


def _open_frame(data: object) -> bytes | None:
    """Give what a frame holds; None when there is none, or it is damaged."""
    try:
        return unpack_frame(data).body
    except BadFrame:
        return None


def _read_turns(connection: sqlite3.Connection, opening_id: str) -> Sequence[pb.TranscriptTurn]:
    turns = []
    for (record,) in connection.execute(sql.SELECT_TURNS, (opening_id,)):
        try:
            turns.append(pb.TranscriptTurn.FromString(unpack_frame(record).body))
        except BadFrame:
            log.warning("turn_damaged opening=%s", opening_id)
    return turns
