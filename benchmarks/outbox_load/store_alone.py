"""Records results in the store alone: the Orchestrator's rules and database without gRPC.

`python -m benchmarks.outbox_load.store_alone --folder DIR --count N`; one JSON line on stdout. It
reads the bytes of batches of 1,000, records two at a time, and logs the receipts to a file.
"""

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path

import uvloop

from benchmarks.harness import SYSTEM_CORE, pin, require_equal
from benchmarks.report_load.payload import WireForm
from foundation.clock import SystemClock
from foundation.logs import configure_logging
from orchestrator.call_results import Recorded, receive_proto, record_call_results
from orchestrator.store import Store
from ringback.v1 import call_results_pb2 as pb

_BATCH = 1_000
_AT_ONCE = 2


async def record(folder: Path, count: int) -> dict[str, float]:
    """Record `count` results, all of them new. Raises: Mismatch when one was not."""
    form, recorded = WireForm(), 0
    batches = [form.batch_request(first, _BATCH) for first in range(0, count, _BATCH)]
    store = await Store.open(f"sqlite:///{folder / 'ringback.db'}", SystemClock())
    gate = asyncio.Semaphore(_AT_ONCE)

    async def take(raw: bytes) -> None:
        nonlocal recorded
        async with gate:
            request = pb.BatchReportRequest.FromString(raw)
            answers = await record_call_results(store, [receive_proto(m) for m in request.results])
            recorded += sum(isinstance(answer, Recorded) for answer in answers)

    begun, before = time.perf_counter(), time.process_time()
    await asyncio.gather(*(take(raw) for raw in batches))
    spent, span_s = time.process_time() - before, time.perf_counter() - begun
    await store.close()
    require_equal("results recorded", recorded, count)
    return {"drain_s": span_s, "per_s": count / span_s, "cpu_us": spent * 1e6 / count}


def main() -> None:
    """Record, print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.outbox_load.store_alone")
    parser.add_argument("--folder", required=True, type=Path, help="an empty folder")
    parser.add_argument("--count", required=True, type=int, help="a multiple of 1,000")
    options = parser.parse_args()
    pin(SYSTEM_CORE)
    sys.stderr = (options.folder / "log").open("w")
    configure_logging("store")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(record(options.folder, options.count))), flush=True)


if __name__ == "__main__":
    main()
