"""The outbox's files: opening, locking, checking, setting aside, and ballast for a full disk."""

import fcntl
import logging
import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from call_reporter.errors import OutboxInUse, OutboxUnavailable
from call_reporter.outbox import statements as sql

log = logging.getLogger("call_reporter")

_PRIVATE = 0o600
# Somebody else holds the file, or the disk does not give it: no reason to put it aside.
_NOT_DAMAGE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_NOMEM,
}
_TOO_SHORT = sqlite3.SQLITE_IOERR_SHORT_READ


class OutboxFile:
    """Holds the files of one outbox: `PATH`, `PATH.lock`, `PATH.ballast`, and SQLite's own two."""

    def __init__(self, path: Path, ballast_bytes: int) -> None:
        self.path = path
        self._lock_path = path.with_name(path.name + ".lock")
        self._ballast_path = path.with_name(path.name + ".ballast")
        self._ballast_bytes = ballast_bytes
        self._lock: int | None = None  # None while closed

    def lock(self) -> None:
        """Take the outbox for this reporter alone.

        Raises: OutboxInUse when another one holds it, OutboxUnavailable when the folder cannot be
        written.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
        except OSError as error:
            raise OutboxUnavailable(f"cannot open {self._lock_path}: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(lock, 20).decode(errors="replace").strip() or "unknown"
            os.close(lock)
            raise OutboxInUse(
                f"the outbox {self.path} is in use (process {holder}): "
                "give each reporter an outbox of its own"
            ) from error
        os.ftruncate(lock, 0)
        os.write(lock, str(os.getpid()).encode())
        self._lock = lock

    def unlock(self) -> None:
        """Let the outbox go; the lock file stays, so that nobody locks a name about to vanish."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def connect(self) -> sqlite3.Connection:
        """Open or make the outbox; every commit reaches the disk before it returns."""
        with suppress(FileNotFoundError):
            self.path.chmod(_PRIVATE)
        try:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE))
            connection = sqlite3.connect(
                self.path, isolation_level=None, check_same_thread=False, cached_statements=64
            )
        except (OSError, sqlite3.Error) as error:
            raise OutboxUnavailable(f"cannot open the outbox {self.path}: {error}") from error
        try:
            prepare(connection)
            _sync_folder(self.path.parent)
        except sqlite3.Error as error:
            connection.close()
            raise OutboxUnavailable(f"cannot open the outbox {self.path}: {error}") from error
        return connection

    def find_damage(self) -> str:
        """Say what is wrong with the file that is there; empty when it is sound, new or missing."""
        if not self.path.exists() or self.path.stat().st_size == 0:
            return ""
        try:
            with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
                return _find_damage(connection)
        except sqlite3.DatabaseError as error:
            if (
                error.sqlite_errorcode & 0xFF in _NOT_DAMAGE
                and error.sqlite_errorcode != _TOO_SHORT
            ):
                raise OutboxUnavailable(f"cannot read the outbox {self.path}: {error}") from error
            return str(error)

    def set_aside(self, stamp: str) -> Path:
        """Rename the file and its write-ahead log to make room for new ones; returns the name."""
        aside = self.path.with_name(f"{self.path.name}.aside-{stamp}")
        number = 1
        while aside.exists():
            number += 1
            aside = self.path.with_name(f"{self.path.name}.aside-{stamp}-{number}")
        self.path.rename(aside)
        with suppress(FileNotFoundError):
            _beside(self.path, "-wal").rename(_beside(aside, "-wal"))
        _beside(self.path, "-shm").unlink(missing_ok=True)
        _sync_folder(self.path.parent)
        return aside

    def keep_ballast(self) -> bool:
        """Hold disk space back for running calls; False when there is none to hold."""
        if self._ballast_bytes == 0:
            return True
        try:
            ballast = os.open(self._ballast_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
            try:
                os.posix_fallocate(ballast, 0, self._ballast_bytes)
            finally:
                os.close(ballast)
        except OSError as error:
            self._ballast_path.unlink(missing_ok=True)
            log.warning("ballast_missing outbox=%s error=%s", self.path.name, error.strerror)
            return False
        return True

    def free_ballast(self) -> bool:
        """Give the space that was held back to the outbox; False when it is gone already."""
        try:
            self._ballast_path.unlink()
        except FileNotFoundError:
            return False
        log.error("disk_full outbox=%s: the ballast is freed, take no new calls", self.path.name)
        return True


def prepare(connection: sqlite3.Connection) -> None:
    """Set up a connection and, in a new file, the tables."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(
        "PRAGMA secure_delete = ON"
    )  # what is pruned is gone: transcripts, and salvage finds no ghosts
    connection.execute("PRAGMA journal_size_limit = 4194304")
    if connection.execute("PRAGMA user_version").fetchone()[0] != sql.SCHEMA_VERSION:
        create_tables(connection)


def create_tables(connection: sqlite3.Connection) -> None:
    """Make the tables in a new file, always in the same order: salvage knows their first pages."""
    connection.execute("BEGIN IMMEDIATE")
    for statement in sql.CREATE_TABLES:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {sql.APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {sql.SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _find_damage(connection: sqlite3.Connection) -> str:
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if tables == 0 and application == 0:
        return ""  # a file that never got its first commit
    if application != sql.APPLICATION_ID:
        return "not an outbox"
    if version != sql.SCHEMA_VERSION:
        return f"schema version {version}, this program knows {sql.SCHEMA_VERSION}"
    verdict = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
    return "" if verdict == "ok" else verdict


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
