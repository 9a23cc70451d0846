"""Goals 3 and 3b: how much more a BatchReport carries than one RPC for each result.

Anchor: the bare grpc.aio echo, unary, 64 under way, same loop, same run. Goal 3 is the limit of the
way itself: the wire and a group commit into one table (`report_load/one_table.py`). Goal 3b is the
product, whole: validation, history, join, result, events, receipts in the log, durable before the
answer (SQLite, WAL, FULL). Batches of 100 and of 1,000 results, two under way, as `call_reporter`
drains a backlog. Fresh process and empty database per case; afterwards the database must hold as
many results as were acknowledged.
"""

from benchmarks.harness import Line, Run
from benchmarks.report_load.cases import Case, measure
from benchmarks.report_load.payload import RESULT_BYTES

WINDOW_S = 1.5
QUICK_WINDOW_S = 0.6
QUICK_REPEATS = 2
UNDER_WAY = 2
ECHO = "echo c=64"
CASES = {
    ECHO: Case("echo", 64),
    "one table, batches of 100": Case("one table", UNDER_WAY, 100),
    "product, batches of 100": Case("product", UNDER_WAY, 100),
    "one table, batches of 1000": Case("one table", UNDER_WAY, 1000),
    "product, batches of 1000": Case("product", UNDER_WAY, 1000),
}
_GOALS = {"one table": "3", "product": "3b"}
_COLUMNS = ("cpu_us", "p50_ms", "p99_ms", "server_cpu", "load_cpu", "errors")


def main() -> int:
    """Measure, show, judge; returns the exit code."""
    run = Run("report_batch", profile=f"{RESULT_BYTES} B, 6 turns, external calls, SQLite FULL")
    window_s = QUICK_WINDOW_S if run.is_quick else WINDOW_S
    for turn in run.interleave(list(CASES), QUICK_REPEATS if run.is_quick else None):
        run.add(turn.case, **measure(CASES[turn.case], window_s))
    lines = [Line(case, anchor=ECHO, columns=_COLUMNS) for case in CASES]
    run.table("Results a second in batches, against the bare unary echo", lines)
    for name, case in CASES.items():
        if case.size > 1:
            ratio = run.ratio(name, ECHO, "per_s").median
            run.judge(f"{_GOALS[case.system]}/{case.size}", ratio, anchor=ECHO, case=name)
    run.note("CPU, p50 and p99 of a batch: CPU is per result, p50 and p99 are of one RPC")
    run.bars("Results a second", "per_s", list(CASES), anchor=ECHO)
    return run.finish()


if __name__ == "__main__":
    raise SystemExit(main())
