"""The outbox's files: opening, locking, checking, setting aside, and ballast for a full disk."""

import fcntl
import logging
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from functools import cache
from pathlib import Path

from call_reporter.errors import OutboxInUse, OutboxUnavailable
from call_reporter.outbox import statements as sql
from call_reporter.outbox.pages import find_log_damage

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
_VERSIONS = (b"\1\1", b"\2\2")  # who may write and read the file: all, or all that know its log
_TOO_SHORT = sqlite3.SQLITE_IOERR_SHORT_READ


def is_disk_full(error: sqlite3.Error) -> bool:
    """Say whether it was for want of space; the log's index, too, wants some of the disk."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & 0xFF == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE


class OutboxFile:
    """Holds the files of one outbox: `PATH`, `PATH.lock`, `PATH.ballast`, and SQLite's own two.

    While a damaged one is replaced there is `PATH.restored`: not whole as long as PATH is there.
    """

    def __init__(self, path: Path, ballast_bytes: int) -> None:
        self.path = path
        self.holds_ballast = False
        self._restored = path.with_name(path.name + ".restored")
        self._place = (0, 0)  # device and number of the open file; zeros before
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
        with suppress(OSError):  # a full disk: only the name of the holder is missing
            os.ftruncate(lock, 0)
            os.write(lock, str(os.getpid()).encode())
        self._lock = lock

    def unlock(self) -> None:
        """Let the outbox go; the lock file stays, so that nobody locks a name about to vanish."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def connect(self) -> sqlite3.Connection:
        """Open or make the outbox; every commit reaches the disk before it returns.

        Raises: OutboxUnavailable, sqlite3.Error for what SQLite meets in it.
        """
        try:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE))
            self.path.chmod(_PRIVATE)
            state = self.path.stat()
        except OSError as error:
            raise OutboxUnavailable(
                f"cannot open the outbox {self.path}: {error.strerror}"
            ) from error
        self._place = (state.st_dev, state.st_ino)
        connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        try:
            prepare(connection)
            _sync_folder(self.path.parent)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def is_in_place(self) -> bool:
        """Say whether the file that is open is still the one that the next start will find."""
        if self._place == (0, 0):
            return True
        try:
            state = self.path.stat()
        except OSError:
            return False
        return (state.st_dev, state.st_ino) == self._place

    def find_damage(self) -> str:
        """Say what is wrong with the files that are there; empty when they are sound or missing.

        Changes nothing. Raises: OutboxUnavailable, sqlite3.Error when the disk is full.
        """
        log_path = _beside(self.path, "-wal")
        log_bytes = log_path.read_bytes() if log_path.exists() else b""
        if not self.path.exists() or self.path.stat().st_size == 0:
            return "only its log is there" if log_bytes else ""
        log_damage = find_log_damage(log_bytes)
        if log_damage:
            return log_damage
        if _read_versions(self.path) not in _VERSIONS:
            return "its head is damaged"  # SQLite would open it, but never write it
        try:
            with closing(connect_to_read(self.path)) as connection:
                return _find_damage(connection)
        except sqlite3.DatabaseError as error:
            if is_disk_full(error):
                raise
            code = error.sqlite_errorcode
            if code & 0xFF in _NOT_DAMAGE and code != _TOO_SHORT:
                raise OutboxUnavailable(f"cannot read the outbox {self.path}: {error}") from error
            return str(error)
        except UnicodeDecodeError:
            return "the names of its tables are damaged"  # SQLite's own words repeat them

    def build_restored(self) -> sqlite3.Connection:
        """Make the outbox that is to take the damaged one's place; close it when it is whole."""
        for suffix in ("", "-journal"):
            _beside(self._restored, suffix).unlink(missing_ok=True)
        os.close(os.open(self._restored, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE))
        connection = sqlite3.connect(self._restored, isolation_level=None)
        create_tables(connection)
        return connection

    def replace(self, stamp: str) -> Path:
        """Set the damaged file and its log aside and put the restored one there.

        Returns: the damaged file's new name. A kill in between costs nothing: see `finish_replace`.
        """
        aside = self.path.with_name(f"{self.path.name}.aside-{stamp}")
        number = 1
        while aside.exists():
            number += 1
            aside = self.path.with_name(f"{self.path.name}.aside-{stamp}-{number}")
        with suppress(FileNotFoundError):
            self.path.rename(aside)
        log_path = _beside(self.path, "-wal")
        if log_path.exists() and log_path.stat().st_size > 0:
            log_path.rename(_beside(aside, "-wal"))
        self.finish_replace()
        return aside

    def finish_replace(self) -> None:
        """End what a process began that was killed while it replaced a damaged file."""
        if self.path.exists():
            self._restored.unlink(missing_ok=True)  # it may not be whole
            return
        if not self._restored.exists():
            return
        _beside(self.path, "-wal").unlink(missing_ok=True)  # its rows are in the restored file
        _beside(self.path, "-shm").unlink(missing_ok=True)
        self._restored.rename(self.path)
        _sync_folder(self.path.parent)

    def keep_ballast(self) -> bool:
        """Hold disk space back for running calls; False when there is none to hold."""
        if self._ballast_bytes == 0 or self.holds_ballast:
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
        self.holds_ballast = True
        return True

    def free_ballast(self) -> bool:
        """Give the space that was held back to the outbox; False when it is gone already."""
        self.holds_ballast = False
        try:
            self._ballast_path.unlink()
        except FileNotFoundError:
            return False
        log.error("disk_full outbox=%s: the ballast is freed, take no new calls", self.path.name)
        return True


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a file to read it, while another process writes it too; its log stays as it is."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    connection.text_factory = _decode
    return connection


def prepare(connection: sqlite3.Connection) -> None:
    """Set up a connection and, in a new file, the tables."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(
        "PRAGMA secure_delete = ON"
    )  # what is pruned is gone: transcripts, and salvage finds no ghosts
    connection.execute("PRAGMA journal_size_limit = 4194304")
    connection.text_factory = _decode
    connection.execute("PRAGMA temp_store = MEMORY")  # no file elsewhere that could be refused
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


def _decode(text: bytes) -> str:
    return text.decode(errors="replace")  # a damaged name must not stop the start


def _read_schema(connection: sqlite3.Connection) -> Sequence[tuple[object, ...]]:
    return connection.execute(sql.SELECT_SCHEMA).fetchall()


@cache
def _own_schema() -> Sequence[tuple[object, ...]]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        create_tables(connection)
        return _read_schema(connection)


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
    if _read_schema(connection) != _own_schema():
        return "its tables are not those that this program makes"
    verdict = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
    return "" if verdict == "ok" else verdict


def _read_versions(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(20)[18:]


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
