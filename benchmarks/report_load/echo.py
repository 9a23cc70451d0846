"""The anchor: a bare grpc.aio server that parses a ReportRequest and answers at once.

The product's loop (uvloop), the contract's messages, an answer as long as the product's, and
nothing else: no rules, no store, no log. `python -m benchmarks.report_load.echo` prints its port.
"""

import asyncio

import grpc
import uvloop

from benchmarks.report_load.wire import serve_until_killed
from ringback.v1 import call_results_pb2 as pb

_CALL_ID = "01a20732-53aa-7a9b-a1b9-9a93a4ab7467"


async def report(
    request: pb.ReportRequest,
    _context: "grpc.aio.ServicerContext[pb.ReportRequest, pb.ReportResponse]",
) -> pb.ReportResponse:
    """Answer a report as if it were stored."""
    if not request.HasField("result"):
        raise ValueError("the load sends results")
    return pb.ReportResponse(disposition=pb.DISPOSITION_STORED, call_id=_CALL_ID, revision=1)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve_until_killed(report=report))
