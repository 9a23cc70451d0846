"""The client that Call Handlers use, call_reporter, against this server."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from call_reporter import CallReporter
from orchestrator.call_results.access import Role, Tokens
from orchestrator.rpc import GrpcServer
from ringback.v1 import call_results_pb2 as pb
from tests.rig import call_sid, full_result
from tests.rpc_rig import Stub


@pytest.fixture
def tokens() -> Tokens:
    return Tokens({Role.HANDLER: ("secret",), Role.READER: ("reader",)})


@pytest.fixture
async def reporter(grpc_server: GrpcServer, tmp_path: Path) -> AsyncIterator[CallReporter]:
    target, outbox = f"127.0.0.1:{grpc_server.port}", tmp_path / "outbox.db"
    async with CallReporter(target, outbox=outbox, token="secret", ack_wait_s=10) as opened:  # noqa: S106 - of this test
        yield opened


async def result_at(stub: Stub) -> pb.CallResult:
    request = pb.GetResultRequest(call_sid=call_sid())
    metadata = (("authorization", "Bearer reader"),)
    return (await stub.GetResult(request, metadata=metadata, timeout=30)).result


async def test_a_result_is_acknowledged_and_recorded(reporter: CallReporter, stub: Stub) -> None:
    answer = await reporter.report(full_result())
    assert answer is not None
    assert answer.disposition == pb.DISPOSITION_STORED
    assert (await result_at(stub)).summary == full_result().summary


async def test_a_repeat_is_a_duplicate(reporter: CallReporter) -> None:
    await reporter.report(full_result())
    answer = await reporter.revise(full_result())
    assert answer is not None
    assert answer.disposition == pb.DISPOSITION_DUPLICATE


async def test_a_foreign_agents_call_becomes_an_external_result(
    reporter: CallReporter, stub: Stub
) -> None:
    async with reporter.call(call_sid()) as call:
        call.turn("callee", "Luigi's, hello?")
        call.finish(status="completed", summary="Said hello.")
    result = await result_at(stub)
    assert (result.origin, result.summary) == (pb.CALL_ORIGIN_EXTERNAL, "Said hello.")
    assert [turn.text for turn in result.transcript] == ["Luigi's, hello?"]


async def test_a_late_transcript_raises_the_revision(reporter: CallReporter, stub: Stub) -> None:
    first = full_result()
    first.outcome, first.transcript[0].text = pb.OUTCOME_FOLLOW_UP, ""
    await reporter.report(first)
    late = full_result()
    late.report_id = "report-late"
    late.report_time.FromMicroseconds(9_000_000)
    answer = await reporter.revise(late)
    assert answer is not None
    assert (answer.disposition, answer.revision) == (pb.DISPOSITION_MERGED, 2)
    result = await result_at(stub)
    assert (result.outcome, result.transcript[0].text) == (1, "Luigi's, hello?")
