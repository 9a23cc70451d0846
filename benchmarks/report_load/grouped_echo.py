"""The echo whose answers leave in groups: what gRPC costs a server that commits in groups.

A thread gives the loop all that wait at once, when 60 do or after 20 ms; there is no other work.
`python -m benchmarks.report_load.grouped_echo` prints its port.
"""

import asyncio
import threading

import grpc
import uvloop

from benchmarks.report_load.echo import report as answer
from benchmarks.report_load.wire import serve_until_killed
from ringback.v1 import call_results_pb2 as pb

_TOGETHER = 60
_PATIENCE_S = 0.02


class Waiting:
    """Holds those who wait; its thread wakes them in groups, and is itself woken once a group."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._futures: list[asyncio.Future[None]] = []
        self._are_enough = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    async def wait(self) -> None:
        """Return with the group."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._futures.append(future)
        if len(self._futures) >= _TOGETHER:
            self._are_enough.set()
        await future

    def _run(self) -> None:
        while True:
            self._are_enough.wait(_PATIENCE_S)
            self._are_enough.clear()
            group, self._futures = self._futures, []
            if group:
                self._loop.call_soon_threadsafe(_wake, group)


def _wake(group: "list[asyncio.Future[None]]") -> None:
    for future in group:
        if not future.done():
            future.set_result(None)


async def serve() -> None:
    """Serve until killed."""
    waiting = Waiting(asyncio.get_running_loop())

    async def report(
        request: pb.ReportRequest,
        context: "grpc.aio.ServicerContext[pb.ReportRequest, pb.ReportResponse]",
    ) -> pb.ReportResponse:
        await waiting.wait()
        return await answer(request, context)

    await serve_until_killed(report=report)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
