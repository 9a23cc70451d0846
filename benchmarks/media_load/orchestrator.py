"""A stub of the Orchestrator for media loads: grants each claim, takes progress and reports.

Prints its port; a line on its stdin is answered with the number of calls that have a result.
"""

import asyncio
import sys
from contextlib import suppress

from benchmarks.harness import LOAD_CORE, pin

pin(LOAD_CORE)  # before grpc starts its threads

import grpc  # noqa: E402

from ringback.v1 import call_results_pb2 as pb  # noqa: E402

_LAST_RESULTS_S = 10.0
_SERVICE = "ringback.v1.CallResults"


class CallResults:
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

    async def report_progress(
        self, request: pb.ReportProgressRequest, context: object
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

    async def report(self, request: pb.ReportRequest, context: object) -> pb.ReportResponse:
        """Take one result."""
        del context
        return self._take(request.result)

    async def batch_report(
        self, request: pb.BatchReportRequest, context: object
    ) -> pb.BatchReportResponse:
        """Take many."""
        del context
        entries = [pb.BatchReportEntry(response=self._take(result)) for result in request.results]
        return pb.BatchReportResponse(entries=entries)

    def to_handler(self) -> "grpc.GenericRpcHandler[object, object]":
        """Say which of the service's methods there are."""
        methods = {
            "ReportProgress": grpc.unary_unary_rpc_method_handler(
                self.report_progress,
                pb.ReportProgressRequest.FromString,
                pb.ReportProgressResponse.SerializeToString,
            ),
            "Report": grpc.unary_unary_rpc_method_handler(
                self.report, pb.ReportRequest.FromString, pb.ReportResponse.SerializeToString
            ),
            "BatchReport": grpc.unary_unary_rpc_method_handler(
                self.batch_report,
                pb.BatchReportRequest.FromString,
                pb.BatchReportResponse.SerializeToString,
            ),
        }
        return grpc.method_handlers_generic_handler(_SERVICE, methods)

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
    server.add_generic_rpc_handlers((results.to_handler(),))
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
