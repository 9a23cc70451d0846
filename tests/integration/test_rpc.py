"""Every RPC: as a plain function, stub to servicer, with its deadline, roles and errors."""

import asyncio
from collections.abc import Awaitable
from typing import TypeAlias

import grpc
import pytest
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2  # type: ignore[import-untyped]  # it has no stubs
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from grpc_status import rpc_status
from sqlalchemy import insert

from orchestrator.call_results.access import ALL_RIGHTS, Right, Role, Tokens
from orchestrator.call_results.watch import ResultFeed
from orchestrator.calls import Progress, ProgressAnswer
from orchestrator.errors import InvalidInput, NotAllowed, NotFound
from orchestrator.rpc import CallResultsServicer, GrpcServer, build_grpc_server
from orchestrator.rpc.decoding import add_servicer
from orchestrator.store import Store, Transaction, schema
from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc
from tests.rig import call_sid, full_result, result_of

Stub: TypeAlias = "pb_grpc.CallResultsAsyncStub"
CALL = "01900000-0000-7000-8000-00000000bbbb"
NONCE = "0f" * 16
ANSWER = ProgressAnswer(last_turn=4, cancel_requested=True, order=None, call_id=CALL)


def report_of(result: pb.CallResult | None = None, **fields: object) -> pb.ReportRequest:
    return pb.ReportRequest(result=result or full_result(), **fields)  # type: ignore[arg-type]


def small(number: int = 1, **fields: object) -> pb.CallResult:
    return result_of(**({"call_sid": call_sid(number), "status": 5} | fields))


def violations_of(error: grpc.aio.AioRpcError) -> list[str]:
    status = rpc_status.from_call(error)  # type: ignore[arg-type]  # takes what has both accessors
    bad = error_details_pb2.BadRequest()
    assert status is not None
    assert status.details[0].Unpack(bad)
    return [one.field for one in bad.field_violations]


async def refusal_of(call: Awaitable[object]) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


class TestAsPlainFunctions:
    """The rules behind each RPC, without gRPC."""

    @pytest.fixture
    def seen(self) -> list[Progress]:
        return []

    @pytest.fixture
    async def servicer(self, store: Store, seen: list[Progress]) -> CallResultsServicer:
        async def progress(report: Progress) -> ProgressAnswer:
            seen.append(report)
            return ANSWER

        return CallResultsServicer(store, ResultFeed(store), Tokens(), progress)

    async def test_report_stores(self, servicer: CallResultsServicer) -> None:
        answer = await servicer.report(report_of(), ALL_RIGHTS)
        assert (answer.disposition, answer.revision) == (pb.DISPOSITION_STORED, 1)

    async def test_report_needs_a_result(self, servicer: CallResultsServicer) -> None:
        with pytest.raises(InvalidInput, match="result: is required"):
            await servicer.report(pb.ReportRequest(), ALL_RIGHTS)

    async def test_override_needs_its_right(self, servicer: CallResultsServicer) -> None:
        with pytest.raises(NotAllowed):
            await servicer.report(report_of(override=True), frozenset({Right.REPORT}))

    async def test_batch_report_answers_in_order(self, servicer: CallResultsServicer) -> None:
        results = [small(1), small(2, status=77), small(1), small(3)]
        answer = await servicer.batch_report(pb.BatchReportRequest(results=results), ALL_RIGHTS)
        told = [
            entry.response.disposition if entry.HasField("response") else -entry.error.code
            for entry in answer.entries
        ]
        assert told == [1, -3, 2, 1]
        assert [one.field for one in answer.entries[1].error.violations] == ["status"]

    @pytest.mark.parametrize("count", [0, 1_001])
    async def test_a_batch_has_1_to_1000_results(
        self, servicer: CallResultsServicer, count: int
    ) -> None:
        with pytest.raises(InvalidInput, match="must have 1 to 1000 entries"):
            await servicer.batch_report(
                pb.BatchReportRequest(results=[small()] * count), ALL_RIGHTS
            )

    async def test_report_progress_hands_on_what_came(
        self, servicer: CallResultsServicer, seen: list[Progress]
    ) -> None:
        turn = pb.TranscriptTurn(role=pb.ROLE_CALLEE, text="a\0b", start_ms=0)
        request = pb.ReportProgressRequest(
            call_id=CALL, call_sid=call_sid(), first_turn=3, turns=[turn], stream_nonce=NONCE
        )
        answer = await servicer.report_progress(request, ALL_RIGHTS)
        assert (answer.last_turn, answer.cancel_requested, answer.call_id) == (4, True, CALL)
        assert not answer.HasField("order")
        [progress] = seen
        assert progress.status == pb.CALL_STATUS_IN_PROGRESS
        assert (progress.first_turn, progress.stream_nonce) == (3, NONCE)
        assert list(progress.turns) == [
            pb.TranscriptTurn(role=pb.ROLE_CALLEE, text="a\ufffdb", start_ms=0)
        ]

    @pytest.mark.parametrize(
        ("fields", "named"),
        [
            ({}, "call_sid"),
            ({"call_sid": "CA1"}, "call_sid"),
            ({"call_sid": call_sid(), "status": 77}, "status"),
            ({"call_sid": call_sid(), "stream_nonce": "short"}, "stream_nonce"),
            ({"call_sid": call_sid(), "first_turn": 2_000}, "first_turn"),
            ({"call_sid": call_sid(), "turns": [pb.TranscriptTurn()]}, "turns[0].role"),
            (
                {"call_sid": call_sid(), "turns": [pb.TranscriptTurn(role=pb.ROLE_CALLEE)] * 201},
                "turns",
            ),
        ],
    )
    async def test_a_bad_progress_names_its_field(
        self, servicer: CallResultsServicer, fields: dict[str, object], named: str
    ) -> None:
        request = pb.ReportProgressRequest(**fields)  # type: ignore[arg-type]  # spoilt on purpose
        with pytest.raises(InvalidInput) as caught:
            await servicer.report_progress(request, ALL_RIGHTS)
        assert [one.field for one in caught.value.violations] == [named]

    async def test_get_result_finds_by_either_id(self, servicer: CallResultsServicer) -> None:
        stored = await servicer.report(report_of(), ALL_RIGHTS)
        by_id = pb.GetResultRequest(call_id=stored.call_id, call_sid="ignored")
        by_sid = pb.GetResultRequest(call_sid=call_sid())
        first = await servicer.get_result(by_id, ALL_RIGHTS)
        assert first == await servicer.get_result(by_sid, ALL_RIGHTS)
        assert first.result.call_id == stored.call_id

    @pytest.mark.parametrize("call_id", [CALL, "x", "\0", "' OR 1=1 --"])
    async def test_an_unknown_id_is_not_found(
        self, servicer: CallResultsServicer, call_id: str
    ) -> None:
        with pytest.raises(NotFound):
            await servicer.get_result(pb.GetResultRequest(call_id=call_id), ALL_RIGHTS)

    async def test_get_result_needs_an_id(self, servicer: CallResultsServicer) -> None:
        with pytest.raises(InvalidInput, match="call_id"):
            await servicer.get_result(pb.GetResultRequest(), ALL_RIGHTS)

    async def test_pages_follow_each_other_without_gap(self, servicer: CallResultsServicer) -> None:
        batch = pb.BatchReportRequest(results=[small(number) for number in range(7)])
        await servicer.batch_report(batch, ALL_RIGHTS)
        sids, token = [], ""
        for _ in range(3):
            request = pb.ListResultsRequest(page_size=3, page_token=token)
            page = await servicer.list_results(request, ALL_RIGHTS)
            sids += [result.call_sid for result in page.results]
            token = page.next_page_token
        assert (sids, token) == ([call_sid(number) for number in range(6, -1, -1)], "")

    @pytest.mark.parametrize(("asked", "given"), [(-1, 50), (0, 50), (10**9, 200), (7, 7)])
    async def test_the_page_size_is_clamped(
        self, servicer: CallResultsServicer, asked: int, given: int
    ) -> None:
        batch = pb.BatchReportRequest(results=[small(number) for number in range(201)])
        await servicer.batch_report(batch, ALL_RIGHTS)
        page = await servicer.list_results(pb.ListResultsRequest(page_size=asked), ALL_RIGHTS)
        assert len(page.results) == given

    @pytest.mark.parametrize(
        ("wish", "numbers"),
        [
            (pb.ListResultsRequest(status=pb.CALL_STATUS_BUSY), [2]),
            (pb.ListResultsRequest(outcome=pb.OUTCOME_NOT_REACHED), [2]),
            (pb.ListResultsRequest(outcome=pb.OUTCOME_UNKNOWN), [3, 1]),
            (pb.ListResultsRequest(end_reason=pb.END_REASON_TIME_LIMIT), [3]),
            (pb.ListResultsRequest(origin=pb.CALL_ORIGIN_EXTERNAL), [3, 2, 1]),
            (pb.ListResultsRequest(origin=pb.CALL_ORIGIN_RINGBACK), []),
            (pb.ListResultsRequest(task_id="nobody's"), []),
        ],
    )
    async def test_filters_choose(
        self, servicer: CallResultsServicer, wish: pb.ListResultsRequest, numbers: list[int]
    ) -> None:
        results = [small(1), small(2, status=6), small(3, end_reason=40)]
        await servicer.batch_report(pb.BatchReportRequest(results=results), ALL_RIGHTS)
        page = await servicer.list_results(wish, ALL_RIGHTS)
        assert [result.call_sid for result in page.results] == [call_sid(n) for n in numbers]

    async def test_time_bounds_choose(self, servicer: CallResultsServicer) -> None:
        stored = await servicer.report(report_of(), ALL_RIGHTS)
        found = await servicer.get_result(pb.GetResultRequest(call_id=stored.call_id), ALL_RIGHTS)
        at = found.result.record_time
        after = await servicer.list_results(pb.ListResultsRequest(after_time=at), ALL_RIGHTS)
        before = await servicer.list_results(pb.ListResultsRequest(before_time=at), ALL_RIGHTS)
        assert (len(after.results), len(before.results)) == (1, 0)

    @pytest.mark.parametrize("token", ["x", "AAAA", "é", "\0", "A" * 10_000, "01900000-0000"])
    async def test_a_forged_page_token_is_refused(
        self, servicer: CallResultsServicer, token: str
    ) -> None:
        with pytest.raises(InvalidInput, match="page_token"):
            await servicer.list_results(pb.ListResultsRequest(page_token=token), ALL_RIGHTS)

    async def test_a_token_of_another_listing_is_refused(
        self, servicer: CallResultsServicer
    ) -> None:
        batch = pb.BatchReportRequest(results=[small(number) for number in range(2)])
        await servicer.batch_report(batch, ALL_RIGHTS)
        page = await servicer.list_results(pb.ListResultsRequest(page_size=1), ALL_RIGHTS)
        other = pb.ListResultsRequest(page_token=page.next_page_token, status=pb.CALL_STATUS_BUSY)
        with pytest.raises(InvalidInput, match="page_token"):
            await servicer.list_results(other, ALL_RIGHTS)

    @pytest.mark.parametrize("name", ["status", "outcome", "end_reason", "origin"])
    async def test_an_unknown_filter_is_refused(
        self, servicer: CallResultsServicer, name: str
    ) -> None:
        request = pb.ListResultsRequest()
        setattr(request, name, 987)
        with pytest.raises(InvalidInput, match=f"{name}: must be a value of the enum"):
            await servicer.list_results(request, ALL_RIGHTS)


async def test_report_and_get_result(stub: Stub) -> None:
    stored = await stub.Report(report_of(), timeout=5)
    found = await stub.GetResult(pb.GetResultRequest(call_id=stored.call_id), timeout=5)
    expected = full_result()
    expected.call_id, expected.origin = stored.call_id, pb.CALL_ORIGIN_EXTERNAL
    expected.revision = 1
    expected.record_time.CopyFrom(found.result.record_time)
    assert found.result == expected


async def test_batch_report(stub: Stub) -> None:
    request = pb.BatchReportRequest(results=[small(1), small(2, duration=2**32 - 1)])
    answer = await stub.BatchReport(request, timeout=5)
    assert answer.entries[0].response.disposition == pb.DISPOSITION_STORED
    assert answer.entries[1].error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]


async def test_one_bad_result_in_a_thousand_is_refused_alone(stub: Stub) -> None:
    results = [small(number) for number in range(1_000)]
    results[500].status = pb.CALL_STATUS_UNSPECIFIED
    answer = await stub.BatchReport(pb.BatchReportRequest(results=results), timeout=20)
    refused = [at for at, entry in enumerate(answer.entries) if entry.HasField("error")]
    assert (len(answer.entries), refused) == (1_000, [500])


async def test_list_results(stub: Stub) -> None:
    await stub.Report(report_of(), timeout=5)
    page = await stub.ListResults(pb.ListResultsRequest(), timeout=5)
    assert [result.call_sid for result in page.results] == [call_sid()]


async def test_progress_of_an_unknown_sid_creates_an_external_call(stub: Stub) -> None:
    turn = pb.TranscriptTurn(role=pb.ROLE_CALLEE, text="Luigi's, hello?")
    request = pb.ReportProgressRequest(call_sid=call_sid(), turns=[turn])
    answer = await stub.ReportProgress(request, timeout=5)
    assert (answer.last_turn, answer.cancel_requested) == (1, False)
    result = await stub.Report(report_of(), timeout=5)
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
    answer = await stub.ReportProgress(claim, timeout=5)
    assert (answer.order.call_id, answer.order.to_number) == (CALL, "+14155550100")
    claim.stream_nonce = "aa" * 16
    error = await refusal_of(stub.ReportProgress(claim, timeout=5))
    assert error.code() is grpc.StatusCode.ALREADY_EXISTS


async def test_progress_of_a_foreign_call_id_is_not_found(stub: Stub) -> None:
    request = pb.ReportProgressRequest(call_id=CALL, call_sid=call_sid())
    error = await refusal_of(stub.ReportProgress(request, timeout=5))
    assert error.code() is grpc.StatusCode.NOT_FOUND


async def test_a_bad_field_comes_with_its_violation(stub: Stub) -> None:
    bad = report_of(small(status=77, duration=99_999))
    error = await refusal_of(stub.Report(bad, timeout=5))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert violations_of(error) == ["status", "duration"]


async def test_an_empty_report_is_refused(stub: Stub) -> None:
    error = await refusal_of(stub.Report(pb.ReportRequest(), timeout=5))
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
    error = await refusal_of(report(raw, timeout=5))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_message_above_2_mib_is_refused(stub: Stub) -> None:
    error = await refusal_of(stub.Report(report_of(small(summary="x" * 5_000_000)), timeout=5))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_gzip_bomb_is_refused(stub: Stub) -> None:
    bomb = report_of(small(summary="x" * 20_000_000))
    call = stub.Report(bomb, timeout=20, compression=grpc.Compression.Gzip)
    assert (await refusal_of(call)).code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_many_parallel_reports_of_one_call_are_one_result(stub: Stub) -> None:
    calls = [stub.Report(report_of(), timeout=20) for _ in range(100)]
    told = sorted(answer.disposition for answer in await asyncio.gather(*calls))
    assert told == [pb.DISPOSITION_STORED] + [pb.DISPOSITION_DUPLICATE] * 99


async def test_a_report_cancelled_midway_is_stored_once(stub: Stub) -> None:
    calls = [stub.Report(report_of(small(number)), timeout=5) for number in range(20)]
    await asyncio.sleep(0)
    for call in calls[::2]:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    again = [await stub.Report(report_of(small(number)), timeout=5) for number in range(20)]
    page = await stub.ListResults(pb.ListResultsRequest(page_size=200), timeout=5)
    assert len(page.results) == 20
    assert {answer.revision for answer in again} == {1}


async def test_a_store_that_cannot_commit_says_later(stub: Stub, store: Store) -> None:
    await store.close()
    error = await refusal_of(stub.Report(report_of(), timeout=5))
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
        answer = await health.Check(request, timeout=5)
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
    with pytest.raises(RuntimeError, match="bind"):
        build_grpc_server(store, address=address, tokens=Tokens(), record_progress=progress)


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
        await stub.Report(report_of(), metadata=(("authorization", "Bearer handler"),), timeout=5)
        calls: list[grpc.aio.Call] = [
            stub.Report(report_of(), metadata=metadata, timeout=5),
            stub.Report(report_of(override=True), metadata=metadata, timeout=5),
            stub.BatchReport(
                pb.BatchReportRequest(results=[small(2)]), metadata=metadata, timeout=5
            ),
            stub.GetResult(pb.GetResultRequest(call_sid=call_sid()), metadata=metadata, timeout=5),
            stub.ListResults(pb.ListResultsRequest(), metadata=metadata, timeout=5),
        ]
        assert [(await call.code()).name for call in calls] == codes

    async def test_a_watcher_needs_a_readers_token(self, stub: Stub) -> None:
        metadata = (("authorization", "Bearer handler"),)
        watch = stub.WatchResults(pb.WatchResultsRequest(), metadata=metadata, timeout=5)
        assert (await watch.code()) is grpc.StatusCode.PERMISSION_DENIED

    async def test_reflection_needs_a_token_and_health_none(
        self, channel: grpc.aio.Channel
    ) -> None:
        health = health_pb2_grpc.HealthStub(channel)
        await health.Check(health_pb2.HealthCheckRequest(), timeout=5)
        path = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
        call = channel.stream_stream(path, None, None)(iter([b""]), timeout=5)
        assert (await call.code()) is grpc.StatusCode.UNAUTHENTICATED
