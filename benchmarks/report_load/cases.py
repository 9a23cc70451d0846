"""Measures one case of the report path: a fresh system on core 0, a fresh load on core 1."""

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness import LOAD_CORE, child, fdatasync_ms, require_equal
from benchmarks.report_load.system import (
    RunningServer,
    count_rows,
    running_module,
    running_orchestrator,
)

_PATIENCE_S = 60.0
_DATABASE = "one-table.db"


@dataclass(frozen=True, slots=True)
class Case:
    """Says what is measured: which system, with how many RPCs of how many results under way."""

    system: str
    """echo, product or one table."""
    at_once: int
    size: int = 1


def measure(case: Case, seconds: float) -> dict[str, float]:
    """Measure one repetition; the figures hold the price of a flush on the same disk.

    Raises: Mismatch when another number of rows is stored than was acknowledged.
    """
    with tempfile.TemporaryDirectory(prefix="ringback-bench-") as name:
        folder = Path(name)
        flush_ms = fdatasync_ms(folder)
        with _running(case.system, folder) as server:
            figures = run_client(server, case.at_once, case.size, seconds)
            _require_all_stored(case.system, folder, int(figures["acknowledged"]))
    return {**figures, "fdatasync_ms": flush_ms}


def run_client(server: RunningServer, at_once: int, size: int, seconds: float) -> dict[str, float]:
    """Load a server from core 1 and return the client's figures."""
    argv = [sys.executable, "-m", "benchmarks.report_load.client"]
    argv += ["--address", server.address, "--server-pid", str(server.pid)]
    argv += ["--at-once", str(at_once), "--size", str(size), "--seconds", str(seconds)]
    with child(argv, core=LOAD_CORE) as load:
        figures: dict[str, float] = json.loads(load.line(_PATIENCE_S))
    return figures


@contextmanager
def _running(system: str, folder: Path) -> Iterator[RunningServer]:
    if system == "product":
        with running_orchestrator(folder) as product:
            yield product
    elif system == "one table":
        with running_module("one_table", "--database", str(folder / _DATABASE)) as server:
            yield server
    else:
        with running_module("echo") as server:
            yield server


def _require_all_stored(system: str, folder: Path, acknowledged: int) -> None:
    if system == "product":
        database = folder / "data" / "ringback.db"
        require_equal("results stored", count_rows(database, "result"), acknowledged)
        require_equal("reports in the history", count_rows(database, "report"), acknowledged)
    elif system == "one table":
        require_equal("rows stored", count_rows(folder / _DATABASE, "result"), acknowledged)
