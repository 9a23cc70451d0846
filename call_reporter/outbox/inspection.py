"""What an outbox holds, read from outside while its reporter may run: accounts and results."""

import fcntl
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from call_reporter.errors import OutboxUnavailable
from call_reporter.outbox import statements as sql
from call_reporter.outbox.file import OutboxFile, connect_to_read
from call_reporter.outbox.frames import BadFrame, unpack_frame
from ringback.v1 import call_results_pb2 as pb

_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Accounts:
    """Counts the calls of an outbox: each is in one of these, and recovery reports the running."""

    running: int
    pending: int
    acknowledged: int
    dead: int

    @property
    def started(self) -> int:
        """Count the calls whose stream started, or that were reported without a start."""
        return self.running + self.pending + self.acknowledged + self.dead


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Is a result that the server refused, or that the disk spoilt."""

    call_key: str
    """The call_id or CallSid; empty when it cannot be read any more."""
    reason: str
    written_time: datetime
    is_readable: bool
    """False when the disk spoilt it: it cannot be sent again."""


@dataclass(frozen=True, slots=True)
class Contents:
    """Holds what one outbox tells of itself."""

    path: Path
    holder: int
    """The process that has it open; 0 when none has."""
    damage: str
    """What is wrong with it, for its next start to repair; empty when it is sound."""
    accounts: Accounts
    dead_letters: Sequence[DeadLetter]
    asides: Sequence[Path]
    """Damaged files that were set aside; their good rows were taken over."""


@dataclass(frozen=True, slots=True)
class KeptResult:
    """Is a result that the outbox still has, whatever became of it."""

    seq: int
    state: str
    result: pb.CallResult


def inspect_outbox(path: Path) -> Contents:
    """Read an outbox, which may be in use; changes nothing.

    Raises: OutboxUnavailable when there is none, or it cannot be read.
    """
    _require_file(path)
    holder = _find_holder(path)
    damage = _find_damage(path, holder)
    accounts, letters = Accounts(0, 0, 0, 0), list[DeadLetter]()
    if not damage:
        with _reading(path) as connection:
            if _has_tables(connection):
                accounts, letters = read_accounts(connection), _read_dead_letters(connection)
    asides = sorted(path.parent.glob(f"{path.name}.aside-*"))
    kept = [aside for aside in asides if not aside.name.endswith(("-wal", "-shm"))]
    return Contents(path, holder, damage, accounts, letters, kept)


def read_accounts(connection: sqlite3.Connection) -> Accounts:
    """Count the calls by what became of them; a state that nobody knows counts as pending."""
    counts: Counter[str] = Counter()
    known = {sql.RUNNING, sql.ACKNOWLEDGED, sql.DEAD}
    for state, count in connection.execute(sql.COUNT_CALLS):
        counts[state if state in known else sql.PENDING] += count
    return Accounts(
        counts[sql.RUNNING], counts[sql.PENDING], counts[sql.ACKNOWLEDGED], counts[sql.DEAD]
    )


def read_results(path: Path, since: datetime) -> Sequence[KeptResult]:
    """Read the results that were written or settled since a time, oldest first, undamaged ones.

    Raises: OutboxUnavailable, also for a damaged one: its next start saves what is good of it.
    """
    _require_file(path)
    damage = _find_damage(path, _find_holder(path))
    if damage:
        raise OutboxUnavailable(
            f"{path} is damaged ({damage}): start its reporter, which takes its good rows over, "
            "then retry"
        )
    with _reading(path) as connection:
        if not _has_tables(connection):
            return []
        after = {"after": int(since.timestamp() * _US)}
        return [
            KeptResult(seq, state, pb.CallResult.FromString(unpack_frame(record).body))
            for seq, state, record in connection.execute(sql.SELECT_SINCE, after)
            if _is_readable(record)
        ]


def revive_dead_letters(path: Path, seqs: Iterable[int], now: datetime) -> None:
    """Mark dead letters as recorded that the server took after all; its reporter may run.

    Raises: OutboxUnavailable when the file cannot be written.
    """
    values = [(int(now.timestamp() * _US), seq) for seq in seqs]
    try:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.executemany(sql.REVIVE_DEAD_LETTER, values)
    except sqlite3.Error as error:
        raise OutboxUnavailable(f"cannot write {path}: {error}") from error


def _find_damage(path: Path, holder: int) -> str:
    """Say what is wrong with it; a log that is being written looks torn, so not while it is."""
    return "" if holder else OutboxFile(path, ballast_bytes=0).find_damage()


def _has_tables(connection: sqlite3.Connection) -> bool:
    """Say whether it ever got its first commit: a process may have died before."""
    return bool(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a file to read it; what SQLite raises meanwhile becomes OutboxUnavailable."""
    try:
        with closing(connect_to_read(path)) as connection:
            yield connection
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise OutboxUnavailable(f"cannot read {path}: {error}") from error


def _read_dead_letters(connection: sqlite3.Connection) -> list[DeadLetter]:
    letters = []
    for call_key, note, written_at, record in connection.execute(sql.SELECT_DEAD_LETTERS):
        written = datetime.fromtimestamp(written_at / _US, UTC)
        letters.append(DeadLetter(call_key, note or "", written, _is_readable(record)))
    return letters


def _is_readable(record: object) -> bool:
    try:
        unpack_frame(record)
    except BadFrame:
        return False
    return True


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise OutboxUnavailable(f"there is no outbox at {path}")


def _find_holder(path: Path) -> int:
    """Find the process that holds the lock, whose number stands in its file; 0 when none does."""
    try:
        with path.with_name(path.name + ".lock").open() as lock:
            pid = int(lock.read())
            os.kill(pid, 0)
            # In the next container the number may be another process's. Taken for a moment, the
            # lock could turn a starting reporter away: so only here, where there seems to be one.
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return pid
    except (OSError, ValueError):
        return 0
    return 0
