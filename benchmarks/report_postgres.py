"""Goal 4: on PostgreSQL a Report keeps pace with the bare echo, a batch with the one on SQLite.

The product's own process on core 0, its load on core 1, as in report_unary and report_batch; the
database is a PostgreSQL of our own on the same machine, fsync and synchronous_commit on, which may
use either core. Every case is a fresh process and an empty database; afterwards the database must
hold as many results as were acknowledged. The server's own CPU stands beside ours: it is spent by
another process, and a machine with more cores spends it elsewhere.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import create_engine, func, select

from benchmarks.durable_postgres import PostgresServer, durable_postgres, make_database
from benchmarks.harness import Line, Run, cpu_ns, fdatasync_ms, require_equal
from benchmarks.report_load.cases import Case, measure, run_client
from benchmarks.report_load.payload import RESULT_BYTES
from benchmarks.report_load.system import running_orchestrator
from orchestrator.store.schema import report, result

WINDOW_S = 1.2
UNDER_WAY = 2
AT_ONCE = (64, 256)
SIZES = (100, 1000)
POSTGRES = "product on PostgreSQL"
UNARY = {
    f"{word} c={at_once}": Case(system, at_once)
    for at_once in AT_ONCE
    for word, system in (("echo", "echo"), ("PostgreSQL", POSTGRES))
}
BATCHES = {
    f"{word}, batches of {size}": Case(system, UNDER_WAY, size)
    for size in SIZES
    for word, system in (("SQLite", "product"), ("PostgreSQL", POSTGRES))
}
_COLUMNS = ("cpu_us", "database_cpu_us", "p50_ms", "p99_ms", "server_cpu", "load_cpu", "errors")


def main() -> int:
    """Measure, show, judge; returns the exit code."""
    run = Run("report_postgres", profile=f"{RESULT_BYTES} B, 6 turns, external calls, fsync on")
    cases = UNARY | BATCHES
    with durable_postgres() as server:
        for turn in run.interleave(list(cases)):
            case = cases[turn.case]
            on_server = case.system == POSTGRES
            figures = measure_on(server, case) if on_server else measure(case, WINDOW_S)
            run.add(turn.case, **figures)
    run.table("A durable Report on PostgreSQL against the bare echo", [*_lines(UNARY, "echo c={}")])
    run.table("Batches on PostgreSQL against SQLite", [*_lines(BATCHES, "SQLite, batches of {}")])
    _judge(run)
    run.bars("Reports a second", "per_s", list(UNARY))
    run.bars("Results a second in batches", "per_s", list(BATCHES))
    return run.finish()


def measure_on(server: PostgresServer, case: Case) -> dict[str, float]:
    """Measure one repetition on an empty database of this server.

    Raises: Mismatch when another number of rows is stored than was acknowledged.
    """
    url = make_database(server.url, "benchmark")
    with tempfile.TemporaryDirectory(prefix="ringback-bench-") as name:
        flush_ms = fdatasync_ms(Path(name))
        with running_orchestrator(Path(name), database_url=url) as product:
            before = _cpu_of(server)
            figures = run_client(product, case.at_once, case.size, WINDOW_S)
            spent = _cpu_of(server) - before
    stored = int(figures["acknowledged"])
    _require_all_stored(url, stored)
    return {**figures, "fdatasync_ms": flush_ms, "database_cpu_us": spent / 1000 / max(stored, 1)}


def _cpu_of(server: PostgresServer) -> int:
    """Sum the CPU time of the server's processes, ns; those that have ended dropped out."""
    first = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    return sum(_cpu_if_alive(int(pid)) for pid in [str(first), *children])


def _cpu_if_alive(pid: int) -> int:
    try:
        return cpu_ns(pid)
    except ProcessLookupError:
        return 0


def _require_all_stored(url: str, acknowledged: int) -> None:
    engine = create_engine(url)
    with engine.connect() as connection:
        for what, table in (("results stored", result), ("reports in the history", report)):
            count = connection.execute(select(func.count()).select_from(table)).scalar_one()
            require_equal(what, count, acknowledged)
    engine.dispose()


def _lines(cases: dict[str, Case], anchor: str) -> Iterator[Line]:
    for name, case in cases.items():
        number = case.size if case.size > 1 else case.at_once
        yield Line(name, anchor=anchor.format(number), columns=_COLUMNS)


def _judge(run: Run) -> None:
    """Judge each part by the worse of its two cases."""
    unary = [(f"PostgreSQL c={at_once}", f"echo c={at_once}") for at_once in AT_ONCE]
    batches = [(f"PostgreSQL, batches of {n}", f"SQLite, batches of {n}") for n in SIZES]
    for goal, pairs in (("4/unary", unary), ("4/batch", batches)):
        ratios = {pair: run.ratio(*pair, "per_s").median for pair in pairs}
        case, anchor = worst = min(ratios, key=lambda pair: ratios[pair])
        run.judge(goal, measured=ratios[worst], anchor=anchor, case=case)
        run.note(f"judged by {case}, the worse of the two")


if __name__ == "__main__":
    raise SystemExit(main())
