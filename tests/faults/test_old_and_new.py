"""Fault F32: a Call Handler and an Orchestrator of different releases understand each other."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pb2 import FileDescriptorSet as Files
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from call_reporter import CallReporter
from orchestrator.call_results import get_result
from orchestrator.rpc import GrpcServer
from orchestrator.store import Store, schema
from ringback.v1 import call_results_pb2 as pb
from tests.faults.reports_rig import PATIENT_S
from tests.integration.call_reporter_server import QUICK
from tests.rig import call_sid, full_result
from tests.rows_rig import rows_of
from tests.rpc_rig import violations_of

RELEASED = Path(__file__).parents[2] / "proto" / "released.binpb"
CONTRACT = "ringback/v1/call_results.proto"
SERVICE = "/ringback.v1.CallResults"
NEW_FIELD, NEW_NUMBER = 900, 77
GROWN_MESSAGES = ("CallResult", "TranscriptTurn", "Fact", "ReportRequest", "ReportResponse")
GROWN_ENUMS = ("Outcome", "EndReason", "Source", "AnsweredBy", "Role", "CallStatus", "Disposition")
Grow = Callable[[FileDescriptorProto], None]


class Stubs:
    """Makes the messages of a contract that is not the one in the repository's stubs."""

    def __init__(self, grow: Grow) -> None:
        self._pool = DescriptorPool()
        for file in Files.FromString(RELEASED.read_bytes()).file:
            if file.name == CONTRACT:
                grow(file)
            self._pool.Add(file)

    def make(self, name: str, like: Message | None = None) -> Message:
        """Make a message, filled with what `like` holds."""
        message = GetMessageClass(self._pool.FindMessageTypeByName(f"ringback.v1.{name}"))()
        if like is not None:
            message.MergeFromString(like.SerializeToString())
        return message


def released() -> Stubs:
    """Make the stubs of the last release."""
    return Stubs(lambda _file: None)


def newer() -> Stubs:
    """Make the stubs of a release to come: a field in each message, a value in each enum more."""

    def grow(file: FileDescriptorProto) -> None:
        for message in file.message_type:
            if message.name in GROWN_MESSAGES:
                message.field.add(
                    name="newer",
                    number=NEW_FIELD,
                    type=FieldDescriptorProto.TYPE_STRING,
                    label=FieldDescriptorProto.LABEL_OPTIONAL,
                )
        for enum in file.enum_type:
            if enum.name in GROWN_ENUMS:
                enum.value.add(name=f"{enum.name.upper()}_NEWER", number=NEW_NUMBER)

    return Stubs(grow)


def newer_report(stubs: Stubs) -> Message:
    """Build a full report with something in it that only the newer contract knows."""
    result = stubs.make("CallResult", full_result())
    request = stubs.make("ReportRequest")
    for name in ("outcome", "end_reason", "answered_by"):
        setattr(result, name, NEW_NUMBER)
    parts = [result.transcript[0], result.facts[0]]  # type: ignore[attr-defined]  # made here
    for message in (result, *parts, request):
        message.newer = "from a release to come"
    request.result.CopyFrom(result)  # type: ignore[attr-defined]  # made here
    return request


async def send(server: GrpcServer, method: str, request: Message, answer: Message) -> Message:
    """Call the server with other stubs than ours."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        call = channel.unary_unary(
            f"{SERVICE}/{method}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=type(answer).FromString,
        )
        response: Message = await call(request, timeout=PATIENT_S)
        return response


async def test_f32_the_last_releases_handler_reports_to_this_orchestrator(
    grpc_server: GrpcServer, store: Store
) -> None:
    stubs = released()
    request = stubs.make("ReportRequest", pb.ReportRequest(result=full_result()))
    answer = await send(grpc_server, "Report", request, stubs.make("ReportResponse"))
    assert answer.disposition == pb.DISPOSITION_STORED  # type: ignore[attr-defined]  # made here
    record = await get_result(store, call_sid=call_sid())
    assert record.transcript == full_result().transcript
    again = stubs.make("CallResult", record)
    assert again.SerializeToString(deterministic=True) == record.SerializeToString(
        deterministic=True
    )


async def test_f32_what_only_a_newer_handler_knows_is_kept(
    grpc_server: GrpcServer, store: Store
) -> None:
    stubs = newer()
    request = newer_report(stubs)
    answer = await send(grpc_server, "Report", request, stubs.make("ReportResponse"))
    assert answer.disposition == pb.DISPOSITION_STORED  # type: ignore[attr-defined]  # made here
    record = await get_result(store, call_sid=call_sid())
    assert (record.outcome, record.end_reason, record.answered_by) == (NEW_NUMBER,) * 3
    [kept] = await rows_of(store, schema.report)
    read_later = stubs.make("CallResult")
    read_later.MergeFromString(bytes(kept["raw"]))  # type: ignore[call-overload]  # BLOB
    assert read_later == request.result  # type: ignore[attr-defined]  # made here


async def test_f32_a_status_of_a_newer_contract_is_refused_by_name(
    grpc_server: GrpcServer,
) -> None:
    stubs = newer()
    request = newer_report(stubs)
    request.result.status = NEW_NUMBER  # type: ignore[attr-defined]  # made here
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await send(grpc_server, "Report", request, stubs.make("ReportResponse"))
    assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert violations_of(refusal.value) == ["status"]


@asynccontextmanager
async def newer_orchestrator(answers: dict[str, list[Message]]) -> AsyncIterator[str]:
    """Answer each method's calls in turn with messages of a newer contract."""

    def handler(method: str) -> "grpc.RpcMethodHandler[bytes, bytes]":
        async def answer(
            _request: bytes, _context: "grpc.aio.ServicerContext[bytes, bytes]"
        ) -> bytes:
            left = answers[method]
            return (left.pop(0) if len(left) > 1 else left[0]).SerializeToString()

        return grpc.unary_unary_rpc_method_handler(answer)

    server = grpc.aio.server()
    methods = {method: handler(method) for method in answers}
    generic = grpc.method_handlers_generic_handler(SERVICE.removeprefix("/"), methods)
    server.add_generic_rpc_handlers((generic,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(grace=0)


async def test_f32_an_answer_of_a_newer_orchestrator_is_an_acknowledgement(tmp_path: Path) -> None:
    answer = newer().make("ReportResponse")
    answer.disposition, answer.newer = NEW_NUMBER, "new"  # type: ignore[attr-defined]  # made here
    async with (
        newer_orchestrator({"Report": [answer]}) as target,
        CallReporter(target, outbox=tmp_path / "calls.db", options=QUICK) as reporter,
    ):
        response = await reporter.report(full_result())
        assert response is not None
        assert response.disposition == NEW_NUMBER
        assert (reporter.backlog().pending, reporter.backlog().dead_letters) == (0, 0)
