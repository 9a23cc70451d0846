"""What is particular to PostgreSQL: its clock, the lock that orders events, its errors."""

import structlog
from psycopg import Connection as PsycopgConnection
from psycopg.abc import Buffer
from psycopg.conninfo import make_conninfo
from psycopg.types.string import StrDumper
from sqlalchemy import (
    URL,
    BigInteger,
    Connection,
    Engine,
    Text,
    bindparam,
    cast,
    create_engine,
    event,
    extract,
    func,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError

from foundation.text import clean_text
from orchestrator.store.counters import EVENT_COUNTER
from orchestrator.store.group import describe_error
from orchestrator.store.json_text import write_json
from orchestrator.store.listener import CHANNEL
from orchestrator.store.prepared import Prepared
from orchestrator.store.schema import counter

log = structlog.get_logger(__name__)

READERS = 4
STATEMENT_TIMEOUT_MS = 5_000
# A writer holds the counter: one that freezes, or whose machine is gone, must not hold up the
# others. Shorter than a statement's time, so that those who wait for the counter still get it.
IDLE_TIMEOUT_MS = 4_000
SESSION = {
    "statement_timeout": STATEMENT_TIMEOUT_MS,
    "idle_in_transaction_session_timeout": IDLE_TIMEOUT_MS,
}
# Seconds, and tries: a server whose machine is gone sends nothing, not even an end.
_CONNECTION = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
# Connection lost, out of resources, stopped by an operator, rolled back, a system error.
_LOST_CLASSES = ("08", "25", "40", "53", "57", "58")
_MICROSECONDS = cast(extract("epoch", func.clock_timestamp()) * 1_000_000, BigInteger)
_READ_NOW = Prepared(select(_MICROSECONDS))
# The row of the counter is held until the commit: groups of several processes follow each other, so
# that events are numbered in the order of their commits and no two groups can lock each other out.
# It is a query of its own inside, because the time is to be that after the wait for the lock.
_HELD = select(counter.c.value).where(counter.c.name == EVENT_COUNTER).with_for_update().subquery()
_OPEN_GROUP = Prepared(select(_MICROSECONDS, _HELD.c.value))
# The commit tells all listeners; a transaction that is undone tells nobody.
_CLOSE_GROUP = Prepared(
    update(counter)
    .where(counter.c.name == EVENT_COUNTER)
    .values(value=bindparam("newest", type_=BigInteger))
    .returning(func.pg_notify(CHANNEL, cast(counter.c.value, Text)))
)
_RAISE_DURABILITY = (
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') = 'off'"
)
# Without these an acknowledged commit may be lost, or the whole database, in a power cut.
_DURABLE = ("fsync", "full_page_writes")
_REASON_CHARS = 300


class PostgresDialect:
    """Keeps time by the server's clock."""

    def open_group(self, connection: Connection) -> tuple[int, int]:
        """Return the server's time in microseconds and the newest event's number."""
        [(now_us, newest_event)] = _OPEN_GROUP.all(connection, {})
        return int(now_us), int(newest_event)

    def close_group(self, connection: Connection, newest_event: int) -> None:
        """Write the number of the newest event, and tell other processes with the commit."""
        _CLOSE_GROUP.run(connection, {"newest": newest_event})

    def read_now(self, connection: Connection) -> int:
        """Return the server's time in microseconds."""
        [(now_us,)] = _READ_NOW.all(connection, {})
        return int(now_us)

    def check(self, engine: Engine) -> None:
        """Warn of settings of the server that make an acknowledged commit less than durable."""
        with engine.connect() as connection:
            for name in _DURABLE:
                if connection.execute(text(f"SHOW {name}")).scalar() == "off":
                    log.warning("database_not_durable", setting=name, value="off")

    def explain(self, url: URL, error: Exception) -> str:
        """Say in one line why the database cannot be used, and what to do."""
        where = url.render_as_string(hide_password=True)
        reason = " ".join(describe_error(error).split())[:_REASON_CHARS]
        return (
            f"the database {where} cannot be used ({reason}): start its server, or correct"
            " RINGBACK_DATABASE_URL"
        )

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
    settings = connect_settings(url)
    writing = create_engine(
        url,
        pool_size=1,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args=settings,
        hide_parameters=True,
        json_serializer=write_json,
    )
    event.listen(writing, "connect", _make_durable)
    reading = create_engine(
        url,
        pool_size=READERS,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args=settings,
        hide_parameters=True,
    )
    event.listen(reading, "connect", _take_any_text)
    return writing, reading.execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    )


def connect_settings(url: URL) -> dict[str, object]:
    """Build what a connection is opened with beside the URL, whose own words win."""
    ours = " ".join(f"-c {name}={value}" for name, value in SESSION.items())
    theirs = url.query.get("options", "")
    return {
        **{name: value for name, value in _CONNECTION.items() if name not in url.query},
        "options": f"{ours} {theirs}".strip(),
    }


def conninfo_of(url: URL) -> str:
    """Write how to connect as the driver itself takes it: for the listener."""
    _, parameters = url.get_dialect()().create_connect_args(url)
    return make_conninfo(**{**parameters, **connect_settings(url)})


class _CleanStrDumper(StrDumper):
    """Replaces what PostgreSQL refuses in a text that is looked for.

    What is stored was cleaned at its door. An id that somebody asks for was not: it shall match
    nothing, and not look as if the database were away.
    """

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(clean_text(obj)[0])


def _take_any_text(connection: PsycopgConnection, _record: object) -> None:
    connection.adapters.register_dumper(str, _CleanStrDumper)


def _make_durable(connection: PsycopgConnection, _record: object) -> None:
    """Wait for the disk at each commit, even where the server's default is not to."""
    connection.execute(_RAISE_DURABILITY)
    connection.commit()
