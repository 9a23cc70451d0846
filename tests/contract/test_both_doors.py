"""Both doors, held to the same rules: what Report refuses, POST /call_result refuses, and so on."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import grpc
import httpx
import pytest
from fastapi import FastAPI
from google.protobuf.json_format import MessageToDict
from google.rpc import error_details_pb2  # type: ignore[import-untyped]  # it has no stubs
from grpc_status import rpc_status

from orchestrator import rest
from orchestrator.call_results.access import Tokens
from orchestrator.store import Store
from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc
from tests.rig import call_sid, full_result, result_of

FOREIGN = "01900000-0000-7000-8000-000000000000"


@dataclass(frozen=True)
class Answer:
    """What a door said, without its transport."""

    disposition: str = ""
    call_id: str = ""
    revision: int = -1
    violations: tuple[tuple[str, str], ...] = ()


Door = Callable[[pb.CallResult], Awaitable[Answer]]


@pytest.fixture
async def app(store: Store, tokens: Tokens) -> FastAPI:
    app = FastAPI(max_body_size=65_536)
    app.include_router(rest.router)
    app.state.store, app.state.tokens = store, tokens
    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as opened:
        yield opened


def violations_of(error: grpc.aio.AioRpcError) -> tuple[tuple[str, str], ...]:
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    bad = error_details_pb2.BadRequest()
    status = rpc_status.from_call(error)  # type: ignore[arg-type]  # takes what has both accessors
    assert status is not None
    assert status.details[0].Unpack(bad)
    return tuple((one.field, one.description) for one in bad.field_violations)


@pytest.fixture(params=["grpc", "rest"])
def door(
    request: pytest.FixtureRequest,
    stub: "pb_grpc.CallResultsAsyncStub",
    client: httpx.AsyncClient,
) -> Door:
    async def by_grpc(result: pb.CallResult) -> Answer:
        try:
            answer = await stub.Report(pb.ReportRequest(result=result), timeout=30)
        except grpc.aio.AioRpcError as error:
            return Answer(violations=violations_of(error))
        word = pb.Disposition.Name(answer.disposition)
        return Answer(word, answer.call_id, answer.revision)

    async def by_rest(result: pb.CallResult) -> Answer:
        body = MessageToDict(result, preserving_proto_field_name=True)
        answer = await client.post("/call_result", json=body)
        told = answer.json()
        if answer.status_code == 422:
            fields = [(one["field"], one["message"]) for one in told["fields"]]
            return Answer(violations=tuple(fields))
        assert answer.status_code == 200
        return Answer(told["disposition"], told["call_id"], told["revision"])

    return by_grpc if request.param == "grpc" else by_rest


async def test_the_first_report_is_stored(door: Door) -> None:
    answer = await door(full_result())
    assert (answer.disposition, answer.revision) == ("DISPOSITION_STORED", 1)


async def test_a_second_report_is_a_duplicate(door: Door) -> None:
    first = await door(full_result())
    second = await door(full_result())
    assert second.disposition == "DISPOSITION_DUPLICATE"
    assert (second.call_id, second.revision) == (first.call_id, 1)


async def test_a_report_without_id_is_recognised_by_its_content(door: Door) -> None:
    result = result_of(call_sid=call_sid(), status=5, summary="Done.")
    await door(result)
    assert (await door(result)).disposition == "DISPOSITION_DUPLICATE"


async def test_more_facts_are_merged(door: Door) -> None:
    await door(full_result())
    more = full_result()
    more.report_id = "report-later"
    more.report_time.FromMicroseconds(5_000_000)
    more.facts.add(name="ready_time", value="20 minutes")
    answer = await door(more)
    assert (answer.disposition, answer.revision) == ("DISPOSITION_MERGED", 2)


async def test_a_conflict_is_superseded(door: Door) -> None:
    await door(result_of(call_sid=call_sid(), status=5, summary="first"))
    answer = await door(result_of(call_sid=call_sid(), status=5, summary="second"))
    assert (answer.disposition, answer.revision) == ("DISPOSITION_SUPERSEDED", 1)


async def test_a_foreign_call_id_is_an_orphan(door: Door) -> None:
    answer = await door(result_of(call_id=FOREIGN, status=5))
    assert (answer.disposition, answer.call_id, answer.revision) == (
        "DISPOSITION_ORPHAN",
        FOREIGN,
        0,
    )


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, ["status"]),
        ({"status": 5}, ["call_sid"]),
        ({"call_sid": call_sid(), "status": 0}, ["status"]),
        ({"call_sid": call_sid(), "status": 3}, ["status"]),
        ({"call_sid": "CA123", "status": 5}, ["call_sid"]),
        ({"call_sid": call_sid(), "status": 5, "duration": 2**32 - 1}, ["duration"]),
        ({"call_sid": call_sid(), "status": 5, "summary": "x" * 5_000}, ["summary"]),
        (
            {"call_sid": call_sid(), "status": 5, "transcript": [{"text": "?"}]},
            ["transcript[0].role"],
        ),
        ({"call_sid": call_sid(), "status": 5, "facts": [{"name": "A B"}]}, ["facts[0].name"]),
        ({"call_sid": "x", "status": 4, "to_number": "911"}, ["call_sid", "status", "to_number"]),
    ],
)
async def test_a_broken_rule_names_its_fields(
    door: Door, fields: dict[str, object], named: list[str]
) -> None:
    answer = await door(result_of(**fields))
    assert [field for field, _ in answer.violations] == named


async def test_an_unknown_status_is_refused(door: Door) -> None:
    answer = await door(result_of(call_sid=call_sid(), status=77))
    assert answer.violations == (("status", "must be a number of CallStatus, not 77"),)


async def test_a_result_above_256_kib_is_refused(door: Door) -> None:
    result = result_of(call_sid=call_sid(), status=5)
    result.transcript.extend([pb.TranscriptTurn(role=pb.ROLE_CALLEE, text="x" * 4_000)] * 70)
    told = f"must be at most 262144 bytes, not {result.ByteSize()}: cut the transcript"
    assert (await door(result)).violations == (("result", told),)


async def test_another_unknown_enum_number_is_kept(
    door: Door, stub: "pb_grpc.CallResultsAsyncStub"
) -> None:
    await door(result_of(call_sid=call_sid(), status=5, end_reason=987))
    found = await stub.GetResult(pb.GetResultRequest(call_sid=call_sid()), timeout=30)
    assert found.result.end_reason == 987


async def test_nul_is_cleaned(door: Door, stub: "pb_grpc.CallResultsAsyncStub") -> None:
    await door(result_of(call_sid=call_sid(), status=5, summary="a\0b"))
    found = await stub.GetResult(pb.GetResultRequest(call_sid=call_sid()), timeout=30)
    assert found.result.summary == "a\ufffdb"


async def test_what_one_door_stored_the_other_recognises(
    stub: "pb_grpc.CallResultsAsyncStub", client: httpx.AsyncClient
) -> None:
    result = result_of(call_sid=call_sid(), status=5, summary="Done.", duration=3)
    await stub.Report(pb.ReportRequest(result=result), timeout=30)
    plain = {"call_sid": call_sid(), "status": "completed", "summary": "Done.", "duration": 3}
    answer = await client.post("/call_result", content=json.dumps(plain), headers=JSON)
    assert answer.json()["disposition"] == "DISPOSITION_DUPLICATE"


JSON = {"content-type": "application/json"}
