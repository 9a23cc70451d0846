"""Goals 1 and 2: a durable, validated, deduplicated Report keeps pace with a bare grpc.aio echo.

The product's own process (`python -m orchestrator`: ledger, history, events, log, sweeper and page
on) on core 0 with an empty SQLite database (WAL, synchronous FULL); a grpc.aio client on core 1
that sends every call once; beside it, in turns, the bare echo on the same kind of loop (uvloop),
with the same messages, and the price of one fdatasync in the same folder. Every case is a fresh
process. Afterwards the database must hold as many results as were acknowledged.

Goal 1 compares throughput at 64 and 256 RPCs under way; goal 2 the p50 of one at a time, in flushes
of the disk. A ratio above 1 is no error: the product's answers leave in groups, which saves its
client CPU.
"""

from benchmarks.harness import Line, Run
from benchmarks.report_load.cases import Case, measure
from benchmarks.report_load.payload import RESULT_BYTES

AT_ONCE = (1, 64, 256)
WINDOW_S = 1.5
QUICK_WINDOW_S = 0.9
CASES = {
    f"{word} c={at_once}": Case(system, at_once)
    for at_once in AT_ONCE
    for word, system in (("echo", "echo"), ("Report", "product"))
}
_COLUMNS = ("cpu_us", "p50_ms", "p99_ms", "server_cpu", "load_cpu", "errors")


def main() -> int:
    """Measure, show, judge; returns the exit code."""
    run = Run("report_unary", profile=f"{RESULT_BYTES} B, 6 turns, external calls, SQLite FULL")
    window_s = QUICK_WINDOW_S if run.is_quick else WINDOW_S
    for turn in run.interleave(list(CASES)):
        run.add(turn.case, **measure(CASES[turn.case], window_s))
    lines = [Line(case, anchor=f"echo c={CASES[case].at_once}", columns=_COLUMNS) for case in CASES]
    run.table("A durable Report against the bare echo", lines)
    _judge(run)
    run.bars("Durable Report against the bare echo", "per_s", list(CASES))
    return run.finish()


def _judge(run: Run) -> None:
    for at_once in AT_ONCE[1:]:
        case, echo = f"Report c={at_once}", f"echo c={at_once}"
        run.judge(
            f"1/{at_once}", measured=run.ratio(case, echo, "per_s").median, anchor=echo, case=case
        )
        cpu = run.ratio(case, echo, "cpu_us")
        run.note(f"{case}: the server's CPU per Report is {cpu} of the echo's")
    flush_ms = run.median("Report c=1", "fdatasync_ms")
    above_ms = run.median("Report c=1", "p50_ms") - run.median("echo c=1", "p50_ms")
    run.judge("2", measured=above_ms / flush_ms, anchor="echo c=1", figure="p50_ms")
    run.note(f"one fdatasync of 8 KiB takes {flush_ms:.3f} ms here")
    for case in CASES:
        ceiling = run.median(case, "per_s") / run.median(case, "load_cpu")
        run.note(f"{case}: the load's own ceiling is {ceiling:,.0f} a second, a full core of it")


if __name__ == "__main__":
    raise SystemExit(main())
