"""Scale curves: how Report's throughput grows with concurrency, and the bridge's costs with calls.

No goal is judged here. The parts are those of report_unary and media_cpu: a fresh process on core 0
and the load on core 1 for every point, the bare echo and the bare relay in turns beside the
product. Where the load used more than 85 % of its core, its point says nothing about the system and
is left out of the curve. The cost of a growing store is drawn by growth, hang-ups by hangup and
page_push.
"""

import sys
from dataclasses import replace

from benchmarks.harness import SYSTEM_CORE, Line, Mismatch, Run, child, rss_kb
from benchmarks.media_load.generator import Generator, Heard, LoadFailed
from benchmarks.media_load.load import Load
from benchmarks.media_load.product import Product
from benchmarks.report_load.cases import Case, measure

AT_ONCE = (1, 4, 16, 64, 256)
CALLS = (10, 25, 50, 100, 150)
REPEATS = 2
_WINDOW_S = 0.7
_HOLD_S = 4.0
_FIRST_S = 0.5
_SYSTEMS = {"echo": "bare echo", "product": "durable Report"}
_FLOOR, _PRODUCT = "bare relay", "Call Handler"
_CURVES = {
    "cpu_ms": "CPU per call and second over calls at once",
    "out_p99_ms": "p99 from model to callee over calls at once",
    "in_p99_ms": "p99 from callee to model over calls at once",
    "call_kb": "Memory of a call over calls at once",
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
    cases = {f"{name} N={calls}": calls for calls in CALLS for name in (_FLOOR, _PRODUCT)}
    for turn in run.interleave(list(cases), REPEATS):
        calls = cases[turn.case]
        hold = hold_floor if turn.case.startswith(_FLOOR) else hold_product
        try:
            idle_kb, heard = hold(calls)
        except (LoadFailed, Mismatch) as failure:
            run.note(f"{turn.case}: {str(failure).splitlines()[0]}")
            continue
        if heard.is_void:
            run.note(f"{turn.case}: left out, the load used {heard.load_cpu:.0%} of its core")
            continue
        call_kb = (heard.rss_kb[0] - idle_kb) / calls
        run.add(turn.case, calls=calls, call_kb=call_kb, **heard.figures)
    columns = ("in_p99_ms", "out_p99_ms", "call_kb", "load_cpu", "errors")
    run.table(
        "Calls at once",
        [
            Line(f"{name} N={calls}", f"{_FLOOR} N={calls}", "cpu_ms", columns)
            for calls in CALLS
            for name in (_FLOOR, _PRODUCT)
        ],
    )
    series = {name: [f"{name} N={calls}" for calls in CALLS] for name in (_FLOOR, _PRODUCT)}
    for figure, title in _CURVES.items():
        run.lines(title, "calls", figure, series)


def hold_product(calls: int) -> tuple[int, Heard]:
    """Hold calls through a fresh Call Handler; returns its memory before, KB, and what was heard.

    Raises: LoadFailed, Mismatch.
    """
    with Generator() as generator, Product(generator) as product:
        product.run(1, _FIRST_S)  # what the first call loads is not a call's memory
        idle_kb = rss_kb(product.pid)
        return idle_kb, product.run(calls, _HOLD_S)


def hold_floor(calls: int) -> tuple[int, Heard]:
    """Hold calls through a fresh bare relay; as hold_product. Raises: LoadFailed."""
    with Generator() as generator:
        relay = [sys.executable, "-m", "benchmarks.media_load.floor"]
        with child([*relay, "--model", generator.model_url], core=SYSTEM_CORE) as floor:
            port = floor.line().rpartition(" ")[2]
            url = f"ws://127.0.0.1:{port}/media-stream"
            load = Load(url=url, calls=calls, seconds=_HOLD_S, pids=(floor.pid,))
            generator.run(replace(load, calls=1, seconds=_FIRST_S))
            idle_kb = rss_kb(floor.pid)
            return idle_kb, generator.run(load)


if __name__ == "__main__":
    raise SystemExit(main())
