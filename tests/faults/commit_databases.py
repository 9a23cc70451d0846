"""Databases of both kinds whose commits a test may hold up, and that may trip over one report."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, make_url, select

from orchestrator.store.counters import EVENT_COUNTER
from orchestrator.store.schema import counter
from tests.fresh_file import fresh_database
from tests.postgres import ScriptedDatabase

PATIENCE_MS = 200
"""How long a store waits for a database that is held up, where a test wants it impatient."""

TRIPS = "trips"
"""The report_id that the database trips over."""
_ON_SQLITE = f"""CREATE TRIGGER trip BEFORE INSERT ON report WHEN NEW.report_id = '{TRIPS}'
BEGIN SELECT RAISE(ABORT, 'tripped'); END"""
_ON_POSTGRES = f"""CREATE FUNCTION trip() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RAISE check_violation USING MESSAGE = ''tripped''; END';
CREATE TRIGGER trip BEFORE INSERT ON report FOR EACH ROW WHEN (NEW.report_id = '{TRIPS}')
    EXECUTE FUNCTION trip()"""


class CommitDatabase(ABC):
    """Is a database of the newest schema."""

    @property
    @abstractmethod
    def url(self) -> str:
        """Say where it is."""

    @property
    @abstractmethod
    def impatient_url(self) -> str:
        """Say the same with words that make a store give up soon on what is held up."""

    @abstractmethod
    def nothing_can_commit(self) -> AbstractContextManager[None]:
        """Hold up all commits, as another process would that is in the midst of one."""

    @abstractmethod
    def tripping(self) -> AbstractContextManager[None]:
        """Let the database refuse the report with the id TRIPS."""


@dataclass(frozen=True, slots=True)
class OnSqlite(CommitDatabase):
    """Is a file."""

    path: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    @property
    def impatient_url(self) -> str:
        return f"{self.url}?timeout={PATIENCE_MS / 1000}"

    @contextmanager
    def nothing_can_commit(self) -> Iterator[None]:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")

    @contextmanager
    def tripping(self) -> Iterator[None]:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute(_ON_SQLITE)
        yield


@dataclass(frozen=True, slots=True)
class OnPostgres(CommitDatabase):
    """Is a database of the server that the tests share."""

    shared: ScriptedDatabase

    @property
    def url(self) -> str:
        return self.shared.url

    @property
    def impatient_url(self) -> str:
        options = {"options": f"-c statement_timeout={PATIENCE_MS}"}
        return make_url(self.url).update_query_dict(options).render_as_string(hide_password=False)

    @contextmanager
    def nothing_can_commit(self) -> Iterator[None]:
        engine = create_engine(self.url)
        held = select(counter.c.value).where(counter.c.name == EVENT_COUNTER).with_for_update()
        with engine.connect() as connection:
            connection.execute(held).one()
            yield
        engine.dispose()

    @contextmanager
    def tripping(self) -> Iterator[None]:
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(_ON_POSTGRES)
            try:
                yield
            finally:
                connection.exec_driver_sql("DROP FUNCTION trip CASCADE")
        engine.dispose()


def sqlite_in(folder: Path) -> CommitDatabase:
    """Make a file in `folder`."""
    path = folder / "ringback.db"
    fresh_database(path)
    return OnSqlite(path)
