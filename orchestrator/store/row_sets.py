"""Statements over many rows at once: compiled once, bound column by column.

What Core does for each parameter of each row costs more than SQLite takes to store it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TypeAlias, cast

from sqlalchemy import Connection, Delete, Dialect, Insert, Table, Update

from orchestrator.store.bulk_inserts import BulkInsert, ChunkedInsert, Values, copied_insert
from orchestrator.store.prepared import CompiledText, compile_for, driver_cursor

Columns: TypeAlias = Mapping[str, object]


class RowStatement:
    """An INSERT, UPDATE or DELETE that is executed for each row of a set.

    The names of a row's values are its parameters and the columns to set; all rows of a set name
    the same ones.
    """

    def __init__(self, statement: Insert | Update | Delete) -> None:
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
        plan.run(connection, list(map(plan.take, rows)))


@dataclass(frozen=True, slots=True)
class _Plan:
    """Holds what one database makes of a statement, for one set of names."""

    names: Sequence[str]
    take: Callable[[Columns], Values]
    """Takes the values of these names from a row."""
    text: CompiledText
    is_ready: bool
    """True when the driver takes the values as the rows tell them, in that order."""
    copied: BulkInsert | None
    """Takes several rows as they are told; None unless PostgreSQL inserts."""
    chunked: BulkInsert | None
    """Takes several rows that are bound; None unless SQLite inserts."""

    def run(self, connection: Connection, told: list[Values]) -> None:
        is_one = len(told) == 1
        if self.copied is not None and not is_one:
            self.copied.run(connection, told)
            return
        rows = told if self.is_ready else self._bind(told)
        if self.chunked is not None and not is_one:
            self.chunked.run(connection, rows)
            return
        with driver_cursor(connection, self.text.sql) as cursor:
            cursor.executemany(self.text.sql, rows)

    def _bind(self, told: Sequence[Values]) -> Sequence[Values]:
        """Turn what the rows tell into what the driver takes, column by column."""
        columns: dict[str, Values] = dict(zip(self.names, zip(*told, strict=True), strict=True))
        for name, value in self.text.constants.items():
            columns.setdefault(name, [value] * len(told))
        for name, convert in self.text.into:
            columns[name] = [convert(value) for value in columns[name]]
        if self.text.places is None:
            rows = zip(*columns.values(), strict=True)
            named = [dict(zip(columns, row, strict=True)) for row in rows]
            return cast("Sequence[Values]", named)  # psycopg takes values by name
        return list(zip(*[columns[name] for name in self.text.places], strict=True))


def _plan(statement: Insert | Update | Delete, dialect: Dialect, names: Sequence[str]) -> _Plan:
    text = compile_for(statement, dialect, names)
    is_ready = not text.into and text.places is not None and set(text.places) == set(names)
    if is_ready and text.places is not None:
        names = text.places
    copied, chunked = None, None
    if isinstance(statement, Insert):
        if dialect.name == "postgresql":
            copied = copied_insert(cast("Table", statement.table), dialect, names)
        else:
            chunked = ChunkedInsert(text.sql)
    return _Plan(names, _taker(names), text, is_ready, copied, chunked)


def _taker(names: Sequence[str]) -> Callable[[Columns], Values]:
    if len(names) > 1:
        return itemgetter(*names)
    only = itemgetter(*names)  # gives the value itself, not a tuple of it
    return lambda row: (only(row),)
