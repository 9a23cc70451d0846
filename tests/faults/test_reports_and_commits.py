"""Faults F27, F30: the server goes away around a commit, or its database refuses one report."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import grpc
import pytest
from sqlalchemy.exc import IntegrityError

from call_reporter import CallReporter
from foundation.clock import SystemClock
from orchestrator.call_results import receive_proto, record_call_result
from orchestrator.call_results.access import Right, Tokens
from orchestrator.call_results.watch import ResultFeed
from orchestrator.calls import Progress, ProgressAnswer
from orchestrator.rpc import CallResultsServicer
from orchestrator.rpc.decoding import add_servicer
from orchestrator.rpc.stalls import StallGuard
from orchestrator.store import Store
from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc
from tests.faults.commit_databases import TRIPS, CommitDatabase
from tests.faults.fault_proxy import Fault, FaultProxy, fault_proxy
from tests.faults.reports_rig import (
    Pauses,
    Replica,
    judge,
    replica,
    reporter_to,
    result_number,
    take,
)
from tests.rpc_rig import report_of

NOT_NOW = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


@pytest.fixture
async def store(commit_database: CommitDatabase) -> AsyncIterator[Store]:
    opened = await Store.open(commit_database.url, SystemClock())
    yield opened
    await opened.close()


async def acks_without_commit(
    stub: "pb_grpc.CallResultsAsyncStub", commit_database: CommitDatabase
) -> bool:
    """Say whether a report is answered OK while nothing can be committed."""
    with commit_database.nothing_can_commit():
        report = stub.Report(report_of(result_number(1)), timeout=1.0)
        code = await report.code()
        assert code in {grpc.StatusCode.OK, *NOT_NOW}
        return code == grpc.StatusCode.OK


async def test_f27_no_report_is_acknowledged_before_its_commit(
    commit_database: CommitDatabase,
) -> None:
    async with replica(commit_database.impatient_url) as orchestrator:
        assert not await acks_without_commit(orchestrator.stub, commit_database)
        await orchestrator.stub.Report(report_of(result_number(1)), timeout=30)
        await judge(orchestrator.store, [1])


class AnswersFirst(CallResultsServicer):
    """Is the mutant that answers before the commit."""

    late: asyncio.Task[pb.ReportResponse]

    async def report(
        self, request: pb.ReportRequest, rights: frozenset[Right]
    ) -> pb.ReportResponse:
        self.late = asyncio.create_task(super().report(request, rights))
        return pb.ReportResponse(disposition=pb.DISPOSITION_STORED)


@asynccontextmanager
async def serving_answers_first(store: Store) -> AsyncIterator["pb_grpc.CallResultsAsyncStub"]:
    async def never(report: Progress) -> ProgressAnswer:
        raise AssertionError(report)

    feed, stalls, server = ResultFeed(store), StallGuard(), grpc.aio.server()
    servicer = AnswersFirst(store, feed, Tokens(), never, stalls)
    add_servicer(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield pb_grpc.CallResultsStub(channel)
    await server.stop(None)
    await stalls.close()
    await asyncio.gather(servicer.late, return_exceptions=True)


async def test_f27_a_server_that_answers_before_the_commit_is_caught(
    store: Store, commit_database: CommitDatabase
) -> None:
    async with serving_answers_first(store) as stub:
        assert await acks_without_commit(stub, commit_database)


async def test_f30_a_report_that_the_database_trips_over_fails_alone_and_is_not_repeated_to_anybody(
    stub: "pb_grpc.CallResultsAsyncStub",
    store: Store,
    commit_database: CommitDatabase,
) -> None:
    results = [result_number(number) for number in range(50)]
    results[7].report_id = TRIPS
    with commit_database.tripping():
        reports = [stub.Report(report_of(result), timeout=30) for result in results]
        codes = [await report.code() for report in reports]
        with pytest.raises(IntegrityError) as caught:  # what the log's trace shows of it
            await record_call_result(store, receive_proto(results[7]))
    assert codes.count(grpc.StatusCode.OK) == 49
    assert codes[7] == grpc.StatusCode.INTERNAL
    await judge(store, [number for number in range(50) if number != 7])
    assert TRIPS not in str(await reports[7].details())
    assert TRIPS not in str(caught.value)


async def test_the_judge_sees_what_is_missing_too_much_or_doubled(store: Store) -> None:
    again = result_number(1)
    again.report_id = "the same told once more, under another key"
    for result in (result_number(0), result_number(1)):
        await record_call_result(store, receive_proto(result))
    await judge(store, [0, 1])
    for wrong in ([0], [0, 1, 2]):
        with pytest.raises(AssertionError):
            await judge(store, wrong)
    await record_call_result(store, receive_proto(again))
    with pytest.raises(AssertionError):
        await judge(store, [0, 1])


class Rehearsal(NamedTuple):
    """Is a reporter behind a proxy that outlives the first Orchestrator."""

    proxy: FaultProxy
    reporter: CallReporter
    pauses: Pauses

    async def lose(self) -> asyncio.Future[list[pb.ReportResponse | None]]:
        """Report 19 calls of which no answer comes back."""
        await self.proxy.break_with(Fault.DROP_ANSWERS)
        reports = [self.reporter.report(result_number(number)) for number in range(1, 20)]
        return asyncio.gather(*reports)

    async def continue_with(self, successor: Replica) -> None:
        """Let the next Orchestrator take over the address."""
        self.proxy.server_port = successor.server.port
        await self.proxy.heal()


@asynccontextmanager
async def rehearsal(server_port: int, folder: Path) -> AsyncIterator[Rehearsal]:
    pauses = Pauses()
    async with (
        fault_proxy(server_port) as proxy,
        reporter_to(proxy.port, folder, pauses) as reporter,
    ):
        yield Rehearsal(proxy, reporter, pauses)


def dispositions(answers: Sequence[pb.ReportResponse | None]) -> set[int]:
    return {answer.disposition if answer is not None else 0 for answer in answers}


async def test_f27_what_was_committed_before_the_death_is_a_duplicate(
    commit_database: CommitDatabase, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        async with replica(commit_database.url) as first:
            stage = await stack.enter_async_context(rehearsal(first.server.port, tmp_path))
            await stage.reporter.report(result_number(0))
            reports = await stage.lose()
            await take(ResultFeed(first.store).follow(""), 20)
        second = await stack.enter_async_context(replica(commit_database.url))
        await stage.continue_with(second)
        assert dispositions(await reports) == {pb.DISPOSITION_DUPLICATE}
        await judge(second.store, range(20))


async def test_f27_what_was_not_committed_before_the_death_is_stored_by_the_next(
    commit_database: CommitDatabase, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        with ExitStack() as lock:
            async with replica(commit_database.impatient_url) as first:
                stage = await stack.enter_async_context(rehearsal(first.server.port, tmp_path))
                await stage.reporter.report(result_number(0))
                lock.enter_context(commit_database.nothing_can_commit())
                reports = await stage.lose()
                await stage.pauses.wait_for_next()
        second = await stack.enter_async_context(replica(commit_database.url))
        await judge(second.store, [0])
        await stage.continue_with(second)
        assert dispositions(await reports) == {pb.DISPOSITION_STORED}
        await judge(second.store, range(20))
