"""Goal 5: reporting through `call_reporter` beats the REST app that a user would write first.

Every case is a fresh process on core 0 with an empty SQLite database (WAL, synchronous FULL), the
same results, the same rules for every field, an answer only after the commit; in turns, the load on
core 1. The app: FastAPI with one sqlite3 commit per POST, and 64 requests of aiohttp under way.
Waiting: 64 results lie in the outbox of `call_reporter`; timed is their delivery, from its start to
the last acknowledgement (read from the outbox, sent, marked). Callers: 64 of them report through
`call_reporter` all the time, and every result is first made durable in its outbox on the load's
core - a promise that the app's client does not make, so it is shown, not judged. Unary alone: the
bare stub, 64 Reports under way. Afterwards the rows are counted on both sides.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.harness import (
    LOAD_CORE,
    SYSTEM_CORE,
    Child,
    Line,
    Run,
    child,
    fdatasync_ms,
    require_equal,
)
from benchmarks.peers.environments import REST, NotInstalled, install
from benchmarks.report_load.cases import Case, measure
from benchmarks.report_load.system import count_rows, running_orchestrator
from call_reporter.outbox.inspection import inspect_outbox

AT_ONCE = 64
WINDOW_S = 2.0
_APP, _OUTBOX = "FastAPI + commit per POST", "call_reporter, 64 waiting"
_CALLERS, _UNARY = "call_reporter, 64 callers", "unary Report alone"
_CASES = (_APP, _OUTBOX, _CALLERS, _UNARY)
_MODULES = {_OUTBOX: "waiting", _CALLERS: "callers"}
_COLUMNS = ("cpu_us", "client_us", "p50_ms", "p99_ms", "load_cpu", "fdatasync_ms", "errors")
_PATIENCE_S = 60.0
_PORT_AT = len("listening ")


def measure_app(folder: Path) -> dict[str, float]:
    """Load the REST app. Raises: Mismatch."""
    database = folder / "app.db"
    with running_app(database) as (app, port):
        figures = run_load(
            "posting", "--url", f"http://127.0.0.1:{port}/call_result", "--server-pid", str(app.pid)
        )
    require_equal("rows stored", count_rows(database, "result"), int(figures["acknowledged"]))
    return figures


@contextmanager
def running_app(database: Path) -> Iterator[tuple[Child, int]]:
    """Start the REST app; yields it with its port."""
    paths = [REST.env["PYTHONPATH"], *filter(None, [os.environ.get("PYTHONPATH")])]
    argv = [str(REST.python), "-m", "benchmarks.peers.naive_rest", "--database", str(database)]
    with child(argv, core=SYSTEM_CORE, env={"PYTHONPATH": os.pathsep.join(paths)}) as app:
        yield app, int(app.line()[_PORT_AT:])


def measure_outbox(folder: Path, module: str) -> dict[str, float]:
    """Load the Orchestrator through `call_reporter`. Raises: Mismatch."""
    outbox = folder / "calls.db"
    with running_orchestrator(folder) as system:
        figures = run_load(
            module,
            *("--outbox", str(outbox), "--address", system.address),
            *("--server-pid", str(system.pid), "--log", str(folder / "reporter.log")),
        )
        acknowledged = int(figures["acknowledged"])
        require_equal("results stored", system.count_results(), acknowledged)
    accounts = inspect_outbox(outbox).accounts
    require_equal("results acknowledged in the outbox", accounts.acknowledged, acknowledged)
    return figures


def run_load(module: str, *arguments: str) -> dict[str, float]:
    """Load from core 1 and return the figures."""
    argv = [sys.executable, "-m", f"benchmarks.outbox_load.{module}", *arguments]
    argv += ["--at-once", str(AT_ONCE), "--seconds", str(WINDOW_S)]
    with child(argv, core=LOAD_CORE) as load:
        figures: dict[str, float] = json.loads(load.line(_PATIENCE_S))
    return figures


def measure_case(case: str) -> dict[str, float]:
    """Measure one repetition of one case. Raises: Mismatch."""
    if case == _UNARY:
        return measure(Case("product", AT_ONCE), WINDOW_S)
    with tempfile.TemporaryDirectory(prefix="ringback-bench-") as name:
        folder = Path(name)
        flush_ms = fdatasync_ms(folder)
        module = _MODULES.get(case)
        figures = measure_outbox(folder, module) if module else measure_app(folder)
    return {**figures, "fdatasync_ms": flush_ms}


def main() -> int:
    """Measure in turns, show, judge; returns the exit code."""
    run = Run("report_peers", profile="830 B protobuf, the same as JSON, 6 turns, SQLite FULL")
    try:
        install(REST)
    except NotInstalled as error:
        run.skip("5/outbox", str(error))
        run.skip("5/unary", str(error))
        return run.finish()
    for turn in run.interleave(_CASES):
        run.add(turn.case, **measure_case(turn.case))
    lines = [Line(case, anchor=_APP, columns=_COLUMNS) for case in _CASES]
    run.table("Reporting against FastAPI with one commit per POST", lines)
    run.note("cpu_us: the server's per result; client_us: the reporter's or the HTTP client's.")
    for goal, case in (("5/outbox", _OUTBOX), ("5/unary", _UNARY)):
        run.judge(goal, run.ratio(case, _APP, "per_s").median, anchor=_APP, case=case)
    run.bars("Durable results a second, 64 under way", "per_s", list(_CASES), _APP)
    return run.finish()


if __name__ == "__main__":
    raise SystemExit(main())
