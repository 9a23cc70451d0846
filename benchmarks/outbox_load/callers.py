"""Keeps reports under way through `call_reporter`: a process that says how they went.

`python -m benchmarks.outbox_load.callers --outbox FILE --address HOST:PORT ...`; one JSON line on
stdout. So many results wait in the outbox from the first moment to the last: each caller reports
the next one as soon as its own is acknowledged. Logs a line for each, as at INFO.
"""

import argparse

from benchmarks.harness import LOAD_CORE, pin
from benchmarks.outbox_load.options import PATIENCE_S, make_parser, run_load

pin(LOAD_CORE)  # before grpc is imported: its threads inherit it

from benchmarks.outbox_load.window import Window  # noqa: E402 - see above
from benchmarks.report_load.payload import sample_result  # noqa: E402 - see above
from call_reporter import CallReporter  # noqa: E402 - see above
from ringback.v1 import call_results_pb2 as pb  # noqa: E402 - see above


async def load(options: argparse.Namespace) -> dict[str, float]:
    """Start a reporter, load, return the figures."""
    # Built before: an agent's result is there when its call ends.
    results = [sample_result(number) for number in range(options.prepared)]
    async with CallReporter(
        options.address, outbox=options.outbox, ack_wait_s=PATIENCE_S
    ) as reporter:

        async def report() -> bool:
            answer = await reporter.report(results.pop())
            return answer is not None and answer.disposition == pb.DISPOSITION_STORED

        window = Window(report, options.server_pid)
        return await window.run(options.at_once, options.seconds)


def main() -> None:
    """Load, print the figures."""
    parser = make_parser("callers")
    parser.add_argument("--prepared", type=int, default=40_000, help="results built beforehand")
    run_load(load, parser.parse_args())


if __name__ == "__main__":
    main()
