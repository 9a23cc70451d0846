"""Opens the database that a URL names: engines, dialect, schema."""

import sqlite3
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from foundation.clock import Clock
from orchestrator.errors import StoreUnusable
from orchestrator.store import sqlite
from orchestrator.store.counters import EVENT_COUNTER, read_counter
from orchestrator.store.group import Dialect
from orchestrator.store.migrate import bring_up_to_date

URL_FORMS = "RINGBACK_DATABASE_URL must be sqlite:///FILE or postgresql://USER@HOST/DATABASE"
_POSTGRES = "postgresql+psycopg"
_POSTGRES_NAMES = ("postgresql", "postgres", _POSTGRES)

# Runs until cancelled and hands on the number of each event that another process commits.
Listen: TypeAlias = Callable[[Callable[[int], None]], Coroutine[object, object, None]]


@dataclass(frozen=True, slots=True)
class Database:
    """Holds the engines of one database and what is particular to its kind."""

    write_engine: Engine
    read_engine: Engine
    dialect: Dialect
    is_shared: bool = False
    """True when other processes may write to it as well."""
    poll_s: float = 0.25
    """How often a shared database is asked for events of others."""
    listen: Listen | None = None
    """How the events of others are heard at once; None when there are no others."""

    def dispose(self) -> None:
        """Close all connections."""
        self.read_engine.dispose()
        self.write_engine.dispose()


def open_database(url: str, clock: Clock) -> tuple[Database, int]:
    """Open a database and bring its schema up to date; return it and its newest event's number.

    Raises: StoreUnusable.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreUnusable(URL_FORMS) from error
    if parsed.drivername in _POSTGRES_NAMES:
        parsed = parsed.set(drivername=_POSTGRES)
        database = _connect_postgres(parsed)
    elif parsed.get_backend_name() == "sqlite" and parsed.database not in {None, "", ":memory:"}:
        database = _connect_sqlite(parsed, clock)
    else:
        raise StoreUnusable(URL_FORMS)
    try:
        return database, _make_ready(database)
    except (SQLAlchemyError, sqlite3.DatabaseError) as error:
        database.dispose()
        raise StoreUnusable(database.dialect.explain(parsed, error)) from error
    except StoreUnusable:
        database.dispose()
        raise


def _connect_postgres(url: URL) -> Database:
    try:
        from orchestrator.store import listener, postgres  # noqa: PLC0415 - psycopg is an extra
    except ImportError as error:
        raise StoreUnusable(
            "PostgreSQL needs a driver that is not installed: pip install 'ringback[postgres]'"
        ) from error
    writing, reading = postgres.create_engines(url)
    listen = partial(listener.listen, postgres.conninfo_of(url))
    return Database(writing, reading, postgres.PostgresDialect(), is_shared=True, listen=listen)


def _connect_sqlite(url: URL, clock: Clock) -> Database:
    try:
        sqlite.create_file(Path(str(url.database)))
    except OSError as error:
        reason = f"the database {url.database} cannot be made: {error.strerror}"
        raise StoreUnusable(reason) from error
    writing, reading = sqlite.create_write_engine(url), sqlite.create_read_engine(url)
    return Database(writing, reading, sqlite.SqliteDialect(clock))


def _make_ready(database: Database) -> int:
    """See that the database can be trusted, and bring its schema up to date."""
    database.dialect.check(database.read_engine)
    bring_up_to_date(database.write_engine)
    with database.read_engine.connect() as connection:
        return read_counter(connection, EVENT_COUNTER)
