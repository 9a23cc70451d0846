"""What `sqlite3.connect` returns while the disk is ours: APSW behind the standard driver's face.

The product's own code opens it, so that its PRAGMAs and statements are those that are tested. Only
what the two stores use of the driver is there.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeAlias

import apsw
import pytest

from tests.faults.power_cut.disk import Disk

Row: TypeAlias = tuple[object, ...]
Values: TypeAlias = Sequence[object] | Mapping[str, object]

# Checkpoints come often, so that many cuts fall into one.
_CHECKPOINT_PAGES = 24


@dataclass(frozen=True, slots=True)
class Flaw:
    """Says what is spoilt on purpose, to see whether the cuts find it."""

    synchronous: str = ""
    """Takes the place of the product's FULL; empty: nothing is spoilt."""
    commits_late: bool = False
    """A commit is answered at once and done before the next transaction."""


SOUND = Flaw()


class Connection:
    """Passes for a `sqlite3.Connection` on a disk in memory."""

    def __init__(self, disk: Disk, path: str, flaw: Flaw) -> None:
        self._apsw = apsw.Connection(path, vfs=disk.vfs)
        # No shared memory on this disk: the index of the log is the connection's own.
        self._apsw.execute("PRAGMA locking_mode = exclusive")
        self._apsw.wal_autocheckpoint(_CHECKPOINT_PAGES)
        self._disk = disk
        self._flaw = flaw
        self._owes_commit = False
        self.isolation_level: str | None = None  # as both stores set it

    @property
    def in_transaction(self) -> bool:
        return self._apsw.in_transaction and not self._owes_commit

    def cursor(self) -> "Cursor":
        return Cursor(self)

    def execute(self, statement: str, values: Values = ()) -> "Cursor":
        return self.cursor().execute(statement, values)

    def executemany(self, statement: str, rows: Iterable[Values]) -> "Cursor":
        return self.cursor().executemany(statement, rows)

    def commit(self) -> None:
        if self.in_transaction:
            self.execute("COMMIT")

    def rollback(self) -> None:
        if self.in_transaction:
            self.execute("ROLLBACK")

    def create_function(
        self, name: str, count: int, function: Callable[..., float | str | None], **_wishes: bool
    ) -> None:
        self._apsw.create_scalar_function(name, function, count)

    def close(self) -> None:
        """Do nothing: the power goes before anybody could close a file in order."""

    def run(self, statement: str, values: Values) -> tuple[Row, list[Row]]:
        """Run a statement to its end; return its columns and its rows."""
        if self._is_put_off(statement):
            return (), []
        columns: list[Row] = []
        cursor = self._apsw.cursor()

        def note_columns(ran: apsw.Cursor, _sql: str, _values: object) -> bool:
            columns.append(ran.description)
            return True

        cursor.exec_trace = note_columns
        try:
            rows = list(cursor.execute(self._spoil(statement), values))
        except apsw.Error as error:
            _raise_as_driver(error)
        return (columns[0] if columns else ()), rows

    def count_changes(self) -> int:
        """Count the rows that the last statement changed."""
        return self._apsw.changes()

    def last_rowid(self) -> int:
        """Return the newest rowid."""
        return self._apsw.last_insert_rowid()

    def _is_put_off(self, statement: str) -> bool:
        if self._owes_commit:
            self._owes_commit = False
            self._apsw.execute("COMMIT")
        elif statement == "COMMIT" and self._flaw.commits_late and self._disk.is_watched:
            self._owes_commit = True
        return self._owes_commit

    def _spoil(self, statement: str) -> str:
        if "synchronous" in statement and self._flaw.synchronous:
            spoilt = statement.replace("FULL", self._flaw.synchronous)
            assert spoilt != statement, "the product asks for another word than FULL"
            return spoilt
        return statement


class Cursor:
    """Passes for a `sqlite3.Cursor` whose rows are all fetched."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: Iterator[Row] = iter(())
        self.description: Row | None = None
        self.rowcount = -1
        self.lastrowid = 0

    def execute(self, statement: str, values: Values = ()) -> "Cursor":
        columns, rows = self._connection.run(statement, values)
        self.description = columns or None
        self.rowcount = self._connection.count_changes()
        self.lastrowid = self._connection.last_rowid()
        self._rows = iter(rows)
        return self

    def executemany(self, statement: str, rows: Iterable[Values]) -> "Cursor":
        changed = 0
        for values in rows:
            changed += self.execute(statement, values).rowcount
        self.rowcount = changed
        return self

    def fetchone(self) -> Row | None:
        return next(self._rows, None)

    def fetchmany(self, size: int = 1) -> list[Row]:
        return [row for row, _ in zip(self._rows, range(size), strict=False)]

    def fetchall(self) -> list[Row]:
        return list(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return self._rows

    def close(self) -> None:
        self._rows = iter(())


@contextmanager
def connecting_to(disk: Disk, flaw: Flaw) -> Iterator[None]:
    """Let whoever opens a SQLite file meanwhile open it on `disk`."""

    def connect(database: str | Path, **_wishes: object) -> Connection:
        return Connection(disk, str(database), flaw)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", connect)
        patch.setattr(sqlite3.dbapi2, "connect", connect)
        yield


def _raise_as_driver(error: apsw.Error) -> NoReturn:
    kind = (
        sqlite3.IntegrityError
        if isinstance(error, apsw.ConstraintError)
        else sqlite3.OperationalError
    )
    translated = kind(str(error))
    translated.sqlite_errorcode = error.extendedresult  # type: ignore[attr-defined]  # its stubs lack it
    raise translated from error
