"""Scale curves: how Report's throughput grows with concurrency, and the bridge's costs with calls.

No goal is judged here. The parts are those of report_unary and media_cpu: a fresh process on core 0
and the load on core 1 for every point, the bare echo and the bare relay in turns beside the
product. Where the load used more than 85 % of its core, its point says nothing about the system and
is left out of the curve. The cost of a growing store is drawn by growth, hang-ups by hangup and
page_push.
"""

from benchmarks.harness import ChildEnded, Line, Mismatch, Run
from benchmarks.media_cpu import FLOOR, PRODUCT
from benchmarks.media_cpu import measure as measure_media
from benchmarks.media_load.generator import LoadFailed
from benchmarks.media_load.load import VOID_ABOVE
from benchmarks.report_load.cases import Case, measure

AT_ONCE = (1, 4, 16, 64, 256)
CALLS = (50, 100, 150)
REPEATS, MEDIA_REPEATS = 2, 1
_WINDOW_S = 0.7
_HOLD_S = 3.0
_SYSTEMS = {"echo": "bare echo", "product": "durable Report"}
_CURVES = {
    "cpu_ms": "CPU of a call and second over calls at once",
    "added_p99_ms": "Added latency, the worse way, p99, over calls at once",
    "rss_kb": "Memory of a call over calls at once",
}


def main() -> int:
    """Measure and draw; returns the exit code."""
    run = Run("curves", profile="d20 calls without TLS; 830 B reports, SQLite FULL")
    measure_reports(run)
    measure_calls(run)
    return run.finish()


def measure_reports(run: Run) -> None:
    """Draw throughput and p50 over the RPCs under way."""
    cases = {
        f"{name} c={at_once}": Case(system, at_once)
        for at_once in AT_ONCE
        for system, name in _SYSTEMS.items()
    }
    for turn in run.interleave(list(cases), REPEATS):
        figures = measure(cases[turn.case], _WINDOW_S)
        run.add(turn.case, at_once=cases[turn.case].at_once, **figures)
    run.table(
        "Report over concurrency",
        [
            Line(f"{name} c={at_once}", f"bare echo c={at_once}", "per_s", ("p50_ms", "cpu_us"))
            for at_once in AT_ONCE
            for name in _SYSTEMS.values()
        ],
    )
    series = {name: [f"{name} c={c}" for c in AT_ONCE] for name in _SYSTEMS.values()}
    run.lines("Reports a second over RPCs under way", "at_once", "per_s", series)
    run.lines("p50 of a Report over RPCs under way", "at_once", "p50_ms", series)


def measure_calls(run: Run) -> None:
    """Draw the costs of a call, and the time that the bridge adds, over the calls at once."""
    cases = {f"{name} N={calls}": (name, calls) for calls in CALLS for name in (FLOOR, PRODUCT)}
    for turn in run.interleave(list(cases), MEDIA_REPEATS):
        name, calls = cases[turn.case]
        try:
            figures = measure_media(name, calls, _HOLD_S)
        except (ChildEnded, LoadFailed, Mismatch) as failure:
            run.note(f"{turn.case} could not be held: {str(failure).splitlines()[0]}")
            continue
        if figures["load_cpu"] > VOID_ABOVE:
            run.note(f"{turn.case}: left out, the load used {figures['load_cpu']:.0%} of its core")
            continue
        run.add(turn.case, **figures)
    columns = ("added_p50_ms", "added_p99_ms", "rss_kb", "load_cpu", "errors")
    run.table(
        "Calls at once",
        [Line(case, f"{FLOOR} N={calls}", "cpu_ms", columns) for case, (_, calls) in cases.items()],
    )
    series = {name: [f"{name} N={calls}" for calls in CALLS] for name in (FLOOR, PRODUCT)}
    for figure, title in _CURVES.items():
        run.lines(title, "calls", figure, series)


if __name__ == "__main__":
    raise SystemExit(main())
