"""Deadlines that travel, and what each role may do."""

import grpc
import pytest
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc

from orchestrator.call_results.access import Role, Tokens
from orchestrator.rpc.decoding import add_servicer
from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc
from tests.rig import call_sid
from tests.rpc_rig import Stub, report_of, small


class DeadlineServicer(pb_grpc.CallResultsServicer):
    """Answers every unary RPC with nothing, and notes how long its caller waits."""

    def __init__(self) -> None:
        self.left_s: list[float | None] = []

    async def note(
        self, request: Message, context: "grpc.aio.ServicerContext[Message, Message]"
    ) -> Message:
        self.left_s.append(context.time_remaining())
        name = request.DESCRIPTOR.full_name.replace("Request", "Response")
        return GetMessageClass(pb.DESCRIPTOR.pool.FindMessageTypeByName(name))()

    Report = BatchReport = ReportProgress = GetResult = ListResults = note  # type: ignore[assignment]
    WatchResults = note  # type: ignore[assignment]  # never called here


@pytest.mark.parametrize(
    ("name", "request_class"),
    [
        ("Report", pb.ReportRequest),
        ("BatchReport", pb.BatchReportRequest),
        ("ReportProgress", pb.ReportProgressRequest),
        ("GetResult", pb.GetResultRequest),
        ("ListResults", pb.ListResultsRequest),
    ],
)
async def test_the_deadline_travels(name: str, request_class: type[Message]) -> None:
    server, servicer = grpc.aio.server(), DeadlineServicer()
    add_servicer(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        await getattr(pb_grpc.CallResultsStub(channel), name)(request_class(), timeout=7)
    await server.stop(None)
    [left_s] = servicer.left_s
    assert left_s is not None
    assert 0 < left_s < 8


class TestWithTokens:
    """The door once tokens are configured."""

    @pytest.fixture
    def tokens(self) -> Tokens:
        return Tokens(
            {
                Role.HANDLER: ("handler", "handler-of-yesterday"),
                Role.READER: ("reader",),
                Role.OPERATOR: ("operator",),
                Role.PERSON: ("person",),
            }
        )

    @pytest.mark.parametrize(
        ("token", "codes"),
        [
            (None, ["UNAUTHENTICATED"] * 5),
            ("wrong", ["UNAUTHENTICATED"] * 5),
            ("person", ["PERMISSION_DENIED"] * 5),
            ("handler", ["OK", "PERMISSION_DENIED", "OK", "OK", "PERMISSION_DENIED"]),
            ("handler-of-yesterday", ["OK", "PERMISSION_DENIED", "OK", "OK", "PERMISSION_DENIED"]),
            ("reader", ["PERMISSION_DENIED"] * 3 + ["OK", "OK"]),
            ("operator", ["OK"] * 5),
        ],
    )
    async def test_each_role_may_do_its_own(
        self, stub: Stub, token: str | None, codes: list[str]
    ) -> None:
        metadata = (("authorization", f"Bearer {token}"),) if token else ()
        await stub.Report(report_of(), metadata=(("authorization", "Bearer handler"),), timeout=30)
        calls: list[grpc.aio.Call] = [
            stub.Report(report_of(), metadata=metadata, timeout=30),
            stub.Report(report_of(override=True), metadata=metadata, timeout=30),
            stub.BatchReport(
                pb.BatchReportRequest(results=[small(2)]), metadata=metadata, timeout=5
            ),
            stub.GetResult(pb.GetResultRequest(call_sid=call_sid()), metadata=metadata, timeout=30),
            stub.ListResults(pb.ListResultsRequest(), metadata=metadata, timeout=30),
        ]
        assert [(await call.code()).name for call in calls] == codes

    async def test_a_watcher_needs_a_readers_token(self, stub: Stub) -> None:
        metadata = (("authorization", "Bearer handler"),)
        watch = stub.WatchResults(pb.WatchResultsRequest(), metadata=metadata, timeout=30)
        assert (await watch.code()) is grpc.StatusCode.PERMISSION_DENIED

    async def test_reflection_needs_a_token_and_health_none(
        self, channel: grpc.aio.Channel
    ) -> None:
        health = health_pb2_grpc.HealthStub(channel)
        await health.Check(health_pb2.HealthCheckRequest(), timeout=30)
        path = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
        call = channel.stream_stream(path, None, None)(iter([b""]), timeout=30)
        assert (await call.code()) is grpc.StatusCode.UNAUTHENTICATED
