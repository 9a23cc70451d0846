"""A PostgreSQL server for tests: the one that RINGBACK_TEST_POSTGRES names, else one of our own."""

import fcntl
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

import pytest
from sqlalchemy import (
    Connection,
    RowMapping,
    Table,
    column,
    create_engine,
    delete,
    func,
    insert,
    make_url,
    select,
    table,
    text,
)

from orchestrator.store import schema
from orchestrator.store.counters import EVENT_COUNTER
from orchestrator.store.migrate import bring_up_to_date

SETTING = "RINGBACK_TEST_POSTGRES"
# Several workers of one test run share a server.
_CONNECTIONS = 300
# After a kill the old backends hold the shared memory for a moment, and the system the process.
_START_TRIES = 100


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A server of our own, reached by a socket in its folder; under root it runs as `postgres`."""

    folder: Path
    programs: Path
    is_durable: bool = False
    """True: a commit is on the disk before it is acknowledged, as in production."""

    @property
    def url(self) -> str:
        """Say where its first database is."""
        return f"postgresql+psycopg://ringback@/postgres?host={self.folder}"

    def make(self) -> None:
        """Make its files."""
        if os.getuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        words = ("-A", "trust", "-U", "ringback", "-E", "UTF8", "--no-sync")
        if not self._run("initdb", "-D", self._data, *words):
            raise RuntimeError("initdb failed")

    def start(self) -> None:
        """Start it and wait until it answers; after a kill it recovers first."""
        sync = "on" if self.is_durable else "off"
        options = (
            f"-k {self.folder} -c listen_addresses='' -c max_connections={_CONNECTIONS}"
            f" -c fsync={sync} -c synchronous_commit={sync} -c full_page_writes={sync}"
            f" -c autovacuum={sync} -c jit={sync}"
        )
        for _ in range(_START_TRIES):
            if self._control("-o", options, "start"):
                return
        raise RuntimeError((self.folder / "log").read_text()[-2000:])

    def stop(self) -> None:
        """Stop it at once, cutting all connections; one that was killed stays so."""
        self._control("-m", "immediate", "stop")

    def kill(self) -> None:
        """Kill the server's first process; its backends follow it."""
        os.kill(self._pid(), signal.SIGKILL)

    def _pid(self) -> int:
        return int((self._data / "postmaster.pid").read_text().split()[0])

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _control(self, *words: str) -> bool:
        return self._run("pg_ctl", "-D", self._data, "-w", "-l", self.folder / "log", *words)

    def _run(self, program: str, *words: str | Path) -> bool:
        prefix = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        command = [*prefix, self.programs / program, *words]
        silent = subprocess.DEVNULL
        done = subprocess.run(  # noqa: S603 - our own words only
            command, check=False, cwd=self.folder, stdout=silent, stderr=silent
        )
        return done.returncode == 0


@contextmanager
def own_postgres(*, is_durable: bool = False) -> Iterator[PostgresServer]:
    """Run a server of our own; skip the test, with the reason, when there is no program for it."""
    server = _new_server(is_durable=is_durable)
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


@contextmanager
def postgres_server() -> Iterator[str]:
    """Yield the URL of a server for this test alone; skip the test when there is none to start."""
    given = os.environ.get(SETTING)
    if given:
        yield given
        return
    with own_postgres() as server:
        yield server.url


@contextmanager
def shared_postgres(meeting_place: Path) -> Iterator[str]:
    """Yield the URL of the one server of a test run.

    The first of the workers that meet in the folder `meeting_place` starts it, the last to leave
    stops it.
    """
    given = os.environ.get(SETTING)
    if given:
        yield given
        return
    notes = meeting_place / "postgres"
    server = _enter(notes)
    try:
        yield server.url
    finally:
        _leave(notes, server)


def _enter(notes: Path) -> PostgresServer:
    with _alone(notes):
        users, folder = json.loads(notes.read_text() or '[0, ""]')
        server = _server_in(Path(folder)) if users else _new_server()
        if not users:
            server.make()
            server.start()
        notes.write_text(json.dumps([users + 1, str(server.folder)]))
    return server


def _leave(notes: Path, server: PostgresServer) -> None:
    with _alone(notes):
        users, folder = json.loads(notes.read_text())
        notes.write_text(json.dumps([users - 1, folder]))
        if users == 1:
            server.stop()
            shutil.rmtree(server.folder, ignore_errors=True)


@contextmanager
def _alone(notes: Path) -> Iterator[None]:
    """Keep the other workers from the notes."""
    with notes.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _new_server(*, is_durable: bool = False) -> PostgresServer:
    server = _server_in(Path(), is_durable=is_durable)
    return PostgresServer(Path(tempfile.mkdtemp(prefix="pg")), server.programs, is_durable)


def _server_in(folder: Path, *, is_durable: bool = False) -> PostgresServer:
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        pytest.skip(f"no PostgreSQL below /usr/lib/postgresql, and {SETTING} is not set")
    return PostgresServer(folder, programs[-1], is_durable)


def make_database(server_url: str, name: str) -> str:
    """Make an empty database on a server, in place of an earlier one; return its URL."""
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
    engine.dispose()
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def empty_database(url: str) -> None:
    """Drop whatever an earlier test left."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()


Dump: TypeAlias = list[tuple[Table, Sequence[RowMapping]]]


@dataclass(frozen=True, slots=True)
class ScriptedDatabase:
    """A database of the newest schema whose server's clock tells the time that it is told."""

    url: str
    _connection: Connection

    def clean(self) -> None:
        """Forget all rows, and let the clock go by itself."""
        for each in schema.metadata.tables.values():
            self._connection.execute(delete(each))
        self._connection.execute(insert(schema.counter).values(name=EVENT_COUNTER, value=0))
        self._connection.execute(delete(_CLOCK_TABLE))

    def set_clock(self, moment: datetime) -> None:
        """Let the server's clock stand at `moment`."""
        self._connection.execute(delete(_CLOCK_TABLE))
        self._connection.execute(insert(_CLOCK_TABLE).values(at=moment))

    def wait_for(self, view: str, condition: str) -> None:
        """Wait until a view of the server's own shows a row."""
        rows = select(func.count()).select_from(table(view)).where(text(condition))
        while not self._connection.execute(rows).scalar_one():
            pass

    @contextmanager
    def away(self) -> Iterator[None]:
        """Let nobody connect, and cut who is connected: as if the server were stopped."""
        url = make_url(self.url)
        engine = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        allow = f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS"
        with engine.connect() as connection:
            connection.exec_driver_sql(f"{allow} false")
            self.cut_connections()
            try:
                yield
            finally:
                connection.exec_driver_sql(f"{allow} true")
        engine.dispose()

    def dump(self) -> Dump:
        """Copy all rows."""
        tables = schema.metadata.sorted_tables
        return [(each, self._connection.execute(select(each)).mappings().all()) for each in tables]

    def restore(self, dump: Dump) -> None:
        """Put all rows back to what they were."""
        self.clean()
        self._connection.execute(delete(schema.counter))
        for each, rows in dump:
            if rows:
                self._connection.execute(insert(each), [dict(row) for row in rows])

    def cut_connections(self) -> None:
        """End every other connection to this database, as a server that stops does."""
        self._connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


_CLOCK_TABLE = table("clock", column("at"), schema="scripted")
# Found before the server's own function of that name, because the search path says so.
_CLOCK = """
CREATE SCHEMA scripted;
CREATE TABLE scripted.clock (at timestamptz);
CREATE FUNCTION scripted.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
    'SELECT coalesce((SELECT at FROM scripted.clock), pg_catalog.clock_timestamp())';
"""


@contextmanager
def scripted_database(server_url: str, name: str) -> Iterator[ScriptedDatabase]:
    """Make such a database, named `name`, on a server."""
    url = make_database(server_url, name)
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    bring_up_to_date(engine.execution_options(isolation_level="READ COMMITTED"))
    with engine.connect() as connection:
        connection.exec_driver_sql(_CLOCK)
        path = f"ALTER DATABASE {name} SET search_path = public, scripted, pg_catalog"
        connection.exec_driver_sql(path)
        yield ScriptedDatabase(url, connection)
    engine.dispose()
