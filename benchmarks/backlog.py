"""Goal 6: 100,000 results that wait in an outbox are acknowledged within 3 s.

The Orchestrator as it is started by `python -m orchestrator` has core 0, an empty SQLite database
and its log in a file; `call_reporter` has core 1 and logs a line for each result. The clock runs
from the end of the reporter's start (the outbox is checked and opened before: `open_s`) until the
last acknowledgement is on the disk. Anchor: the store alone, the same results by the same rules
and commits, without gRPC. Afterwards the rows of both sides are counted: each result once.
"""

import asyncio
import json
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.harness import LOAD_CORE, SYSTEM_CORE, Line, Run, child, fdatasync_ms, require_equal
from benchmarks.outbox_load.filling import fill_outbox
from benchmarks.report_load.system import running_orchestrator
from call_reporter.outbox.inspection import inspect_outbox

RESULTS = 100_000
_DRAIN, _STORE = "outbox to acknowledged", "store alone"
_PATIENCE_S = 90.0
_COLUMNS = ("drain_s", "cpu_us", "client_us", "load_cpu", "open_s", "rss_mb", "fdatasync_ms")


def drain(filled: Path) -> dict[str, float]:
    """Drain a copy of a filled outbox into a fresh Orchestrator. Raises: Mismatch."""
    with tempfile.TemporaryDirectory(prefix="ringback-bench-") as name:
        folder = Path(name)
        outbox = folder / "calls.db"
        shutil.copyfile(filled, outbox)
        flush_ms = fdatasync_ms(folder)
        with running_orchestrator(folder) as system:
            module = ("-m", "benchmarks.outbox_load.draining")
            argv = [sys.executable, *module, "--outbox", str(outbox), "--address", system.address]
            argv += ["--server-pid", str(system.pid), "--log", str(folder / "reporter.log")]
            with child(argv, core=LOAD_CORE) as reporter:
                figures: dict[str, float] = json.loads(reporter.line(_PATIENCE_S))
            require_equal("results that waited", int(figures.pop("results")), RESULTS)
            require_equal("results stored", system.count_results(), RESULTS)
        accounts = inspect_outbox(outbox).accounts
        require_equal("results acknowledged", accounts.acknowledged, RESULTS)
    return {**figures, "fdatasync_ms": flush_ms}


def record() -> dict[str, float]:
    """Record the same results in the store alone."""
    with tempfile.TemporaryDirectory(prefix="ringback-bench-") as name:
        argv = [sys.executable, "-m", "benchmarks.outbox_load.store_alone"]
        argv += ["--folder", name, "--count", str(RESULTS)]
        flush_ms = fdatasync_ms(Path(name))
        with child(argv, core=SYSTEM_CORE) as store:
            figures: dict[str, float] = json.loads(store.line(_PATIENCE_S))
    return {**figures, "fdatasync_ms": flush_ms}


def main() -> int:
    """Fill one outbox, drain copies of it beside the store alone, judge."""
    run = Run("backlog", profile=f"{RESULTS:,} results of 830 B, SQLite FULL on both sides")
    with tempfile.TemporaryDirectory(prefix="ringback-bench-") as name:
        filled = Path(name) / "calls.db"
        asyncio.run(fill_outbox(filled, RESULTS))
        for turn in run.interleave([_STORE, _DRAIN], 2 if run.is_quick else None):
            run.add(turn.case, **(drain(filled) if turn.case == _DRAIN else record()))
    lines = [
        Line(_DRAIN, anchor=_STORE, figure="per_s", columns=_COLUMNS),
        Line(_STORE, figure="per_s", columns=_COLUMNS),
    ]
    run.table("A backlog against the store alone", lines)
    run.note("cpu_us: the Orchestrator's per result; client_us: call_reporter's.")
    run.judge("6", run.median(_DRAIN, "drain_s"), anchor=_STORE, figure="per_s")
    return run.finish()


if __name__ == "__main__":
    raise SystemExit(main())
