"""Delivers what waits in an outbox, some results at a time: a process that says how soon.

`python -m benchmarks.outbox_load.waiting --outbox FILE --address HOST:PORT ...`; one JSON line on
stdout. Again and again so many results are written down, then, with the clock running, the delivery
of `call_reporter` starts, reads them from the outbox, sends them, and marks them as recorded.
Logs a line for each, as at INFO.
"""

import argparse
import asyncio
import time

from benchmarks.harness import LOAD_CORE, cpu_ns, pin, quantiles
from benchmarks.outbox_load.options import PATIENCE_S, make_parser, run_load

pin(LOAD_CORE)  # before grpc is imported: its threads inherit it

from benchmarks.report_load.payload import sample_result  # noqa: E402 - see above
from call_reporter import ReporterOptions  # noqa: E402 - see above
from call_reporter.delivery import Delivery  # noqa: E402 - see above
from call_reporter.outbox import Outbox  # noqa: E402 - see above
from call_reporter.wire import Wire  # noqa: E402 - see above

_WARM_ROUNDS = 5


class Rounds:
    """Writes some results down, delivers them, and keeps the time that the delivery took."""

    def __init__(self, outbox: Outbox, wire: Wire, options: ReporterOptions, pid: int) -> None:
        self._outbox = outbox
        self._wire = wire
        self._options = options
        self._pid = pid
        self.written = 0
        self.spans_s: list[float] = []
        self.own_s = 0.0
        self.server_s = 0.0

    async def deliver(self, count: int) -> None:
        """Do one round. Raises: TimeoutError."""
        results = [sample_result(self.written + place) for place in range(count)]
        puts = [self._outbox.put_outcome(one.call_sid, one) for one in results]
        seqs = [put.seq for put in await asyncio.gather(*puts)]
        self.written += count
        delivery = Delivery(self._outbox, self._wire, self._options)
        answers = [delivery.answer_for(seq) for seq in seqs]
        server, own, begun = cpu_ns(self._pid), time.process_time(), time.perf_counter()
        delivery.start()
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*answers)
        self.spans_s.append(time.perf_counter() - begun)
        self.own_s += time.process_time() - own
        self.server_s += (cpu_ns(self._pid) - server) / 1e9
        await delivery.close()

    def forget(self) -> None:
        """Begin to count anew."""
        self.spans_s, self.own_s, self.server_s = [], 0.0, 0.0


async def load(options: argparse.Namespace) -> dict[str, float]:
    """Deliver round after round, return the figures."""
    how = ReporterOptions()
    outbox, wire = Outbox(options.outbox, how), Wire(options.address, "", how)
    await outbox.open()
    wire.open()
    rounds = Rounds(outbox, wire, how, options.server_pid)
    try:
        for _ in range(_WARM_ROUNDS):
            await rounds.deliver(options.at_once)
        rounds.forget()
        until = time.monotonic() + options.seconds
        while time.monotonic() < until:
            await rounds.deliver(options.at_once)
    finally:
        await wire.close()
        await outbox.close()
    span_s, count = sum(rounds.spans_s), len(rounds.spans_s) * options.at_once
    spans = quantiles([span * 1_000 for span in rounds.spans_s])
    return {
        "per_s": count / span_s,
        "cpu_us": rounds.server_s * 1e6 / count,
        "client_us": rounds.own_s * 1e6 / count,
        "p50_ms": spans.p50,
        "p99_ms": spans.p99,
        "load_cpu": rounds.own_s / span_s,
        "errors": 0,
        "acknowledged": rounds.written,
    }


if __name__ == "__main__":
    run_load(load, make_parser("waiting").parse_args())
