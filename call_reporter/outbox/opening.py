"""How an outbox is opened: locked, checked, a damaged file replaced by what is good of it."""

import errno
import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime

from call_reporter.errors import OutboxFull, OutboxUnavailable
from call_reporter.outbox import rows
from call_reporter.outbox.file import OutboxFile, is_disk_full
from call_reporter.outbox.restore import restore_rows
from call_reporter.outbox.salvage import read_salvage

log = logging.getLogger("call_reporter")


def open_outbox(file: OutboxFile, now: Callable[[], datetime]) -> sqlite3.Connection:
    """Lock, check and open the file; a damaged one is set aside, its good rows taken over.

    Raises: OutboxInUse, OutboxFull, OutboxUnavailable.
    """
    file.lock()
    try:
        return _load(file, now())
    except (sqlite3.Error, OSError) as error:
        file.unlock()
        raise _say_why(file, error) from error
    except BaseException:
        file.unlock()
        raise


def _say_why(file: OutboxFile, error: sqlite3.Error | OSError) -> OutboxUnavailable:
    """Tell a full disk from a file that cannot be opened: SQLite's words for it are "I/O error"."""
    if isinstance(error, OSError):
        is_full, words = error.errno == errno.ENOSPC, error.strerror
    else:
        is_full, words = is_disk_full(error), str(error)
    if is_full:
        return OutboxFull(f"cannot open the outbox {file.path}: the disk is full")
    return OutboxUnavailable(f"cannot open the outbox {file.path}: {words}")


def _load(file: OutboxFile, now: datetime) -> sqlite3.Connection:
    """Open the file; on a full disk with the space that a former process held back."""
    try:
        return _load_once(file, now)
    except sqlite3.Error as error:
        if not is_disk_full(error) or not file.free_ballast():
            raise
        return _load_once(file, now)


def _load_once(file: OutboxFile, now: datetime) -> sqlite3.Connection:
    file.finish_replace()
    damage = file.find_damage()
    if damage:
        _replace(file, damage, now)
    connection = file.connect()
    try:
        file.keep_ballast()
        damaged = rows.bury_damaged(connection, _microseconds(now))
    except BaseException:
        connection.close()
        raise
    if damaged:
        log.error("dead_letters count=%d reason=damaged_on_disk", damaged)
    return connection


def _replace(file: OutboxFile, damage: str, now: datetime) -> None:
    """Take the good rows of a damaged file over into a new one, then set the old one aside."""
    salvage = read_salvage(file.path)
    with closing(file.build_restored()) as restored:
        restore_rows(restored, salvage, _microseconds(now))
    aside = file.replace(now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ"))
    log.error("outbox_set_aside file=%s reason=%s", aside.name, damage)


def _microseconds(now: datetime) -> int:
    return int(now.timestamp() * 1_000_000)
