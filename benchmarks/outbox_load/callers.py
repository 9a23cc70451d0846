"""Keeps reports under way through `call_reporter`: a process that says how they went.

`python -m benchmarks.outbox_load.callers --outbox FILE --address HOST:PORT ...`; one JSON line on
stdout. So many results wait in the outbox from the first moment to the last: each caller reports
the next one as soon as its own is acknowledged. Logs a line for each, as at INFO.
"""

import argparse
import asyncio
import json
import logging
from pathlib import Path

from benchmarks.harness import LOAD_CORE, pin

pin(LOAD_CORE)  # before grpc is imported: its threads inherit it

import uvloop  # noqa: E402 - see above

from benchmarks.outbox_load.window import Window  # noqa: E402 - see above
from benchmarks.report_load.payload import sample_result  # noqa: E402 - see above
from call_reporter import CallReporter  # noqa: E402 - see above
from ringback.v1 import call_results_pb2 as pb  # noqa: E402 - see above

_PATIENCE_S = 20.0


async def load(options: argparse.Namespace) -> dict[str, float]:
    """Start a reporter, load, return the figures."""
    # Built before: an agent's result is there when its call ends.
    results = [sample_result(number) for number in range(options.prepared)]
    async with CallReporter(
        options.address, outbox=options.outbox, ack_wait_s=_PATIENCE_S
    ) as reporter:

        async def report() -> bool:
            answer = await reporter.report(results.pop())
            return answer is not None and answer.disposition == pb.DISPOSITION_STORED

        window = Window(report, options.server_pid)
        return await window.run(options.at_once, options.seconds)


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.outbox_load.callers")
    parser.add_argument("--outbox", required=True, type=Path, help="the file, a new one")
    parser.add_argument("--address", required=True, help="HOST:PORT of the Orchestrator's gRPC")
    parser.add_argument("--server-pid", type=int, required=True, help="whose CPU time is read")
    parser.add_argument("--log", required=True, type=Path, help="where its log lines go")
    parser.add_argument("--at-once", type=int, default=64, help="results that wait")
    parser.add_argument("--seconds", type=float, default=1.0, help="the window that counts")
    parser.add_argument("--prepared", type=int, default=40_000, help="results built beforehand")
    return parser.parse_args()


def main() -> None:
    """Load, print the figures."""
    options = read_options()
    logging.basicConfig(filename=options.log, level=logging.INFO, format="%(message)s")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(load(options))), flush=True)


if __name__ == "__main__":
    main()
