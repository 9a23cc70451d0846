"""Opens the database that a URL names: engines, dialect, schema."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from foundation.clock import Clock
from orchestrator.errors import StoreUnusable
from orchestrator.store import sqlite
from orchestrator.store.counters import EVENT_COUNTER, read_counter
from orchestrator.store.group import Dialect, describe_error
from orchestrator.store.migrate import bring_up_to_date

URL_FORMS = "the database URL must be sqlite:///FILE or postgresql+psycopg://..."


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
    if parsed.get_backend_name() == "postgresql":
        from orchestrator.store import postgres  # noqa: PLC0415 - psycopg is an optional extra

        engines = postgres.create_engines(parsed)
        database = Database(*engines, postgres.PostgresDialect(), is_shared=True)
    elif parsed.get_backend_name() == "sqlite" and parsed.database not in {None, "", ":memory:"}:
        sqlite.create_file(Path(str(parsed.database)))
        database = Database(
            sqlite.create_write_engine(parsed),
            sqlite.create_read_engine(parsed),
            sqlite.SqliteDialect(clock),
        )
    else:
        raise StoreUnusable(URL_FORMS)
    try:
        bring_up_to_date(database.write_engine)
        with database.read_engine.connect() as connection:
            return database, read_counter(connection, EVENT_COUNTER)
    except SQLAlchemyError as error:
        database.dispose()
        raise StoreUnusable(
            f"the database {parsed.render_as_string(hide_password=True)} cannot be used"
            f" ({describe_error(error)}): move it away or restore a copy, start again, and let"
            " `ringback outbox retry --since` fill in what is missing"
        ) from error
