"""The load: a process that keeps a number of RPCs under way and says how they went.

`python -m benchmarks.report_load.client --address HOST:PORT --at-once 64 --seconds 1`; one JSON
line on stdout. Every result that it sends is new. It opens its channel first, warms up for 0.3 s,
then counts; whatever was acknowledged, the warm-up included, is `acknowledged`: that many rows the
database must have.
"""

import argparse
import asyncio
import itertools
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import uvloop

from benchmarks.harness import LOAD_CORE, cpu_ns, pin, quantiles

pin(LOAD_CORE)  # before grpc is imported: its threads inherit it

import grpc  # noqa: E402 - see above

from benchmarks.report_load.payload import WireForm  # noqa: E402
from ringback.v1 import call_results_pb2 as pb  # noqa: E402

WARM_S = 0.3
CHANNEL_RPCS = 128
"""RPCs under way on one channel: the server takes 256, and refuses some of them at the brink."""
_OWN_CONNECTION = (("grpc.use_local_subchannel_pool", 1),)
_DEADLINE_S = 20.0
_REPORT = "/ringback.v1.CallResults/Report"
_BATCH = "/ringback.v1.CallResults/BatchReport"

Send = Callable[[int], Awaitable[int]]
"""Sends the results from this number on; answers how many of them were stored."""


@dataclass(slots=True)
class Tally:
    """Counts what came back."""

    acknowledged: int = 0
    refused: int = 0
    spans_ms: list[float] = field(default_factory=list)
    counted: int = 0
    """Results acknowledged inside the window."""


def reporting(channel: grpc.aio.Channel, form: WireForm, size: int) -> Send:
    """Make what sends `size` results with one RPC; 1: a Report, more: a BatchReport."""
    if size == 1:
        report = channel.unary_unary(_REPORT, None, pb.ReportResponse.FromString)

        async def send_one(first: int) -> int:
            answer = await report(form.report_request(first), timeout=_DEADLINE_S)
            return int(answer.disposition == pb.DISPOSITION_STORED)

        return send_one
    batch = channel.unary_unary(_BATCH, None, pb.BatchReportResponse.FromString)

    async def send_many(first: int) -> int:
        answer = await batch(form.batch_request(first, size), timeout=_DEADLINE_S)
        return sum(entry.response.disposition == pb.DISPOSITION_STORED for entry in answer.entries)

    return send_many


class Load:
    """Keeps `at_once` RPCs under way from the first to the last moment."""

    def __init__(self, sends: Sequence[Send], size: int) -> None:
        self._sends = sends
        self._size = size
        self._next = 0
        self._window = (float("inf"), float("inf"))
        self.tally = Tally()

    async def run(self, at_once: int, seconds: float, server_pid: int) -> dict[str, float]:
        """Load for the warm-up and `seconds`; return the figures."""
        for send in self._sends:
            await self._send_next(send, 0.0)  # opens the channel, which costs 14 ms
        begin = time.perf_counter() + WARM_S
        self._window = (begin, begin + seconds)
        sends = itertools.islice(itertools.cycle(self._sends), at_once)
        workers = [asyncio.create_task(self._work(send)) for send in sends]
        await asyncio.sleep(WARM_S)
        before = _clocks(server_pid)
        await asyncio.sleep(seconds)
        wall, own, server = (
            after - earlier for after, earlier in zip(_clocks(server_pid), before, strict=True)
        )
        counted = self.tally.counted
        await asyncio.gather(*workers)
        spans = quantiles(self.tally.spans_ms)
        return {
            "per_s": counted / wall * 1e9,
            "cpu_us": server / 1000 / max(counted, 1),
            "p50_ms": spans.p50,
            "p99_ms": spans.p99,
            "load_cpu": own / wall,
            "server_cpu": server / wall,
            "errors": self.tally.refused,
            "n": spans.n,
            "acknowledged": self.tally.acknowledged,
        }

    async def _work(self, send: Send) -> None:
        while (now := time.perf_counter()) < self._window[1]:
            await self._send_next(send, now)

    async def _send_next(self, send: Send, begun: float) -> None:
        first = self._next
        self._next += self._size
        stored = await send(first)
        ended = time.perf_counter()
        tally = self.tally
        tally.acknowledged += stored
        tally.refused += self._size - stored
        if self._window[0] <= ended <= self._window[1]:
            tally.counted += stored
            tally.spans_ms.append((ended - begun) * 1000)


def _clocks(server_pid: int) -> tuple[int, int, int]:
    """Read wall time, our own CPU time and the server's, ns."""
    server = cpu_ns(server_pid) if server_pid else 0
    return time.perf_counter_ns(), time.process_time_ns(), server


async def load(options: argparse.Namespace) -> dict[str, float]:
    """Open the channels, load, return the figures."""
    form = WireForm()
    async with AsyncExitStack() as opened:
        sends = []
        for _ in range(0, options.at_once, CHANNEL_RPCS):
            channel = grpc.aio.insecure_channel(options.address, options=_OWN_CONNECTION)
            await opened.enter_async_context(channel)
            sends.append(reporting(channel, form, options.size))
        work = Load(sends, options.size)
        return await work.run(options.at_once, options.seconds, options.server_pid)


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report_load.client")
    parser.add_argument("--address", required=True, help="HOST:PORT of the gRPC server")
    parser.add_argument("--at-once", type=int, default=64, help="RPCs under way")
    parser.add_argument("--size", type=int, default=1, help="results of one RPC")
    parser.add_argument("--seconds", type=float, default=1.0, help="the window that counts")
    parser.add_argument("--server-pid", type=int, default=0, help="whose CPU time is read")
    return parser.parse_args()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(load(read_options()))), flush=True)
