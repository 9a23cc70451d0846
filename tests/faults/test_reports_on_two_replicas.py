"""Faults F26, F31: two Orchestrators on one PostgreSQL take reports of the same calls."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest

from foundation.clock import SystemClock
from orchestrator.call_results import get_result, receive_proto, record_call_result
from orchestrator.call_results.watch import ResultFeed
from orchestrator.store import Store, schema
from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc
from tests.faults.fault_proxy import Fault, fault_proxy
from tests.faults.reports_rig import (
    PATIENT_S,
    Replica,
    judge,
    list_all,
    replica,
    result_number,
    take,
)
from tests.fresh_file import fresh_database
from tests.postgres import ScriptedDatabase
from tests.rig import call_sid, full_result, result_of
from tests.rows_rig import rows_of
from tests.rpc_rig import report_of

CALLS = 20


@pytest.fixture
async def one(postgres: ScriptedDatabase) -> AsyncIterator[Replica]:
    async with replica(postgres.url) as opened:
        yield opened


@pytest.fixture
async def other(postgres: ScriptedDatabase) -> AsyncIterator[Replica]:
    async with replica(postgres.url) as opened:
        yield opened


def heard_and_counted(number: int) -> tuple[pb.CallResult, pb.CallResult]:
    """Build what the handler and the carrier say of one call; each knows what the other does not.

    They differ in the status, where the carrier is right, and in a fact of each.
    """
    handler = full_result(number)
    handler.status = pb.CALL_STATUS_COMPLETED
    carrier = result_of(
        call_sid=call_sid(number),
        status=pb.CALL_STATUS_FAILED,
        duration=number + 1,
        source=pb.SOURCE_PROVIDER,
        report_id=f"carrier-{number}",
        answered_by=pb.ANSWERED_BY_VOICEMAIL,
        facts=[pb.Fact(name="billed", value="yes")],
    )
    carrier.report_time.FromMicroseconds(5_000_000 + number)
    return handler, carrier


def comparable(result: pb.CallResult) -> pb.CallResult:
    """Copy a record without what hangs on when it was recorded."""
    copy = pb.CallResult()
    copy.CopyFrom(result)
    copy.ClearField("call_id")
    copy.ClearField("record_time")
    return copy


async def test_f26_what_one_committed_unheard_is_a_duplicate_at_the_other(
    one: Replica, other: Replica
) -> None:
    report = report_of(result_number(0))
    async with (
        fault_proxy(one.server.port) as proxy,
        grpc.aio.insecure_channel(f"127.0.0.1:{proxy.port}") as channel,
    ):
        stub = pb_grpc.CallResultsStub(channel)
        await stub.Report(report_of(result_number(1)), timeout=PATIENT_S)
        await proxy.break_with(Fault.DROP_ANSWERS)
        unheard = stub.Report(report, timeout=PATIENT_S)
        await take(ResultFeed(other.store).follow(""), 2)
        unheard.cancel()
    answer = await other.stub.Report(report, timeout=PATIENT_S)
    assert (answer.disposition, answer.revision) == (pb.DISPOSITION_DUPLICATE, 1)
    await judge(other.store, range(2))


@pytest.mark.parametrize("status", [pb.CALL_STATUS_COMPLETED, pb.CALL_STATUS_BUSY])
async def test_f31_one_report_ten_times_to_both_is_one_result_and_ten_acknowledgements(
    status: pb.CallStatus.ValueType, one: Replica, other: Replica
) -> None:
    async def report_ten_times(number: int) -> list[pb.ReportResponse]:
        result = result_number(number)
        result.status = status
        targets = [one, other] * 5
        return await asyncio.gather(
            *[target.stub.Report(report_of(result), timeout=PATIENT_S) for target in targets]
        )

    for answers in await asyncio.gather(*[report_ten_times(number) for number in range(CALLS)]):
        told = sorted(answer.disposition for answer in answers)
        assert told == [pb.DISPOSITION_STORED, *[pb.DISPOSITION_DUPLICATE] * 9]
        assert len({answer.call_id for answer in answers}) == 1
        assert {answer.revision for answer in answers} == {1}
    await judge(other.store, range(CALLS))


async def test_f31_different_reports_at_once_are_joined_as_if_one_came_after_the_other(
    one: Replica, other: Replica, tmp_path: Path
) -> None:
    pairs = [heard_and_counted(number) for number in range(CALLS)]
    await asyncio.gather(
        *[
            target.stub.Report(report_of(result), timeout=PATIENT_S)
            for pair in pairs
            for target, result in zip((one, other), pair, strict=True)
        ]
    )
    serial = await Store.open(fresh_database(tmp_path / "serial.db"), SystemClock())
    for result in (result for pair in pairs for result in pair):
        await record_call_result(serial, receive_proto(result))
    for number in range(CALLS):
        joined = await get_result(one.store, call_sid=call_sid(number))
        expected = await get_result(serial, call_sid=call_sid(number))
        assert comparable(joined) == comparable(expected)
    await serial.close()
    assert len(await list_all(other.store)) == CALLS
    assert len(await rows_of(one.store, schema.report)) == 2 * CALLS


async def watch_from(target: Replica, cursor: str, count: int) -> list[tuple[str, int, str]]:
    """Watch `count` answers: the call, its revision, the cursor."""
    watch = target.stub.WatchResults(pb.WatchResultsRequest(cursor=cursor), timeout=PATIENT_S)
    answers = aiter(watch)
    taken = [await anext(answers) for _ in range(count)]
    watch.cancel()
    return [(answer.result.call_sid, answer.result.revision, answer.cursor) for answer in taken]


async def test_f31_a_watcher_of_one_sees_what_both_commit_none_missed_none_twice(
    one: Replica, other: Replica
) -> None:
    watchers = [asyncio.create_task(watch_from(each, "", 2 * CALLS)) for each in (one, other)]
    pairs = [heard_and_counted(number) for number in range(CALLS)]
    for at, (handler, carrier) in enumerate(pairs):
        first, second = (one, other) if at % 2 else (other, one)
        await asyncio.gather(
            first.stub.Report(report_of(handler), timeout=PATIENT_S),
            second.stub.Report(report_of(carrier), timeout=PATIENT_S),
        )
    seen, seen_by_other = await asyncio.gather(*watchers)
    assert seen == seen_by_other
    told = sorted((sid, revision) for sid, revision, _ in seen)
    assert told == [(call_sid(number), step) for number in range(CALLS) for step in (1, 2)]
    middle = seen[CALLS - 1][2]
    assert await watch_from(other, middle, CALLS) == seen[CALLS:]
    assert await watch_from(other, "", 2 * CALLS) == seen
