"""The systems under test, each a process of its own on core 0 with an empty database."""

import socket
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness import SYSTEM_CORE, Child, ChildEnded, child, cpu_ns

_START_S = 20.0
_LOOK_S = 0.02
_QUIET_S, _QUIET_NS = 0.15, 3_000_000
_LOAD_S = 5.0
_IN_FOLDER = 'cd "$1" && shift && exec "$@"'
"""A `.env` of whoever measures must not be read: the system stands in a folder of its own."""


@dataclass(frozen=True, slots=True)
class RunningServer:
    """Holds a server that listens."""

    address: str
    """Of gRPC, host:port."""
    process: Child

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self.process.pid


@dataclass(frozen=True, slots=True)
class RunningOrchestrator(RunningServer):
    """Holds the real product, with its log in a file, its sweeper and its page."""

    http_url: str
    database: Path
    """Its SQLite file; there is none when it was given another database."""

    def count_results(self) -> int:
        """Count the results in the SQLite file."""
        return count_rows(self.database, "result")


def count_rows(database: Path, table: str) -> int:
    """Count the rows of one of our tables in an SQLite file, beside whoever writes it."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - ours
    return int(count)


@contextmanager
def running_orchestrator(
    folder: Path, core: int = SYSTEM_CORE, database_url: str = ""
) -> Iterator[RunningOrchestrator]:
    """Start `python -m orchestrator` in an empty folder; it listens when this yields."""
    http_port, grpc_port = free_port(), free_port()
    address, data = f"127.0.0.1:{grpc_port}", folder / "data"
    env = {
        "RINGBACK_DATA_DIR": str(data),
        "RINGBACK_PORT": str(http_port),
        "RINGBACK_ORCHESTRATOR_GRPC": address,
        "RINGBACK_DATABASE_URL": database_url or f"sqlite:///{data / 'ringback.db'}",
        "RINGBACK_DRAIN_S": "0",
    }
    argv = ["sh", "-c", _IN_FOLDER, "sh", str(folder), sys.executable, "-m", "orchestrator"]
    with child(argv, core=core, env=env) as process:
        wait_for_port(process, http_port)
        _wait_until_loaded(process)
        url = f"http://127.0.0.1:{http_port}"
        yield RunningOrchestrator(address, process, url, data / "ringback.db")
        process.stop()


@contextmanager
def running_module(
    module: str, *arguments: str, core: int = SYSTEM_CORE
) -> Iterator[RunningServer]:
    """Start a server of this package, which prints its port when it listens."""
    argv = [sys.executable, "-m", f"benchmarks.report_load.{module}", *arguments]
    with child(argv, core=core) as process:
        yield RunningServer(f"127.0.0.1:{process.line()}", process)
        process.stop()


def _wait_until_loaded(process: Child) -> None:
    """Wait until it has loaded what it loads behind its start: it would be measured as our load.

    A thread of the service is busy with that for most of a second (`foundation.server`).
    """
    until, before = time.monotonic() + _LOAD_S, cpu_ns(process.pid)
    while time.monotonic() < until:
        time.sleep(_QUIET_S)
        now = cpu_ns(process.pid)
        if now - before < _QUIET_NS:
            return
        before = now


def free_port() -> int:
    """Find a port that nobody holds just now."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def wait_for_port(process: Child, port: int) -> None:
    """Wait until a child listens. Raises: ChildEnded."""
    until = time.monotonic() + _START_S
    while time.monotonic() < until and process.is_running:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(_LOOK_S)
    raise ChildEnded(f"nobody listens on port {port}{process.tail()}")
