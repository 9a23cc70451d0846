"""An INSERT that may meet a row of the same key, in the words of either database."""

from typing import TYPE_CHECKING

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql


def insert_into(connection: Connection, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """Begin an INSERT that knows ON CONFLICT, which Core alone does not."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - loaded for nothing on SQLite

        return postgresql.insert(table)
    return sqlite.insert(table)
