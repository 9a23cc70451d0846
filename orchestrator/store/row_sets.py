"""Statements over many rows at once: compiled once, bound column by column.

What Core does for each parameter of each row costs more than SQLite takes to store it. PostgreSQL
gets several new rows by COPY, in binary: of all its ways this costs both sides least (measured for
the five rows of a result, CPU us of this process: 25; executemany 74, Core 113, unnest 139,
multi-row VALUES 173). A row whose key is taken ends a COPY as it ends an INSERT.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from operator import itemgetter
from typing import Protocol, TypeAlias, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Connection,
    Dialect,
    Insert,
    Integer,
    LargeBinary,
    Table,
    Update,
)
from sqlalchemy.types import TypeEngine

from orchestrator.store.json_text import write_json
from orchestrator.store.prepared import CompiledText, Convert, compile_for, driver_cursor

Columns: TypeAlias = Mapping[str, object]
Values: TypeAlias = Sequence[object]


class RowStatement:
    """An INSERT or UPDATE that is executed for each row of a set.

    The names of a row's values are its parameters and the columns to set; all rows of a set name
    the same ones, at least two.
    """

    def __init__(self, statement: Insert | Update) -> None:
        self._statement = statement
        self._plans: dict[tuple[str, ...], _Plan] = {}

    def run(self, connection: Connection, rows: Sequence[Columns]) -> None:
        """Execute it for each row; none is nothing to do. Raises: DBAPIError."""
        if not rows:
            return
        if not connection.in_transaction():
            connection.begin()
        key = (connection.dialect.name, *rows[0])
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = _plan(self._statement, connection.dialect, list(rows[0]))
        told = list(map(plan.take, rows))
        if plan.copy is not None and len(rows) > 1:
            plan.copy.run(connection, told)
            return
        with driver_cursor(connection, plan.text.sql) as cursor:
            cursor.executemany(plan.text.sql, told if plan.is_ready else plan.bind(told))


@dataclass(frozen=True, slots=True)
class _Copy:
    """Appends rows to a table of PostgreSQL."""

    sql: str
    types: Sequence[str]
    """PostgreSQL's, by column."""
    into: Sequence[tuple[int, Convert]]

    def run(self, connection: Connection, told: Sequence[Values]) -> None:
        rows: Iterable[Values] = told
        if self.into:
            columns: list[Values] = list(zip(*told, strict=True))
            for place, convert in self.into:
                columns[place] = [convert(value) for value in columns[place]]
            rows = zip(*columns, strict=True)
        with (
            driver_cursor(connection, self.sql) as cursor,
            cast("_CopyingCursor", cursor).copy(self.sql) as copy,
        ):
            copy.set_types(self.types)
            for row in rows:
                copy.write_row(row)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Holds what one database makes of a statement, for one set of names."""

    names: Sequence[str]
    take: Callable[[Columns], Values]
    """Takes the values of these names from a row."""
    text: CompiledText
    copy: _Copy | None
    """None where rows cannot be copied in."""

    is_ready: bool
    """True when the driver takes the values as the rows tell them, in that order."""

    def bind(self, told: Sequence[Values]) -> Sequence[Values] | Sequence[Columns]:
        """Turn what the rows tell into what the driver takes, column by column."""
        columns: dict[str, Values] = dict(zip(self.names, zip(*told, strict=True), strict=True))
        for name, value in self.text.constants.items():
            columns.setdefault(name, [value] * len(told))
        for name, convert in self.text.into:
            columns[name] = [convert(value) for value in columns[name]]
        if self.text.places is None:
            rows = zip(*columns.values(), strict=True)
            return [dict(zip(columns, row, strict=True)) for row in rows]
        return list(zip(*[columns[name] for name in self.text.places], strict=True))


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


def _plan(statement: Insert | Update, dialect: Dialect, names: list[str]) -> _Plan:
    copy = None
    if dialect.name == "postgresql" and isinstance(statement, Insert):
        copy = _plan_copy(cast("Table", statement.table), dialect, names)
    text = compile_for(statement, dialect, names)
    if not text.into and text.places is not None and set(text.places) == set(names):
        return _Plan(text.places, itemgetter(*text.places), text, copy, is_ready=True)
    return _Plan(names, itemgetter(*names), text, copy, is_ready=False)


def _plan_copy(table: Table, dialect: Dialect, names: Sequence[str]) -> _Copy:
    quote = dialect.identifier_preparer
    columns = ", ".join(quote.format_column(table.c[name]) for name in names)
    sql = f"COPY {quote.format_table(table)} ({columns}) FROM STDIN (FORMAT BINARY)"
    kinds = [table.c[name].type for name in names]
    into = [(place, write_json) for place, kind in enumerate(kinds) if isinstance(kind, JSON)]
    return _Copy(sql, [_name_type(kind) for kind in kinds], into)


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
