"""The echo whose answers leave in groups: what gRPC costs a server that commits in groups.

A thread gives the loop all that wait at once, when 64 do or after 20 ms; there is no other work.
`python -m benchmarks.report_load.grouped_echo` prints its port.
"""

import asyncio
import queue
import threading

import grpc
import uvloop

from benchmarks.report_load.echo import report as answer
from benchmarks.report_load.wire import serve_until_killed
from ringback.v1 import call_results_pb2 as pb

_TOGETHER = 64
_PATIENCE_S = 0.02

Waiting = queue.SimpleQueue["asyncio.Future[None]"]


def _answer_in_groups(loop: asyncio.AbstractEventLoop, waiting: Waiting) -> None:
    while True:
        group = [waiting.get()]
        try:
            while len(group) < _TOGETHER:
                group.append(waiting.get(timeout=_PATIENCE_S))
        except queue.Empty:
            pass  # those who are there do not wait for the others any longer
        loop.call_soon_threadsafe(_wake, group)


def _wake(group: "list[asyncio.Future[None]]") -> None:
    for future in group:
        if not future.done():
            future.set_result(None)


async def serve() -> None:
    """Serve until killed."""
    loop, waiting = asyncio.get_running_loop(), Waiting()
    threading.Thread(target=_answer_in_groups, args=(loop, waiting), daemon=True).start()

    async def report(
        request: pb.ReportRequest,
        context: "grpc.aio.ServicerContext[pb.ReportRequest, pb.ReportResponse]",
    ) -> pb.ReportResponse:
        future: asyncio.Future[None] = loop.create_future()
        waiting.put(future)
        await future
        return await answer(request, context)

    await serve_until_killed(report=report)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
