"""Serves a store's reports and, when told so by a line, erases what is older than 30 days in it.

`python -m benchmarks.growth_load.erasing --database URL` prints its port, then, once it has erased,
one JSON line: how many calls, in how many seconds. The product's own gRPC server, store and
retention on one loop; only the ten minutes before the first round are left out.
"""

import argparse
import asyncio
import json
import sys
import time

import structlog
import uvloop

from foundation.clock import SystemClock
from orchestrator.call_results.access import Tokens
from orchestrator.calls import CallTimings, Progress, ProgressAnswer, record_progress
from orchestrator.retention import Retention
from orchestrator.rpc import build_grpc_server
from orchestrator.store import Store

DAYS = 30


async def serve(url: str) -> None:
    """Serve until killed."""
    store = await Store.open(url, SystemClock())

    async def progress(told: Progress) -> ProgressAnswer:
        return await record_progress(store, told, CallTimings())

    server = build_grpc_server(
        store, address="127.0.0.1:0", tokens=Tokens(), record_progress=progress
    )
    await server.start()
    print(server.port, flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    begun = time.perf_counter()
    erased = await Retention(store, SystemClock(), DAYS).erase_old()
    told = {"calls": erased["external_calls"], "seconds": time.perf_counter() - begun}
    print(json.dumps(told), flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Serve as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth_load.erasing")
    parser.add_argument("--database", required=True, help="its URL")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(options.database))


if __name__ == "__main__":
    main()
