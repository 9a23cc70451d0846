"""Every RPC from the stub to the servicer on a real server, and what must be refused."""

import asyncio

import grpc
import pytest
from google.rpc import error_details_pb2  # type: ignore[import-untyped]  # it has no stubs
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from grpc_status import rpc_status
from sqlalchemy import insert

from foundation.server import CannotStart
from orchestrator.call_results.access import Tokens
from orchestrator.calls import Progress, ProgressAnswer
from orchestrator.rpc import GrpcServer, build_grpc_server
from orchestrator.store import Store, Transaction, schema
from ringback.v1 import call_results_pb2 as pb
from tests.rig import call_sid, full_result
from tests.rpc_rig import ANSWER, CALL, NONCE, Stub, refusal_of, report_of, small, violations_of


async def test_report_and_get_result(stub: Stub) -> None:
    stored = await stub.Report(report_of(), timeout=30)
    found = await stub.GetResult(pb.GetResultRequest(call_id=stored.call_id), timeout=30)
    expected = full_result()
    expected.call_id, expected.origin = stored.call_id, pb.CALL_ORIGIN_EXTERNAL
    expected.revision = 1
    expected.record_time.CopyFrom(found.result.record_time)
    assert found.result == expected


async def test_batch_report(stub: Stub) -> None:
    request = pb.BatchReportRequest(results=[small(1), small(2, duration=2**32 - 1)])
    answer = await stub.BatchReport(request, timeout=30)
    assert answer.entries[0].response.disposition == pb.DISPOSITION_STORED
    assert answer.entries[1].error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]


async def test_one_bad_result_in_a_thousand_is_refused_alone(stub: Stub) -> None:
    results = [small(number) for number in range(1_000)]
    results[500].status = pb.CALL_STATUS_UNSPECIFIED
    answer = await stub.BatchReport(pb.BatchReportRequest(results=results), timeout=20)
    refused = [at for at, entry in enumerate(answer.entries) if entry.HasField("error")]
    assert (len(answer.entries), refused) == (1_000, [500])


async def test_list_results(stub: Stub) -> None:
    await stub.Report(report_of(), timeout=30)
    page = await stub.ListResults(pb.ListResultsRequest(), timeout=30)
    assert [result.call_sid for result in page.results] == [call_sid()]


async def test_progress_of_an_unknown_sid_creates_an_external_call(stub: Stub) -> None:
    turn = pb.TranscriptTurn(role=pb.ROLE_CALLEE, text="Luigi's, hello?")
    request = pb.ReportProgressRequest(call_sid=call_sid(), turns=[turn])
    answer = await stub.ReportProgress(request, timeout=30)
    assert (answer.last_turn, answer.cancel_requested) == (1, False)
    result = await stub.Report(report_of(), timeout=30)
    assert result.call_id == answer.call_id


async def test_a_claim_is_answered_with_the_order_and_a_second_one_refused(
    stub: Stub, store: Store
) -> None:
    def add_call(transaction: Transaction) -> None:
        row = {
            "call_id": CALL,
            "origin": 1,
            "state": "waiting",
            "created_at": 0,
            "to_number": "+14155550100",
            "order": {"errand": "food_order", "instructions": "", "details": {}, "facts": []},
        }
        transaction.connection.execute(insert(schema.call), [row])

    await store.write(add_call)
    claim = pb.ReportProgressRequest(call_id=CALL, call_sid=call_sid(), stream_nonce=NONCE)
    answer = await stub.ReportProgress(claim, timeout=30)
    assert (answer.order.call_id, answer.order.to_number) == (CALL, "+14155550100")
    claim.stream_nonce = "aa" * 16
    error = await refusal_of(stub.ReportProgress(claim, timeout=30))
    assert error.code() is grpc.StatusCode.ALREADY_EXISTS


async def test_a_turn_beyond_the_2000th_is_refused(stub: Stub) -> None:
    turns = [pb.TranscriptTurn(role=pb.ROLE_CALLEE, text="yes")] * 200
    request = pb.ReportProgressRequest(call_sid=call_sid(), turns=turns)
    for first_turn in range(0, 2_000, 200):
        request.first_turn = first_turn
        answer = await stub.ReportProgress(request, timeout=30)
    assert answer.last_turn == 2_000
    request.first_turn = 1_999
    refusal = await refusal_of(stub.ReportProgress(request, timeout=30))
    assert refusal.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert violations_of(refusal) == ["turns"]


async def test_progress_of_a_foreign_call_id_is_not_found(stub: Stub) -> None:
    request = pb.ReportProgressRequest(call_id=CALL, call_sid=call_sid())
    error = await refusal_of(stub.ReportProgress(request, timeout=30))
    assert error.code() is grpc.StatusCode.NOT_FOUND


async def test_a_bad_field_comes_with_its_violation(stub: Stub) -> None:
    bad = report_of(small(status=77, duration=99_999))
    error = await refusal_of(stub.Report(bad, timeout=30))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert violations_of(error) == ["status", "duration"]


async def test_an_empty_report_is_refused(stub: Stub) -> None:
    error = await refusal_of(stub.Report(pb.ReportRequest(), timeout=30))
    assert violations_of(error) == ["result"]


@pytest.mark.parametrize(
    "raw",
    [
        b"\x0a\x03\x0a\x01\xff",  # a call_sid that is no UTF-8
        b"\x0a\xff\xff\xff\xff\x0f",  # a result longer than the message
        b"\xff" * 20,
        b"\x0b" * 200,  # groups nested two hundred deep
    ],
)
async def test_bytes_that_are_no_message_are_never_to_be_sent_again(
    channel: grpc.aio.Channel, raw: bytes
) -> None:
    report = channel.unary_unary("/ringback.v1.CallResults/Report", None, None)
    error = await refusal_of(report(raw, timeout=30))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_message_above_2_mib_is_refused(stub: Stub) -> None:
    error = await refusal_of(stub.Report(report_of(small(summary="x" * 5_000_000)), timeout=30))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_gzip_bomb_is_refused(stub: Stub) -> None:
    bomb = report_of(small(summary="x" * 20_000_000))
    call = stub.Report(bomb, timeout=20, compression=grpc.Compression.Gzip)
    assert (await refusal_of(call)).code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_many_parallel_reports_of_one_call_are_one_result(stub: Stub) -> None:
    calls = [stub.Report(report_of(), timeout=20) for _ in range(100)]
    told = sorted(answer.disposition for answer in await asyncio.gather(*calls))
    assert told == [pb.DISPOSITION_STORED] + [pb.DISPOSITION_DUPLICATE] * 99


@pytest.mark.chaos
async def test_a_flood_is_answered_later_or_stored(stub: Stub) -> None:
    calls = [stub.Report(report_of(full_result(n)), timeout=30) for n in range(1_000)]
    codes = [await call.code() for call in calls]
    later = {grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE}
    assert set(codes) <= {grpc.StatusCode.OK} | later
    stored = [n for n, code in enumerate(codes) if code is grpc.StatusCode.OK]
    assert stored
    for n in stored:
        found = await stub.GetResult(pb.GetResultRequest(call_sid=call_sid(n)), timeout=30)
        assert found.result.report_id == f"report-{n}"


async def test_a_report_cancelled_midway_is_stored_once(stub: Stub) -> None:
    calls = [stub.Report(report_of(small(number)), timeout=30) for number in range(20)]
    await asyncio.sleep(0)
    for call in calls[::2]:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    again = [await stub.Report(report_of(small(number)), timeout=30) for number in range(20)]
    page = await stub.ListResults(pb.ListResultsRequest(page_size=200), timeout=30)
    assert len(page.results) == 20
    assert {answer.revision for answer in again} == {1}


async def test_a_store_that_cannot_commit_says_later(stub: Stub, store: Store) -> None:
    await store.close()
    error = await refusal_of(stub.Report(report_of(), timeout=30))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    status = rpc_status.from_call(error)  # type: ignore[arg-type]  # takes what has both accessors
    retry = error_details_pb2.RetryInfo()
    assert status is not None
    assert status.details[0].Unpack(retry)
    assert retry.retry_delay.ToMilliseconds() == 500


async def test_the_health_service_says_serving(channel: grpc.aio.Channel) -> None:
    health = health_pb2_grpc.HealthStub(channel)
    for name in ("", "ringback.v1.CallResults"):
        request = health_pb2.HealthCheckRequest(service=name)
        answer = await health.Check(request, timeout=30)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_reflection_describes_the_service(grpc_server: GrpcServer) -> None:
    def list_services() -> list[str]:
        with grpc.insecure_channel(f"127.0.0.1:{grpc_server.port}") as channel:
            return list(ProtoReflectionDescriptorDatabase(channel).get_services())

    assert "ringback.v1.CallResults" in await asyncio.to_thread(list_services)


async def test_a_taken_port_is_refused(store: Store, grpc_server: GrpcServer) -> None:
    async def progress(_report: Progress) -> ProgressAnswer:
        return ANSWER

    address = f"127.0.0.1:{grpc_server.port}"
    with pytest.raises(CannotStart, match="in use"):
        build_grpc_server(store, address=address, tokens=Tokens(), record_progress=progress)
