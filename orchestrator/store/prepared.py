"""Core statements that are compiled once and then run on the driver's own cursor.

A statement is written in SQLAlchemy Core and only there; what `Connection.execute` does for each
execution (find the text, bind, wrap the rows) costs ten times what SQLite takes to answer. Half of
a simulated call's CPU went there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Delete,
    Dialect,
    Insert,
    LargeBinary,
    Select,
    Update,
)
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

Values: TypeAlias = Mapping[str, object]
Statement: TypeAlias = Select[*tuple[object, ...]] | Insert | Update | Delete
Row: TypeAlias = Sequence[Any]  # its types are the columns'
Convert: TypeAlias = Callable[[object], object]


class Prepared:
    """One statement; the names of the values given are its parameters and its columns to set.

    All executions raise what `Connection.execute` raises. Not for an `IN` of unknown length: its
    text is another each time.
    """

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._texts: dict[tuple[str, ...], CompiledText] = {}

    def first(self, connection: Connection, values: Values) -> Row | None:
        """Return the first row; None when there is none."""
        text = self._text_for(connection, values)
        with driver_cursor(connection, text.sql) as cursor:
            cursor.execute(text.sql, text.bind(values))
            row = cursor.fetchone()
        return None if row is None else text.read(row)

    def all(self, connection: Connection, values: Values) -> list[Row]:
        """Return all rows."""
        text = self._text_for(connection, values)
        with driver_cursor(connection, text.sql) as cursor:
            cursor.execute(text.sql, text.bind(values))
            rows = cursor.fetchall()
        return [text.read(row) for row in rows]

    def run(self, connection: Connection, values: Values) -> int:
        """Execute a statement that answers nothing; return how many rows it touched."""
        text = self._text_for(connection, values)
        with driver_cursor(connection, text.sql) as cursor:
            cursor.execute(text.sql, text.bind(values))
            return cursor.rowcount

    def _text_for(self, connection: Connection, values: Values) -> "CompiledText":
        """Find the text for these names; the connection's transaction begins if need be."""
        if not connection.in_transaction():
            connection.begin()
        key = (connection.dialect.name, *values)
        text = self._texts.get(key)
        if text is None:
            text = self._texts[key] = compile_for(self._statement, connection.dialect, list(values))
        return text


def run_text(connection: Connection, sql: str) -> None:
    """Run SQL that has no values and no answer, such as BEGIN. Raises: DBAPIError."""
    with driver_cursor(connection, sql) as cursor:
        cursor.execute(sql)


@contextmanager
def driver_cursor(connection: Connection, sql: str) -> Iterator[DBAPICursor]:
    """Lend the driver's own cursor for `sql`.

    Raises: DBAPIError in place of the driver's errors; a connection that is gone is marked so.
    """
    fairy = connection.connection
    cursor = fairy.cursor()
    dialect = connection.dialect
    try:
        yield cursor
    except dialect.loaded_dbapi.Error as error:
        raw = fairy.dbapi_connection
        is_lost = raw is None or dialect.is_disconnect(error, fairy, cursor)
        if is_lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            sql,
            None,  # the values may hold what was said
            error,
            dialect.loaded_dbapi.Error,
            hide_parameters=True,
            connection_invalidated=is_lost,
            dialect=dialect,
        ) from error
    finally:
        cursor.close()


@dataclass(frozen=True, slots=True)
class CompiledText:
    """A statement as one database takes it, for one set of names."""

    sql: str
    constants: Values
    """What the statement itself holds."""
    places: Sequence[str] | None
    """The names in the order of their places; None where the driver takes names."""
    into: Sequence[tuple[str, Convert]]
    """How values of some types are written."""
    out_of: Sequence[tuple[int, Convert]]
    """How columns of some types are read."""

    def bind(self, values: Values) -> Sequence[object] | Values:
        """Put the values into the form that the driver takes."""
        bound = {**self.constants, **values}
        for name, convert in self.into:
            bound[name] = convert(bound[name])
        return bound if self.places is None else [bound[name] for name in self.places]

    def read(self, row: Row) -> Row:
        """Read a row as the columns' types have it."""
        if not self.out_of:
            return row
        values = list(row)
        for place, convert in self.out_of:
            values[place] = convert(values[place])
        return values


def compile_for(statement: Statement, dialect: Dialect, names: Sequence[str]) -> CompiledText:
    """Compile a statement whose parameters, and columns to set, have these names."""
    compiled = statement.compile(dialect=dialect, column_keys=names)
    binds = {name: compiled.binds[name] for name in compiled.params}
    into = {name: _converter(bind, dialect) for name, bind in binds.items()}
    out_of = [
        _kind(column, dialect).result_processor(dialect, None)
        for column in statement.exported_columns
    ]
    return CompiledText(
        sql=str(compiled),
        constants={name: bind.value for name, bind in binds.items() if not bind.required},
        places=compiled.positiontup,
        into=[(name, convert) for name, convert in into.items() if convert],
        out_of=[(place, convert) for place, convert in enumerate(out_of) if convert],
    )


def _converter(bind: ColumnElement[object], dialect: Dialect) -> Convert | None:
    """Find how a value is written; bytes and truth go to either driver as they are."""
    kind = _kind(bind, dialect)
    return None if isinstance(kind, LargeBinary | Boolean) else kind.bind_processor(dialect)


def _kind(element: ColumnElement[object], dialect: Dialect) -> TypeEngine[object]:
    return element.type.dialect_impl(dialect)
