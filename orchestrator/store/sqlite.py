"""What is particular to SQLite: the file, its connections, and how a transaction begins."""

import contextlib
import os
import sqlite3
import threading
from pathlib import Path

import structlog
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool, StaticPool

from foundation.clock import Clock
from orchestrator.errors import StoreUnusable
from orchestrator.store.counters import EVENT_COUNTER, clock_us, read_counter, save_counter
from orchestrator.store.json_text import write_json
from orchestrator.store.migrate import VERSION_TABLE, foreign_words
from orchestrator.store.prepared import run_text

log = structlog.get_logger(__name__)

CHECK_S = 0.5
"""How long a start reads the file through: some 50,000 results; a million would take 10 s."""
BUSY_TIMEOUT_S = 2.0
"""How long a statement waits for a lock that another process holds."""
READERS = 4
HOW_TO_REPAIR = (
    "move it away with its -wal and -shm, put the newest good copy in its place, start again, and"
    " let `ringback outbox retry --since TIME` at each Call Handler report again what is missing;"
    " the result of a call of ours that the copy does not know is kept, and not shown"
)


class DatabaseDamaged(sqlite3.DatabaseError):
    """Says what the integrity check found first."""


def create_file(path: Path) -> None:
    """Create the database file, readable by its owner alone, unless it exists."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def create_write_engine(url: URL) -> Engine:
    """Build the engine of the writer: its transactions take the write lock at once.

    Parameters are hidden, here and below: an error's text must not repeat what was said.
    """
    engine = create_engine(
        url,
        poolclass=StaticPool,
        connect_args=_connect_args(url),
        hide_parameters=True,
        json_serializer=write_json,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def create_read_engine(url: URL) -> Engine:
    """Build the engine of the readers, which cannot write."""
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=READERS,
        max_overflow=0,
        connect_args=_connect_args(url),
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "connect", _forbid_writes)
    event.listen(engine, "begin", _begin_deferred)
    return engine


def _connect_args(url: URL) -> dict[str, object]:
    settings: dict[str, object] = {"check_same_thread": False, "cached_statements": 512}
    if "timeout" not in url.query:
        settings["timeout"] = BUSY_TIMEOUT_S
    return settings


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own idea of when to begin is switched off; SQLAlchemy's "begin" event does it.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    # FULL: an acknowledged commit survives a power cut (NORMAL lost rows in 132 of 300 cuts).
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _forbid_writes(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA query_only=ON")


def _begin_immediate(connection: Connection) -> None:
    run_text(connection, "BEGIN IMMEDIATE")


def _begin_deferred(connection: Connection) -> None:
    run_text(connection, "BEGIN")


_LOST_CODES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_READONLY,
    }
)
_PRIMARY_CODE = 0xFF


def _find_damage(connection: sqlite3.Connection) -> str:
    """Read the file through, at most for CHECK_S; say what is wrong first, empty for nothing.

    What is damaged behind that shows when it is met: that read or commit fails.
    """
    alarm = threading.Timer(CHECK_S, connection.interrupt)
    alarm.start()
    try:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        log.info("database_read_in_part", after_s=CHECK_S, reason="it is large")
        return ""
    finally:
        alarm.cancel()
    return "" if found == "ok" else " ".join(str(found).split())


class SqliteDialect:
    """Keeps time by the injected clock and the event counter by the one writer's lock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def open_group(self, connection: Connection) -> tuple[int, int]:
        """Return the injected clock's time in microseconds and the newest event's number."""
        return clock_us(self._clock), read_counter(connection, EVENT_COUNTER)

    def close_group(self, connection: Connection, newest_event: int) -> None:
        """Write the number of the newest event; there is no other process to be told."""
        save_counter(connection, EVENT_COUNTER, newest_event)

    def read_now(self, _connection: Connection) -> int:
        """Return the injected clock's time in microseconds."""
        return clock_us(self._clock)

    def check(self, engine: Engine) -> None:
        """Read the file through, so that damage shows at the start and not in the midst of a call.

        Nothing is written before: the file may be somebody else's.
        Raises: DatabaseDamaged, or the driver's own error when it is no database at all.
        """
        file = str(engine.url.database)
        with contextlib.closing(sqlite3.connect(file, check_same_thread=False)) as connection:
            damage = _find_damage(connection)
            names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if damage:
            raise DatabaseDamaged(damage)
        if names and VERSION_TABLE not in names:
            raise StoreUnusable(foreign_words(engine.url))

    def explain(self, url: URL, error: Exception) -> str:
        """Say in one line why the file cannot be used, and what to do."""
        cause = getattr(error, "orig", error)
        code = getattr(cause, "sqlite_errorcode", 0) & _PRIMARY_CODE
        file = f"the database {url.database}"
        if code == sqlite3.SQLITE_BUSY:
            return f"{file} is in use by another process; stop that one first"
        if code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}:
            return f"{file} cannot be written; allow it to this user, and its folder too"
        return f"{file} is damaged ({cause}): {HOW_TO_REPAIR}"

    def is_lost(self, error: Exception, connection: Connection) -> bool:
        """Say whether `error` ended the whole transaction, not one statement."""
        raw = connection.connection.driver_connection
        if isinstance(raw, sqlite3.Connection) and not raw.in_transaction:
            return True
        code = getattr(getattr(error, "orig", None), "sqlite_errorcode", None)
        return code is not None and code & _PRIMARY_CODE in _LOST_CODES
