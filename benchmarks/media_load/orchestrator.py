"""A stub of the Orchestrator for media loads: grants each claim, takes progress and reports.

Prints its port; a line on its stdin is answered with the number of calls that have a result.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import suppress

from benchmarks.harness import LOAD_CORE, pin

pin(LOAD_CORE)  # before grpc starts its threads

import grpc  # noqa: E402

from ringback.v1 import call_results_pb2 as pb  # noqa: E402
from ringback.v1 import call_results_pb2_grpc as rpc  # noqa: E402

_LAST_RESULTS_S = 10.0


class CallResults(rpc.CallResultsServicer):
    """Answers what a Call Handler asks; keeps the ids of the calls that were reported."""

    def __init__(self) -> None:
        self.claimed: set[str] = set()
        self.reported: set[str] = set()
        self._came = asyncio.Event()

    async def wait_for_all(self) -> None:
        """Wait until each claimed call has its result."""
        while self.reported != self.claimed:
            self._came.clear()
            await self._came.wait()

    async def ReportProgress(  # noqa: N802 - the contract's name
        self,
        request: pb.ReportProgressRequest,
        context: grpc.aio.ServicerContext[pb.ReportProgressRequest, pb.ReportProgressResponse],
    ) -> pb.ReportProgressResponse:
        """Grant the claim, or take the turns."""
        del context
        answer = pb.ReportProgressResponse(
            call_id=request.call_id, last_turn=request.first_turn + len(request.turns)
        )
        if request.stream_nonce:
            self.claimed.add(request.call_id)
            answer.order.CopyFrom(_order(request.call_id))
        return answer

    async def Report(  # noqa: N802 - the contract's name
        self,
        request: pb.ReportRequest,
        context: grpc.aio.ServicerContext[pb.ReportRequest, pb.ReportResponse],
    ) -> pb.ReportResponse:
        """Take one result."""
        del context
        return self._take(request.result)

    async def BatchReport(  # noqa: N802 - the contract's name
        self,
        request: pb.BatchReportRequest,
        context: grpc.aio.ServicerContext[pb.BatchReportRequest, pb.BatchReportResponse],
    ) -> pb.BatchReportResponse:
        """Take many."""
        del context
        entries = [pb.BatchReportEntry(response=self._take(result)) for result in request.results]
        return pb.BatchReportResponse(entries=entries)

    async def GetResult(  # noqa: N802 - the contract's name
        self,
        request: pb.GetResultRequest,
        context: grpc.aio.ServicerContext[pb.GetResultRequest, pb.GetResultResponse],
    ) -> pb.GetResultResponse:
        """Know nothing."""
        raise NotImplementedError

    async def ListResults(  # noqa: N802 - the contract's name
        self,
        request: pb.ListResultsRequest,
        context: grpc.aio.ServicerContext[pb.ListResultsRequest, pb.ListResultsResponse],
    ) -> pb.ListResultsResponse:
        """Know nothing."""
        raise NotImplementedError

    def WatchResults(  # noqa: N802 - the contract's name
        self,
        request: pb.WatchResultsRequest,
        context: grpc.aio.ServicerContext[pb.WatchResultsRequest, pb.WatchResultsResponse],
    ) -> AsyncIterator[pb.WatchResultsResponse]:
        """Know nothing."""
        raise NotImplementedError

    def _take(self, result: pb.CallResult) -> pb.ReportResponse:
        is_new = result.call_id not in self.reported
        self.reported.add(result.call_id)
        self._came.set()
        disposition = pb.DISPOSITION_STORED if is_new else pb.DISPOSITION_DUPLICATE
        return pb.ReportResponse(disposition=disposition, call_id=result.call_id, revision=1)


def _order(call_id: str) -> pb.Order:
    return pb.Order(
        call_id=call_id,
        task_id="benchmark",
        attempt=1,
        errand="food_order",
        instructions="Order a large margherita.",
        details={"order": "a large margherita"},
        to_number="+14155550123",
        time_limit_s=600,
    )


async def serve() -> None:
    """Serve until stdin ends."""
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    results = CallResults()
    rpc.add_CallResultsServicer_to_server(results, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while await lines.readline():
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_RESULTS_S):
                await results.wait_for_all()
        print(len(results.reported), flush=True)
    await server.stop(0)


if __name__ == "__main__":
    asyncio.run(serve())
