"""Goals 10, 11 and 12: 100 live calls through the Call Handler, beside the barest Python relay.

The product's own process on core 0: ledger of what was heard, transcript, outbox, progress, logs
and the result of every call; carrier and model are one load process on core 1. Beside it, in turns,
the floor: a FastAPI route and a `websockets` client that check a prefix and slice, nothing else.
Profile d20: per call 50 frames a second in, 50 deltas of 20 ms out, marks echoed at once; no TLS.
Each is a fresh process. Every frame has to arrive byte for byte, every call has to be reported.

CPU is the process's own (schedstat) per call and second. Added latency is the time from the load's
send to its receipt above that of a lone call through the same process. Memory is the resident set
above that of one call, divided by the calls. Then, printed only, the same product over TLS to the
model, and without its short way past the WebSocket libraries (decision 17). The curve over N is
drawn by curves.
"""

import sys
from contextlib import ExitStack

from benchmarks.harness import SYSTEM_CORE, Line, Run, child, require_equal
from benchmarks.media_load import Generator, Heard, Load, Product
from benchmarks.media_load.product import HANDLER, ROUNDABOUT

CALLS = 100
WINDOW_S, QUICK_WINDOW_S = 4.0, 2.5
FLOOR, PRODUCT, PRODUCT_TLS = "floor", "Call Handler", "Call Handler, wss"
PRODUCT_LONG = "Call Handler, no short way"
_COLUMNS = ("in_p50_ms", "in_p99_ms", "out_p50_ms", "out_p99_ms", "rss_kb", "load_cpu", "errors")


def measure(case: str, calls: int, seconds: float) -> dict[str, float]:
    """Hold calls through a fresh process of one case, one call first; give its figures.

    Raises: Mismatch when a frame was lost or altered, or a call was not reported.
    """
    with ExitStack() as stack:
        generator = stack.enter_context(Generator(tls=case == PRODUCT_TLS))
        if case == FLOOR:
            argv = [sys.executable, "-m", "benchmarks.media_load.floor"]
            argv += ["--model", generator.model_url]
            relay = stack.enter_context(child(argv, core=SYSTEM_CORE))
            url = f"ws://127.0.0.1:{relay.line().split()[1]}/media-stream"
            lone = generator.run(Load(url=url, seconds=1.0, pids=(relay.pid,)))
            load = Load(url=url, calls=calls, seconds=seconds, pids=(relay.pid,))
            crowd = generator.run(load)
        else:
            program = ROUNDABOUT if case == PRODUCT_LONG else HANDLER
            product = stack.enter_context(Product(generator, program))
            lone = product.run(1, 1.0)
            crowd = product.run(calls, seconds)
    require_equal(f"{case}: frames lost or altered", crowd.lost + crowd.wrong, 0)
    return {**crowd.figures, **_added(lone, crowd), "leaked": crowd.leaked, "marks": crowd.marks}


def _added(lone: Heard, crowd: Heard) -> dict[str, float]:
    into, out = crowd.inbound, crowd.outbound
    return {
        "calls": crowd.calls,
        "added_p50_ms": max(into.p50 - lone.inbound.p50, out.p50 - lone.outbound.p50),
        "added_p99_ms": max(into.p99 - lone.inbound.p99, out.p99 - lone.outbound.p99),
        "rss_kb": (crowd.rss_kb[0] - lone.rss_kb[0]) / max(1, crowd.calls - 1),
    }


def main() -> int:
    """Measure, show, judge; returns the exit code."""
    run = Run("media_cpu", profile="d20: 50 frames in, 50 deltas of 20 ms out a second; no TLS")
    seconds = QUICK_WINDOW_S if run.is_quick else WINDOW_S
    for turn in run.interleave([FLOOR, PRODUCT], repeats=2 if run.is_quick else None):
        run.add(turn.case, **measure(turn.case, CALLS, seconds))
    cases = [FLOOR, PRODUCT]
    if run.has_peers or not run.is_quick:
        for case in (PRODUCT_TLS, PRODUCT_LONG):
            run.add(case, **measure(case, CALLS, seconds))
            cases.append(case)
    columns = ("added_p50_ms", "added_p99_ms", *_COLUMNS)
    lines = [Line(case, anchor=FLOOR, figure="cpu_ms", columns=columns) for case in cases]
    run.table(f"CPU ms per call and second, {CALLS} calls", lines)
    _judge(run)
    if PRODUCT_TLS in cases:
        over_tls = run.median(PRODUCT_TLS, "cpu_ms") / run.median(PRODUCT, "cpu_ms")
        kept_kb = run.median(PRODUCT_TLS, "rss_kb")
        run.note(f"over TLS to the model: {over_tls:.2f}x the CPU, {kept_kb:.0f} KB a call")
        longer = run.median(PRODUCT_LONG, "cpu_ms") / run.median(PRODUCT, "cpu_ms")
        run.note(f"without the short way past the WebSocket libraries: {longer:.2f}x the CPU")
    return run.finish()


def _judge(run: Run) -> None:
    cpu = run.ratio(PRODUCT, FLOOR, "cpu_ms")
    run.judge("10", measured=cpu.median, anchor=FLOOR, figure="cpu_ms", case=PRODUCT)
    run.judge("11/p50", measured=run.median(PRODUCT, "added_p50_ms"), case=PRODUCT)
    run.judge("11/p99", measured=run.median(PRODUCT, "added_p99_ms"), case=PRODUCT)
    run.judge("12", measured=run.median(PRODUCT, "rss_kb"), case=PRODUCT)
    ceiling = CALLS / run.median(PRODUCT, "load_cpu")
    run.note(f"the load's own ceiling is about {ceiling:.0f} calls, a full core of it")
    run.note("its Orchestrator is a stub on the load's core, counted as load")


if __name__ == "__main__":
    raise SystemExit(main())
