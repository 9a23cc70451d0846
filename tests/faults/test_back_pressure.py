"""The queue before the database is bounded: what it refuses comes later, and nothing is lost."""

import asyncio
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2  # type: ignore[import-untyped]  # it has no stubs
from grpc_status import rpc_status
from sqlalchemy import make_url

from orchestrator.store.writer import QueueLimits
from ringback.v1 import call_results_pb2 as pb
from tests.faults.commit_databases import CommitDatabase
from tests.faults.reports_rig import PATIENT_S, Pauses, judge, replica, reporter_to, result_number
from tests.rpc_rig import Stub

FIRST, SIZE, FIT = 1_000, 40, 3
BATCHES = [range(first, first + SIZE) for first in range(FIRST, FIRST + (FIT + 1) * SIZE, SIZE)]
LARGEST = max(sum(result_number(number).ByteSize() for number in batch) for batch in BATCHES)
PATIENCE = {"sqlite": {"timeout": "30"}, "postgresql": {"options": "-c statement_timeout=30000"}}
"""Words by which a store waits as long as a test for a database that is held up."""


def patient(url: str) -> str:
    made = make_url(url)
    words = PATIENCE[made.get_backend_name()]
    return made.update_query_dict(words).render_as_string(hide_password=False)


def retry_ms(error: BaseException | None) -> int:
    assert isinstance(error, grpc.aio.AioRpcError)
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    status = rpc_status.from_call(error)  # type: ignore[arg-type]  # takes what has both accessors
    retry = error_details_pb2.RetryInfo()
    assert status is not None
    assert status.details[0].Unpack(retry)
    return int(retry.retry_delay.ToMilliseconds())


async def send_batch(stub: Stub, numbers: range) -> pb.BatchReportResponse:
    request = pb.BatchReportRequest(results=[result_number(number) for number in numbers])
    return await stub.BatchReport(request, timeout=PATIENT_S)


@pytest.mark.parametrize(
    "limits",
    [QueueLimits(rows=FIT * SIZE), QueueLimits(bytes=FIT * LARGEST)],
    ids=["rows", "bytes"],
)
async def test_a_full_queue_says_later_and_every_report_becomes_one_result(
    commit_database: CommitDatabase, tmp_path: Path, limits: QueueLimits
) -> None:
    pauses = Pauses()
    async with replica(patient(commit_database.url), limits) as one:
        with commit_database.nothing_can_commit():
            sent = [asyncio.ensure_future(send_batch(one.stub, batch)) for batch in BATCHES]
            [refused], queued = await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED)
            assert retry_ms(refused.exception()) == 500
            numbers = BATCHES[sent.index(refused)]
            reporter = reporter_to(one.server.port, tmp_path, pauses)
            await reporter.__aenter__()
            later = [asyncio.ensure_future(reporter.report(result_number(n))) for n in numbers]
            await pauses.wait_for_next()  # the reporter is refused as well, and tries again
            assert not any(waiting.done() for waiting in (*queued, *later))
        entries = [entry for batch in queued for entry in (await batch).entries]
        await asyncio.gather(*later)
        await reporter.__aexit__(None, None, None)
        await judge(one.store, range(FIRST, FIRST + len(BATCHES) * SIZE))
    assert len(entries) == FIT * SIZE
    assert {entry.response.disposition for entry in entries} == {pb.DISPOSITION_STORED}
