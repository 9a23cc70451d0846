"""A PostgreSQL server for tests: the one that RINGBACK_TEST_POSTGRES names, else one of our own."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

SETTING = "RINGBACK_TEST_POSTGRES"


def empty_database(url: str) -> None:
    """Drop whatever an earlier test left."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()


@contextmanager
def postgres_server() -> Iterator[str]:
    """Yield the URL of a server; skip the test, with the reason, when there is none to start."""
    given = os.environ.get(SETTING)
    if given:
        yield given
        return
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        pytest.skip(f"no PostgreSQL below /usr/lib/postgresql, and {SETTING} is not set")
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    try:
        yield from _own_server(programs[-1], folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _own_server(programs: Path, folder: Path) -> Iterator[str]:
    """Run a server in `folder`, reached by a socket there; as `postgres` when we are root."""
    prefix: list[str] = []
    if os.getuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        prefix = ["runuser", "-u", "postgres", "--"]
    data = folder / "data"
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    initdb: list[str | Path] = [
        programs / "initdb",
        "-D",
        data,
        "-A",
        "trust",
        "-U",
        "ringback",
        "-E",
        "UTF8",
    ]
    control: list[str | Path] = [programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
    _run([*prefix, *initdb], folder)
    _run([*prefix, *control, "-o", options, "start"], folder)
    try:
        yield f"postgresql+psycopg://ringback@/postgres?host={folder}"
    finally:
        _run([*prefix, *control, "-m", "immediate", "stop"], folder)


def _run(command: list[str | Path], folder: Path) -> None:
    subprocess.run(  # noqa: S603 - our own words only
        command, check=True, cwd=folder, stdout=subprocess.DEVNULL
    )
