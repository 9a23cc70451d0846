"""What the reporter's tests stand on: a real grpc.aio server that follows a script."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from enum import Enum, auto
from pathlib import Path
from typing import TypeAlias

import grpc
import grpc.aio
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from call_reporter import CallReporter, ReporterOptions
from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc

QUICK = ReporterOptions(
    back_off_first_s=0.001,
    back_off_max_s=0.01,
    progress_every_s=0.05,
    progress_gather_s=0.005,
    lazy_s=0.001,
    ballast_bytes=0,
    batch_deadline_s=30.0,
)
"""Options with which nothing waits long, and no batch is too much for a slow machine."""
Handler: TypeAlias = "grpc.RpcMethodHandler[Message, Message]"
PATIENT_S = 30.0
"""How long a test waits for what must come."""
_NAME = "ringback.v1.CallResults"


def free_port() -> int:
    """Find a port on which nobody listens yet."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
        return port


class Step(Enum):
    """Says what the server does with the next RPC that brings results."""

    UNAVAILABLE = auto()
    LOSE_ANSWER = auto()
    HANG = auto()
    INTERNAL = auto()
    UNIMPLEMENTED = auto()
    RESOURCE_EXHAUSTED = auto()
    DEADLINE_EXCEEDED = auto()


class ScriptedResults:
    """Follows its script, then answers OK; refuses "poison" and fails at "crash".

    RPCs of the contract that it has no method for are answered UNIMPLEMENTED.
    """

    def __init__(self, script: Sequence[Step] = ()) -> None:
        self.script = deque(script)
        self.dislikes = "poison"
        """The summary that it refuses."""
        self.stored: dict[str, pb.CallResult] = {}
        self.reports: list[pb.CallResult] = []
        self.batches: list[Sequence[pb.CallResult]] = []
        self.progress: list[pb.ReportProgressRequest] = []
        self.progress_codes: deque[grpc.StatusCode] = deque()
        self.progress_answer = pb.ReportProgressResponse()
        self.metadata: list[tuple[str, str | bytes]] = []
        self.deadlines: list[float] = []
        self.on_report: Callable[[pb.CallResult], None] = lambda _: None
        self._changed = asyncio.Condition()

    async def wait_for(self, is_true: Callable[[], bool]) -> None:
        """Wait until something holds; look again at every RPC."""
        async with asyncio.timeout(PATIENT_S), self._changed:
            await self._changed.wait_for(is_true)

    async def Report(  # noqa: N802 - the contract's name
        self, request: pb.ReportRequest, context: pb_grpc._ServicerContext
    ) -> pb.ReportResponse:
        self.metadata.extend(context.invocation_metadata() or ())
        self.deadlines.append(context.time_remaining() or 0.0)
        self.reports.append(request.result)
        self.on_report(request.result)
        async with self._following_script(context, [request.result]):
            if request.result.summary == "crash":
                await context.abort(grpc.StatusCode.INTERNAL, "a bug of the server")
            if request.result.summary == self.dislikes:
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "summary: no poison")
            return self._store(request.result)

    async def BatchReport(  # noqa: N802 - the contract's name
        self, request: pb.BatchReportRequest, context: pb_grpc._ServicerContext
    ) -> pb.BatchReportResponse:
        self.batches.append(request.results)
        async with self._following_script(context, request.results):
            if any(each.summary == "crash" for each in request.results):
                await context.abort(grpc.StatusCode.INTERNAL, "a bug of the server")
            return pb.BatchReportResponse(entries=[self._enter(each) for each in request.results])

    async def ReportProgress(  # noqa: N802 - the contract's name
        self, request: pb.ReportProgressRequest, context: pb_grpc._ServicerContext
    ) -> pb.ReportProgressResponse:
        self.progress.append(request)
        await self._tell()
        if self.progress_codes:
            await context.abort(self.progress_codes.popleft(), "as the script says")
        response = pb.ReportProgressResponse(last_turn=request.first_turn + len(request.turns))
        response.MergeFrom(self.progress_answer)
        return response

    @asynccontextmanager
    async def _following_script(
        self, context: pb_grpc._ServicerContext, results: Sequence[pb.CallResult]
    ) -> AsyncIterator[None]:
        step = self.script.popleft() if self.script else None
        match step:
            case Step.LOSE_ANSWER:
                for result in results:
                    self._store(result)
                await self._tell()
                await context.abort(grpc.StatusCode.UNAVAILABLE, "the answer is lost")
            case Step.HANG:
                await self._tell()
                await asyncio.Event().wait()
            case Step():
                await self._tell()
                await context.abort(grpc.StatusCode[step.name], "as the script says")
            case None:
                yield
        await self._tell()

    def _enter(self, result: pb.CallResult) -> pb.BatchReportEntry:
        if result.summary == self.dislikes:
            violation = pb.FieldViolation(field="summary", description="no poison")
            error = pb.ReportError(code=3, message="bad result", violations=[violation])
            return pb.BatchReportEntry(error=error)
        return pb.BatchReportEntry(response=self._store(result))

    def _store(self, result: pb.CallResult) -> pb.ReportResponse:
        is_new = result.report_id not in self.stored
        self.stored.setdefault(result.report_id, result)
        disposition = pb.DISPOSITION_STORED if is_new else pb.DISPOSITION_DUPLICATE
        return pb.ReportResponse(disposition=disposition, call_id="minted", revision=1)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


@asynccontextmanager
async def serving(servicer: ScriptedResults, port: int = 0) -> AsyncIterator[str]:
    """Serve on a free port and yield the target; a step left over fails the test."""
    server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    handlers = dict(_handlers_of(servicer))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_NAME, handlers),))
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    try:
        yield f"127.0.0.1:{bound}"
    finally:
        await server.stop(None)
    assert not servicer.script, f"steps left over: {servicer.script}"


def _handlers_of(servicer: ScriptedResults) -> Iterator[tuple[str, Handler]]:
    for method in pb.DESCRIPTOR.services_by_name["CallResults"].methods:
        answer = getattr(servicer, method.name, None)
        if answer is not None:
            yield (
                method.name,
                grpc.unary_unary_rpc_method_handler(
                    answer,
                    request_deserializer=GetMessageClass(method.input_type).FromString,
                    response_serializer=GetMessageClass(method.output_type).SerializeToString,
                ),
            )


def quick_reporter(
    target: str, folder: Path, ack_wait_s: float = PATIENT_S, **options: float
) -> CallReporter:
    """Build a reporter that backs off for milliseconds only, with its outbox in `folder`."""
    chosen = replace(QUICK, **options)  # type: ignore[arg-type]  # each is a span of ReporterOptions
    return CallReporter(target, outbox=folder / "calls.db", ack_wait_s=ack_wait_s, options=chosen)


def sid(number: int) -> str:
    """Make the CallSid of a test's call."""
    return f"CA{number:032x}"


def result_of(number: int, **fields: str) -> pb.CallResult:
    """Build the smallest valid result."""
    return pb.CallResult(call_sid=sid(number), status=pb.CALL_STATUS_COMPLETED, **fields)  # type: ignore[arg-type]  # texts only
