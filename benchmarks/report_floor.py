"""What a Report cannot be cheaper than: SQLite's part of it, and gRPC's part of it.

No goal is judged here. First the statements of a group of n reports are taken down while our writer
commits it, and executed again by bare sqlite3 on a file of its own (WAL, synchronous FULL), flush
included: CPU of the thread per report, in turns, group by group. Then a server on core 0 with 64
RPCs under way: the bare echo, the echo whose answers leave in groups, the product.
"""

import asyncio
import contextlib
import os
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

from sqlalchemy import Engine, event

from benchmarks.harness import SYSTEM_CORE, Line, Run, pin
from benchmarks.report_load.cases import Case, measure, run_client
from benchmarks.report_load.payload import RESULT_BYTES, WireForm
from benchmarks.report_load.system import running_module
from foundation.clock import SystemClock
from foundation.logs import configure_logging
from orchestrator.call_results import receive_proto
from orchestrator.call_results.record import record_reports
from orchestrator.store.database import open_database
from orchestrator.store.group import Batch, Job
from orchestrator.store.writer import Committer
from ringback.v1 import call_results_pb2 as pb

if TYPE_CHECKING:
    from sqlite3 import _Parameters

TOGETHER = (1, 16, 64, 1_000)
"""Reports that share a commit."""
RESULTS = 2_000
"""Of each size, at least 20 groups."""
_GROUPS = 20
_WARM = 4
_AT_ONCE = 64
_WINDOW_S = 1.5
_ECHO, _GROUPED, _PRODUCT = "echo", "echo, answers in groups", "Report"

Statement = tuple[str, "_Parameters"]


class _RecordingConnection(sqlite3.Connection):
    """Takes down what is executed."""

    taken: list[Statement]

    def cursor(self) -> sqlite3.Cursor:  # type: ignore[override]  # a factory is never asked for
        return super().cursor(_RecordingCursor)

    def commit(self) -> None:
        self.taken.append(("COMMIT", ()))
        super().commit()


class _RecordingCursor(sqlite3.Cursor):
    def execute(self, sql: str, parameters: "_Parameters" = (), /) -> Self:
        if isinstance(self.connection, _RecordingConnection):
            self.connection.taken.append((sql, parameters))
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: "Iterable[_Parameters]", /) -> Self:
        for row in parameters:
            self.execute(sql, row)
        return self


class Commits:
    """Commits groups by our writer and by bare sqlite3, in turns."""

    def __init__(
        self, committer: Committer, taken: list[Statement], bare: sqlite3.Connection
    ) -> None:
        self._committer = committer
        self._taken = taken
        self._bare = bare
        self._form, self._number = WireForm(), 0
        self._loop = asyncio.new_event_loop()

    def measure(self, together: int) -> tuple[float, float, float]:
        """Return CPU us per report, ours and SQLite's alone, and the statements of a group."""
        ours, bare = [], []
        for _ in range(max(_GROUPS, RESULTS // together) + _WARM):
            jobs = [self._job() for _ in range(together)]
            self._taken.clear()
            ours.append(_cpu_us(partial(self._committer.commit, jobs)))
            bare.append(_cpu_us(self._repeat))
        ours_us, bare_us = (statistics.median(spans[_WARM:]) for spans in (ours, bare))
        return ours_us / together, bare_us / together, float(len(self._taken))

    def close(self) -> None:
        """Give up the connections."""
        self._committer.close()
        self._bare.close()
        self._loop.close()

    def _job(self) -> Job:
        self._number += 1
        request = pb.ReportRequest.FromString(self._form.report_request(self._number))
        received = receive_proto(request.result)
        future: asyncio.Future[object] = self._loop.create_future()
        return Job(future, cast("Batch", record_reports), [received], len(received.raw))

    def _repeat(self) -> None:
        for sql, values in self._taken:
            self._bare.execute(sql, values).fetchall()


def _cpu_us(do: Callable[[], object]) -> float:
    begun = time.thread_time_ns()
    do()
    return (time.thread_time_ns() - begun) / 1000


@contextmanager
def opened_commits() -> Iterator[Commits]:
    """Open two equal databases: one for our writer, one for bare sqlite3."""
    with tempfile.TemporaryDirectory(prefix="ringback-bench-") as name:
        file, copy = Path(name) / "ours.db", Path(name) / "bare.db"
        database, _ = open_database(f"sqlite:///{file}", SystemClock())
        database.dispose()
        shutil.copyfile(file, copy)
        taken: list[Statement] = []
        _record(database.write_engine, taken)
        bare = sqlite3.connect(copy, isolation_level=None, cached_statements=512)
        for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            bare.execute(f"PRAGMA {setting}")
        commits = Commits(Committer(database.write_engine, database.dialect), taken, bare)
        yield commits
        commits.close()
        database.dispose()


def _record(engine: Engine, taken: list[Statement]) -> None:
    """Have the connections that are opened from now on take down what they execute."""

    def choose_kind(_dialect: object, _record: object, _words: object, named: object) -> None:
        cast("dict[str, object]", named)["factory"] = _RecordingConnection

    def begin_to_record(connection: _RecordingConnection, _record: object) -> None:
        connection.taken = taken

    event.listen(engine, "do_connect", choose_kind)
    event.listen(engine, "connect", begin_to_record, insert=True)


def measure_statements(run: Run) -> None:
    """Measure what our writer's thread costs beside SQLite's own part."""
    run_in_turns = run.interleave([str(together) for together in TOGETHER])
    for turn in run_in_turns:
        together = int(turn.case)
        with opened_commits() as commits:
            ours_us, bare_us, statements = commits.measure(together)
        run.add(_name(together, "SQLite alone"), cpu_us=bare_us, statements=statements)
        run.add(_name(together, "our writer"), cpu_us=ours_us, statements=statements)
    lines = [
        Line(_name(together, who), _name(together, "SQLite alone"), "cpu_us", ("statements",))
        for together in TOGETHER
        for who in ("SQLite alone", "our writer")
    ]
    run.table("CPU of a stored report, by how many share a commit", lines)


def _name(together: int, who: str) -> str:
    return f"{together} together: {who}"


def measure_wire(run: Run) -> None:
    """Measure what gRPC costs a server whose answers leave in groups."""
    for turn in run.interleave([_ECHO, _GROUPED, _PRODUCT]):
        run.add(turn.case, **_serve(turn.case))
    columns = ("cpu_us", "p50_ms", "server_cpu", "load_cpu", "errors")
    lines = [Line(case, _ECHO, columns=columns) for case in (_ECHO, _GROUPED, _PRODUCT)]
    run.table(f"{_AT_ONCE} RPCs under way", lines)


def _serve(case: str) -> dict[str, float]:
    if case != _GROUPED:
        return measure(Case("echo" if case == _ECHO else "product", _AT_ONCE), _WINDOW_S)
    with running_module("grouped_echo") as server:
        return run_client(server, _AT_ONCE, 1, _WINDOW_S)


def main() -> int:
    """Measure and show; returns the exit code."""
    run = Run("report_floor", profile=f"{RESULT_BYTES} B, 6 turns, external calls, SQLite FULL")
    measure_wire(run)
    pin(SYSTEM_CORE)  # not before: the children of the wire inherit it
    with Path(os.devnull).open("w") as nowhere:
        with contextlib.redirect_stderr(nowhere):  # loggers hold what was stderr when they began
            configure_logging("benchmark")
        measure_statements(run)
    return run.finish()


if __name__ == "__main__":
    raise SystemExit(main())
