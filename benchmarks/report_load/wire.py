"""A grpc.aio server with the contract's reporting RPCs and nothing around them."""

from collections.abc import Awaitable, Callable

import grpc

from ringback.v1 import call_results_pb2 as pb

_SERVICE = "ringback.v1.CallResults"
_OPTIONS = (("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", 2 * 1024 * 1024))

Report = Callable[
    [pb.ReportRequest, "grpc.aio.ServicerContext[pb.ReportRequest, pb.ReportResponse]"],
    Awaitable[pb.ReportResponse],
]
BatchReport = Callable[
    [
        pb.BatchReportRequest,
        "grpc.aio.ServicerContext[pb.BatchReportRequest, pb.BatchReportResponse]",
    ],
    Awaitable[pb.BatchReportResponse],
]


async def serve_until_killed(report: Report, batch_report: BatchReport | None = None) -> None:
    """Serve on a free port of loopback and print it."""
    handlers = {
        "Report": grpc.unary_unary_rpc_method_handler(
            report,
            request_deserializer=pb.ReportRequest.FromString,
            response_serializer=pb.ReportResponse.SerializeToString,
        )
    }
    if batch_report is not None:
        handlers["BatchReport"] = grpc.unary_unary_rpc_method_handler(
            batch_report,
            request_deserializer=pb.BatchReportRequest.FromString,
            response_serializer=pb.BatchReportResponse.SerializeToString,
        )
    server = grpc.aio.server(options=_OPTIONS)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()
