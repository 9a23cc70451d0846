"""Brings a database to the newest schema; Alembic is imported only when it is behind."""

import logging

import structlog
from sqlalchemy import URL, Connection, Engine, inspect, text

from orchestrator.errors import StoreUnusable
from orchestrator.store.schema import REVISIONS, counter, metadata

log = structlog.get_logger(__name__)

VERSION_TABLE = "alembic_version"
"""Where Alembic keeps what was applied."""
# Any number will do, as long as all processes take the same.
_LOCK_NUMBER = 0x52494E47


def bring_up_to_date(engine: Engine) -> None:
    """Create or migrate the tables in one transaction.

    Safe when several processes start at once: the second waits for the lock and finds it done.
    Migrations only add, so a database that is newer than this program is left as it is.
    Raises: StoreUnusable for a database that belongs to somebody else.
    """
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            # However long the migration takes, here or in the process that is faster.
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            lock = text("SELECT pg_advisory_xact_lock(:number)")
            connection.execute(lock, {"number": _LOCK_NUMBER})
        version = read_version(connection)
        _refuse_foreign(connection, version)
        if version is not None and version not in REVISIONS:
            log.warning("schema_newer", found=version, known=REVISIONS[-1])
        elif version != REVISIONS[-1]:
            _upgrade(connection)
            log.info("schema_migrated", old=version, new=REVISIONS[-1])


def read_version(connection: Connection) -> str | None:
    """Read the newest migration that was applied; None in an empty database."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _refuse_foreign(connection: Connection, version: str | None) -> None:
    """See that nobody else's tables are in the way, and that ours are whole.

    Raises: StoreUnusable.
    """
    found, ours = set(inspect(connection).get_table_names()), set(metadata.tables)
    if bool(found & ours) if version is None else counter.name not in found:
        raise StoreUnusable(foreign_words(connection.engine.url))
    if version == REVISIONS[-1] and not ours <= found:  # until the first release only
        where = connection.engine.url.render_as_string(hide_password=True)
        raise StoreUnusable(
            f"the database {where} was made before the first release, by a version that lacked"
            f" {', '.join(sorted(ours - found))}: remove it, or name another one in"
            " RINGBACK_DATABASE_URL"
        )


def foreign_words(url: URL) -> str:
    """Say that a database belongs to somebody else, and what to do."""
    where = url.render_as_string(hide_password=True)
    return (
        f"the database {where} holds tables that are not the Orchestrator's;"
        " name another one in RINGBACK_DATABASE_URL"
    )


def _upgrade(connection: Connection) -> None:
    from alembic import command, config  # noqa: PLC0415 - 0.2 s that most starts need not pay

    logging.getLogger("alembic").setLevel(logging.WARNING)  # its progress is of no interest
    settings = config.Config()
    # A package, not a folder: a path may hold spaces and per cent signs.
    settings.set_main_option("script_location", "orchestrator.store:migrations")
    settings.set_main_option("path_separator", "os")
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")
