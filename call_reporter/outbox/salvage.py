"""What can still be read of an outbox whose file is damaged, old or not ours.

Three passes: the tables of the file with its whole log laid over it, the tables as far as SQLite
walks them by itself, and the bytes, where frames of damaged pages lie. The last may find a row in
an older state; sending it again is harmless, the server answers DUPLICATE.
"""

import mmap
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from call_reporter.outbox import statements as sql
from call_reporter.outbox.file import connect_to_read, create_tables
from call_reporter.outbox.frames import BadFrame, Frame, Kind, find_frames, unpack_frame
from call_reporter.outbox.pages import PAGE_BYTES, lay_over

# Reads every row of a table, as its frame and its state; walked in both directions around a
# damaged page.
_SELECTS: Mapping[Kind, str] = {
    Kind.OUTCOME: "SELECT record, state FROM outcome ORDER BY rowid",
    Kind.CALL: "SELECT record, state FROM started_call ORDER BY rowid",
    Kind.TURN: "SELECT record, '' FROM turn ORDER BY rowid",
    Kind.ORDER: "SELECT body, '' FROM order_memory ORDER BY rowid",
    Kind.ANSWER: "SELECT answer, '' FROM order_memory WHERE answer IS NOT NULL ORDER BY rowid",
}
_PAGE_COUNT, _FREE_PAGES = (
    slice(28, 32),
    slice(32, 40),
)  # in the first page, by SQLite's file format
_MAX_REPAIR_BYTES = 1 << 29
_STATES = {sql.ACKNOWLEDGED, sql.DEAD, sql.RUNNING, sql.CLAIMED, sql.OVER, sql.REFUSED}


@dataclass(frozen=True, slots=True)
class Salvage:
    """Holds what was read: good records with their state (empty: not known), and damaged ones."""

    good: Mapping[Frame, str] = field(default_factory=dict)
    bad: frozenset[bytes] = frozenset()


def read_salvage(path: Path) -> Salvage:
    """Read a damaged file and its log as far as that goes; no content makes it raise."""
    log_path = path.with_name(path.name + "-wal")
    good: dict[Frame, str] = {}
    bad: set[bytes] = set()
    for rows in (_read_whole(path, log_path), _read_tables(path)):
        known = _names(good)
        for record, state in rows:
            try:
                frame = unpack_frame(record)
            except BadFrame:
                bad.add(record)
            else:
                if (frame.kind, frame.key) not in known:
                    good.setdefault(frame, state if state in _STATES else "")
    known = _names(good)
    for frame in (*_read_frames(path), *_read_frames(log_path)):
        if (frame.kind, frame.key) not in known:
            good.setdefault(frame, "")
    return Salvage(good, frozenset(bad))


def _names(frames: Mapping[Frame, str]) -> set[tuple[Kind, str]]:
    """Name what an earlier pass gave in its newest state; a call may have several outcomes."""
    return {(frame.kind, frame.key) for frame in frames if frame.kind != Kind.OUTCOME}


def _read_frames(path: Path) -> Sequence[Frame]:
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return list(find_frames(data))
    except (OSError, ValueError):
        return ()  # there is no log, or the file is empty


def _read_tables(path: Path) -> Sequence[tuple[bytes, str]]:
    try:
        with closing(connect_to_read(path)) as connection:
            return list(_read_all(connection))
    except (sqlite3.Error, UnicodeDecodeError):
        return ()


def _read_whole(path: Path, log_path: Path) -> Sequence[tuple[bytes, str]]:
    """Read a copy in memory whose first page is a new outbox's: there stands where tables begin."""
    try:
        log = log_path.read_bytes() if log_path.exists() else b""
        if not PAGE_BYTES < path.stat().st_size + len(log) <= _MAX_REPAIR_BYTES:
            return ()
        body = lay_over(path.read_bytes(), log)[PAGE_BYTES:]
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            create_tables(connection)
            page = bytearray(connection.serialize()[:PAGE_BYTES])
            page[_PAGE_COUNT] = (1 + len(body) // PAGE_BYTES).to_bytes(4, "big")
            page[_FREE_PAGES] = bytes(8)
            connection.deserialize(bytes(page) + body)
            return list(_read_all(connection))
    except (OSError, sqlite3.Error):
        return ()


def _read_all(connection: sqlite3.Connection) -> Iterator[tuple[bytes, str]]:
    connection.text_factory = bytes  # damaged text is not UTF-8
    for select in _SELECTS.values():
        yield from _read_rows(connection, select)


def _read_rows(connection: sqlite3.Connection, select: str) -> Iterator[tuple[bytes, str]]:
    for direction in (" ASC", " DESC"):
        try:
            for record, state in connection.execute(select + direction):
                if isinstance(record, bytes) and isinstance(state, bytes):
                    yield record, state.decode(errors="replace")
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            continue  # a damaged page: come from the other side
        return
