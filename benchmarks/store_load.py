"""The store without RPC: a process that hands reports to the rules and the store, and is timed.

`python -m benchmarks.store_load --url URL --at-once 64 --size 1 --count 8000`; one JSON line on
stdout. The reports are parsed and validated before the clock starts; then `at_once` callers each
hand over one set of `size` after the other, and wait for its commit. Nothing is logged.
"""

import argparse
import asyncio
import json
import os
import time
from collections.abc import Iterator, Sequence

import structlog
import uvloop

from benchmarks.harness import cpu_ns, quantiles, require_equal
from benchmarks.report_load.payload import sample_result
from foundation.clock import SystemClock
from orchestrator.call_results import Received, receive_proto, record_call_results
from orchestrator.store import Store

_ERROR = 40


async def load(options: argparse.Namespace) -> dict[str, float]:
    """Hand the reports over; return the figures."""
    store = await Store.open(options.url, SystemClock())
    reports = [receive_proto(sample_result(number)) for number in range(options.count)]
    size = options.size
    sets = iter([reports[first : first + size] for first in range(0, len(reports), size)])
    await record_call_results(store, next(sets))
    spans_ms: list[float] = []
    wall, own = time.perf_counter_ns(), cpu_ns(os.getpid())
    await asyncio.gather(*(_hand_over(store, sets, spans_ms) for _ in range(options.at_once)))
    wall, own = time.perf_counter_ns() - wall, cpu_ns(os.getpid()) - own
    await store.close()
    told = len(reports) - size
    spans = quantiles(spans_ms)
    return {
        "per_s": told / wall * 1e9,
        "cpu_us": own / 1000 / told,
        "p50_ms": spans.p50,
        "p99_ms": spans.p99,
        "n": spans.n,
        "acknowledged": len(reports),
    }


async def _hand_over(
    store: Store, sets: Iterator[Sequence[Received]], spans_ms: list[float]
) -> None:
    for received in sets:
        begun = time.perf_counter()
        answers = await record_call_results(store, received)
        spans_ms.append((time.perf_counter() - begun) * 1000)
        require_equal("answers", len(answers), len(received))


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.store_load")
    parser.add_argument("--url", required=True, help="an empty database")
    parser.add_argument("--at-once", type=int, default=64, help="callers that wait at a time")
    parser.add_argument("--size", type=int, default=1, help="reports of one set")
    parser.add_argument("--count", type=int, default=8_000, help="reports in all")
    return parser.parse_args()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(_ERROR))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(load(read_options()))), flush=True)
