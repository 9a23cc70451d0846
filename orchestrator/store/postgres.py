"""What is particular to PostgreSQL: its clock, the lock that orders events, its errors."""

from psycopg import Connection as PsycopgConnection
from psycopg.abc import Buffer
from psycopg.types.string import StrDumper
from sqlalchemy import (
    URL,
    BigInteger,
    Connection,
    Engine,
    cast,
    create_engine,
    event,
    extract,
    func,
    select,
)
from sqlalchemy.exc import DBAPIError

from foundation.text import clean_text
from orchestrator.store.counters import EVENT_COUNTER
from orchestrator.store.schema import counter

READERS = 4
STATEMENT_TIMEOUT_MS = 5_000
# Connection lost, out of resources, stopped by an operator, rolled back, a system error.
_LOST_CLASSES = ("08", "25", "40", "53", "57", "58")
# The row of the counter is held until the commit: groups of several processes follow each other, so
# that events are numbered in the order of their commits and no two groups can lock each other out.
_OPEN_GROUP = (
    select(cast(extract("epoch", func.clock_timestamp()) * 1_000_000, BigInteger), counter.c.value)
    .where(counter.c.name == EVENT_COUNTER)
    .with_for_update()
)


class PostgresDialect:
    """Keeps time by the server's clock."""

    def open_group(self, connection: Connection) -> tuple[int, int]:
        """Return the server's time in microseconds and the newest event's number."""
        now_us, newest_event = connection.execute(_OPEN_GROUP).one()
        return int(now_us), int(newest_event)

    def is_lost(self, error: Exception, _connection: Connection) -> bool:
        """Say whether `error` ended the whole transaction, not one statement."""
        if not isinstance(error, DBAPIError):
            return False
        state = getattr(error.orig, "sqlstate", None)
        return error.connection_invalidated or str(state or "")[:2] in _LOST_CLASSES


def create_engines(url: URL) -> tuple[Engine, Engine]:
    """Build the engines of the writer and of the readers.

    Parameters are hidden: an error's text must not repeat what was said.
    """
    patience = {"options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS}"}
    writing = create_engine(
        url,
        pool_size=1,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args=patience,
        hide_parameters=True,
    )
    reading = create_engine(
        url,
        pool_size=READERS,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args=patience,
        hide_parameters=True,
    )
    event.listen(reading, "connect", _take_any_text)
    return writing, reading.execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    )


class _CleanStrDumper(StrDumper):
    """Replaces what PostgreSQL refuses in a text that is looked for.

    What is stored was cleaned at its door. An id that somebody asks for was not: it shall match
    nothing, and not look as if the database were away.
    """

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(clean_text(obj)[0])


def _take_any_text(connection: PsycopgConnection, _record: object) -> None:
    connection.adapters.register_dumper(str, _CleanStrDumper)
