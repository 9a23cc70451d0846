"""The CallResults servicer: each RPC receives, calls the rules, answers."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

import grpc
import structlog

from foundation.failpoints import failpoint
from orchestrator.call_results import (
    Cleaning,
    Received,
    Recorded,
    get_result,
    list_results,
    progress_from_proto,
    receive_proto,
    record_call_result,
    record_call_results,
    turn_to_proto,
)
from orchestrator.call_results.access import Right, Tokens
from orchestrator.call_results.watch import ResultFeed
from orchestrator.calls import Progress, ProgressAnswer, Question
from orchestrator.errors import InvalidInput, NotAllowed, OrchestratorError, Violation
from orchestrator.rpc.answers import abort, refuse_entry
from orchestrator.rpc.decoding import Undecodable
from orchestrator.rpc.stalls import StallGuard
from orchestrator.store import Store
from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc

log = structlog.get_logger(__name__)

Request = TypeVar("Request")
Response = TypeVar("Response")
RecordProgress = Callable[[Progress], Awaitable[ProgressAnswer]]
BATCH_RESULTS = 1000
BATCH_BYTES = 1024 * 1024


class CallResultsServicer(pb_grpc.CallResultsServicer):
    """Answers the contract's RPCs."""

    def __init__(
        self,
        store: Store,
        feed: ResultFeed,
        tokens: Tokens,
        record_progress: RecordProgress,
        stalls: StallGuard,
    ) -> None:
        self._store = store
        self._feed = feed
        self._tokens = tokens
        self._record_progress = record_progress
        self._stalls = stalls

    async def Report(
        self,
        request: pb.ReportRequest,
        context: grpc.aio.ServicerContext[pb.ReportRequest, pb.ReportResponse],
    ) -> pb.ReportResponse:
        """Record one result."""
        return await self._answer(self.report, Right.REPORT, request, context)

    async def BatchReport(
        self,
        request: pb.BatchReportRequest,
        context: grpc.aio.ServicerContext[pb.BatchReportRequest, pb.BatchReportResponse],
    ) -> pb.BatchReportResponse:
        """Record many results."""
        return await self._answer(self.batch_report, Right.REPORT, request, context)

    async def ReportProgress(
        self,
        request: pb.ReportProgressRequest,
        context: grpc.aio.ServicerContext[pb.ReportProgressRequest, pb.ReportProgressResponse],
    ) -> pb.ReportProgressResponse:
        """Note that a call is alive."""
        return await self._answer(self.report_progress, Right.REPORT, request, context)

    async def GetResult(
        self,
        request: pb.GetResultRequest,
        context: grpc.aio.ServicerContext[pb.GetResultRequest, pb.GetResultResponse],
    ) -> pb.GetResultResponse:
        """Read one result."""
        return await self._answer(self.get_result, Right.READ_ONE, request, context)

    async def ListResults(
        self,
        request: pb.ListResultsRequest,
        context: grpc.aio.ServicerContext[pb.ListResultsRequest, pb.ListResultsResponse],
    ) -> pb.ListResultsResponse:
        """Read a page of results."""
        return await self._answer(self.list_results, Right.READ, request, context)

    async def WatchResults(
        self,
        request: pb.WatchResultsRequest,
        context: grpc.aio.ServicerContext[pb.WatchResultsRequest, pb.WatchResultsResponse],
    ) -> AsyncIterator[pb.WatchResultsResponse]:
        """Stream results as they come."""
        try:
            self._check(Right.READ, request, context)
            await context.send_initial_metadata(())  # tells the client that it is served
            async with aclosing(self._feed.follow(request.cursor)) as answers:
                async for answer in answers:
                    with self._stalls.taken_in_time(context):
                        yield answer
        except OrchestratorError as error:
            await abort(context, error)

    async def report(
        self, request: pb.ReportRequest, rights: frozenset[Right]
    ) -> pb.ReportResponse:
        """Record one result; a client that goes away meanwhile does not undo it."""
        if request.override and Right.OVERRIDE not in rights:
            raise NotAllowed("`override` is for operators")
        if not request.HasField("result"):
            raise InvalidInput([Violation("result", "is required")])
        received = receive_proto(request.result, is_override=request.override)
        failpoint("record.before_commit")
        recorded = await record_call_result(self._store, received)
        failpoint("record.after_commit")
        return _response(recorded)

    async def batch_report(
        self, request: pb.BatchReportRequest, _rights: frozenset[Right]
    ) -> pb.BatchReportResponse:
        """Record many results, each with its own answer or refusal."""
        count = len(request.results)
        if not 1 <= count <= BATCH_RESULTS:
            limits = f"must have 1 to {BATCH_RESULTS} entries, not {count}"
            raise InvalidInput([Violation("results", limits)])
        size = request.ByteSize()
        if size > BATCH_BYTES:
            limits = f"must be at most {BATCH_BYTES} bytes in all, not {size}"
            raise InvalidInput([Violation("results", limits)])
        received = [_receive(message) for message in request.results]
        good = [one for one in received if isinstance(one, Received)]
        failpoint("record.before_commit")
        recorded = iter(await record_call_results(self._store, good) if good else [])
        failpoint("record.after_commit")
        answers = [next(recorded) if isinstance(one, Received) else one for one in received]
        response = pb.BatchReportResponse()
        for answer in answers:
            _add_entry(response, answer)
        return response

    async def report_progress(
        self, request: pb.ReportProgressRequest, _rights: frozenset[Right]
    ) -> pb.ReportProgressResponse:
        """Note that a call is alive, what was said, and who holds it."""
        report = progress_from_proto(request, Cleaning())
        progress = Progress(
            call_id=report.call_id,
            call_sid=report.call_sid,
            status=report.status,
            first_turn=report.first_turn,
            turns=[turn_to_proto(turn) for turn in report.turns],
            stream_nonce=report.stream_nonce,
            handler_instance=report.handler_instance,
            question=Question(**report.question.model_dump()) if report.question else None,
        )
        failpoint("progress.before_commit")
        answer = await self._record_progress(progress)
        failpoint("progress.after_commit")
        return pb.ReportProgressResponse(
            last_turn=answer.last_turn,
            cancel_requested=answer.cancel_requested,
            order=answer.order,
            call_id=answer.call_id,
            answer=answer.answer,
            answered_by_word=answer.answered_by_word,
        )

    async def get_result(
        self, request: pb.GetResultRequest, _rights: frozenset[Right]
    ) -> pb.GetResultResponse:
        """Read the newest revision of one result."""
        result = await get_result(self._store, request.call_id, request.call_sid)
        return pb.GetResultResponse(result=result)

    async def list_results(
        self, request: pb.ListResultsRequest, _rights: frozenset[Right]
    ) -> pb.ListResultsResponse:
        """Read a page of results."""
        results, token = await list_results(self._store, request)
        return pb.ListResultsResponse(results=results, next_page_token=token)

    async def _answer(
        self,
        rule: Callable[[Request, frozenset[Right]], Awaitable[Response]],
        right: Right,
        request: Request,
        context: grpc.aio.ServicerContext[Request, Response],
    ) -> Response:
        try:
            return await rule(request, self._check(right, request, context))
        except OrchestratorError as error:
            await abort(context, error)
        except Exception:  # gRPC itself would answer with the error's text
            log.exception("rpc_failed", request=type(request).__name__)
            await abort(context, OrchestratorError("it failed; try again later"))

    def _check(
        self, right: Right, request: object, context: grpc.aio.ServicerContext[Request, Response]
    ) -> frozenset[Right]:
        """Return the caller's rights. Raises: NotAuthenticated, NotAllowed, InvalidInput."""
        told: str | None = None
        if self._tokens.are_set:  # else nobody need read it: a twentieth of what a report costs
            told = read_authorization(context.invocation_metadata())
        rights = self._tokens.require(told, right)
        if isinstance(request, Undecodable):
            raise InvalidInput([Violation("", request.reason)])
        return rights


def read_authorization(metadata: object) -> str | None:
    """Find the Authorization value in an RPC's metadata; None without one."""
    if not isinstance(metadata, tuple | list | grpc.aio.Metadata):
        return None
    for name, value in metadata:
        if name == "authorization" and isinstance(value, str):
            return value
    return None


def _receive(message: pb.CallResult) -> Received | OrchestratorError:
    try:
        return receive_proto(message)
    except OrchestratorError as error:
        return error


def _add_entry(response: pb.BatchReportResponse, answer: Recorded | Exception) -> None:
    """Add the answer to one result, in place: a message made apart would be copied in."""
    entry = response.entries.add()
    if isinstance(answer, Recorded):
        told = entry.response
        told.disposition = pb.Disposition.ValueType(answer.disposition)
        told.call_id, told.revision = answer.call_id, answer.revision
        return
    if not isinstance(answer, OrchestratorError):
        log.error("report_failed", exc_info=answer)
    entry.error.CopyFrom(refuse_entry(answer))


def _response(recorded: Recorded) -> pb.ReportResponse:
    return pb.ReportResponse(
        disposition=pb.Disposition.ValueType(recorded.disposition),
        call_id=recorded.call_id,
        revision=recorded.revision,
    )
