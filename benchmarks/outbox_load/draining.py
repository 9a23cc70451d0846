"""Drains an outbox: a process that starts a reporter and ends when nothing waits any more.

`python -m benchmarks.outbox_load.draining --outbox FILE --address HOST:PORT`; one JSON line on
stdout. It logs a line for every result, as a program does that runs `call_reporter` at INFO.
"""

import argparse
import asyncio
import json
import logging
import os
import time
from pathlib import Path

from benchmarks.harness import LOAD_CORE, cpu_ns, pin, rss_kb

pin(LOAD_CORE)  # before grpc is imported: its threads inherit it

from call_reporter import CallReporter  # noqa: E402 - see above

_LOOK_S = 0.005
_PATIENCE_S = 60.0


async def drain(options: argparse.Namespace) -> dict[str, float]:
    """Start a reporter on the outbox, wait until all is acknowledged and written down."""
    reporter = CallReporter(options.address, outbox=options.outbox)
    opened = time.perf_counter()
    await reporter.start()
    started = time.perf_counter()
    count = reporter.backlog().pending
    before, server_before = time.process_time(), cpu_ns(options.server_pid)
    async with asyncio.timeout(_PATIENCE_S):
        while reporter.backlog().pending:  # noqa: ASYNC110 - a reporter has no event for it
            await asyncio.sleep(_LOOK_S)
    server = cpu_ns(options.server_pid) - server_before
    peak_mb = rss_kb(os.getpid()) / 1024
    await reporter.close()  # the last acknowledgements are on the disk
    drained_s = time.perf_counter() - started
    return {
        "drain_s": drained_s,
        "per_s": count / drained_s,
        "open_s": started - opened,
        "client_us": (time.process_time() - before) * 1e6 / count,
        "cpu_us": server / 1e3 / count,
        "load_cpu": (time.process_time() - before) / drained_s,
        "rss_mb": peak_mb,
        "results": count,
    }


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.outbox_load.draining")
    parser.add_argument("--outbox", required=True, type=Path, help="the file; it is changed")
    parser.add_argument("--address", required=True, help="HOST:PORT of the Orchestrator's gRPC")
    parser.add_argument("--server-pid", type=int, required=True, help="whose CPU time is read")
    parser.add_argument("--log", required=True, type=Path, help="where its log lines go")
    return parser.parse_args()


def main() -> None:
    """Drain, print the figures."""
    options = read_options()
    logging.basicConfig(filename=options.log, level=logging.INFO, format="%(message)s")
    print(json.dumps(asyncio.run(drain(options))), flush=True)


if __name__ == "__main__":
    main()
