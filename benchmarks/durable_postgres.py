"""A PostgreSQL of a benchmark's own: fsync on, and gone with the benchmark, in whatever way."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.harness import tether
from tests.postgres import PostgresServer, make_database, own_postgres

__all__ = ["PostgresServer", "durable_postgres", "find_missing_postgres", "make_database"]

_PROGRAMS = Path("/usr/lib/postgresql")


def find_missing_postgres() -> str:
    """Say why there can be none here; empty when there can."""
    found = any(_PROGRAMS.glob("*/bin/postgres"))
    return "" if found else f"no PostgreSQL below {_PROGRAMS}"


@contextmanager
def durable_postgres() -> Iterator[PostgresServer]:
    """Run a server that flushes every commit."""
    with own_postgres(is_durable=True) as server:
        pid = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
        tether.hold(pid)
        yield server
    tether.let_go(pid)
