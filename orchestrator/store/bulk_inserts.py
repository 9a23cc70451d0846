"""The quickest way into either database for several new rows, made from a compiled INSERT."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol, TypeAlias, cast

from sqlalchemy import JSON, BigInteger, Boolean, Connection, Dialect, Integer, LargeBinary, Table
from sqlalchemy.types import TypeEngine

from orchestrator.store.json_text import write_json
from orchestrator.store.prepared import driver_cursor

Values: TypeAlias = Sequence[object]
Convert: TypeAlias = Callable[[object], object]
MOST_ROWS, MOST_EXACT = 128, 32
"""How many rows one statement takes, and up to which number every number has a text of its own.

So there are few texts, which the driver keeps prepared, and the usual group is one statement for
each table instead of three.
"""
_VALUES = " VALUES "


class BulkInsert(Protocol):
    """Writes rows whose values stand in the order of the INSERT's columns."""

    def run(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Write them. Raises: DBAPIError."""


@dataclass(frozen=True, slots=True)
class ChunkedInsert:
    """Writes chunks of rows with one statement each, for SQLite.

    sqlite3 lets go of the interpreter's lock at each step of a statement, and gets it back after
    5 ms when the event loop is busy: `executemany` has a step for each row, this one for 128.
    """

    sql: str
    """Inserts one row."""
    _texts: dict[int, str] = field(default_factory=dict)

    def run(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Write them. Raises: DBAPIError."""
        begin = 0
        with driver_cursor(connection, self.sql) as cursor:
            while left := len(rows) - begin:
                size = left if left <= MOST_EXACT else 1 << min(left, MOST_ROWS).bit_length() - 1
                chunk = rows[begin : begin + size]
                cursor.execute(self._text_for(size), list(chain.from_iterable(chunk)))
                begin += size

    def _text_for(self, size: int) -> str:
        text = self._texts.get(size)
        if text is None:
            head, _, row = self.sql.partition(_VALUES)
            text = self._texts[size] = head + _VALUES + ", ".join([row] * size)
        return text


@dataclass(frozen=True, slots=True)
class CopiedInsert:
    """Copies rows in, in binary: of all ways into PostgreSQL it costs both sides least.

    Measured: benchmarks/parts.py, 2.6 us of our CPU for a row instead of 18 by Core's executemany.
    A row whose key is taken ends a COPY as it ends an INSERT.
    """

    sql: str
    types: Sequence[str]
    """PostgreSQL's, by column."""
    into: Sequence[tuple[int, Convert]]
    """How values are written where the driver cannot, by place."""

    def run(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Write them. Raises: DBAPIError."""
        columns: list[Values] = list(zip(*rows, strict=True))
        for place, convert in self.into:
            columns[place] = [convert(value) for value in columns[place]]
        with (
            driver_cursor(connection, self.sql) as cursor,
            cast("_CopyingCursor", cursor).copy(self.sql) as copy,
        ):
            copy.set_types(self.types)
            for row in zip(*columns, strict=True):
                copy.write_row(row)


def copied_insert(table: Table, dialect: Dialect, names: Sequence[str]) -> CopiedInsert:
    """Make the COPY that writes these columns."""
    quote = dialect.identifier_preparer
    columns = ", ".join(quote.format_column(table.c[name]) for name in names)
    sql = f"COPY {quote.format_table(table)} ({columns}) FROM STDIN (FORMAT BINARY)"
    kinds = [table.c[name].type for name in names]
    into = [(place, write_json) for place, kind in enumerate(kinds) if isinstance(kind, JSON)]
    return CopiedInsert(sql, [_name_type(kind) for kind in kinds], into)


def _name_type(kind: TypeEngine[object]) -> str:
    """Name the type in whose binary form PostgreSQL takes a column; JSON comes as its text."""
    match kind:
        case BigInteger():
            return "int8"
        case Integer():
            return "int4"
        case Boolean():
            return "bool"
        case LargeBinary():
            return "bytea"
        case _:
            return "text"


class _CopyingCursor(Protocol):
    """Is a cursor of psycopg."""

    def copy(self, statement: str) -> "AbstractContextManager[_CopyStream]":
        """Begin a COPY."""


class _CopyStream(Protocol):
    """Is what psycopg takes the rows of a COPY by."""

    def set_types(self, types: Sequence[str]) -> None:
        """Say of which types the columns are."""

    def write_row(self, row: Iterable[object]) -> None:
        """Send one row."""
