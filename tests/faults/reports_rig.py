"""What the tests of reports on a broken way stand on: servers, reporters, and a judge."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import grpc

from call_reporter import CallReporter, ReporterOptions
from foundation.clock import SystemClock
from orchestrator.call_results import list_results
from orchestrator.call_results.access import Tokens
from orchestrator.calls import CallTimings, Progress, ProgressAnswer, record_progress
from orchestrator.rpc import GrpcServer, build_grpc_server
from orchestrator.store import Store, schema
from orchestrator.store.database import open_database
from orchestrator.store.writer import QueueLimits, Writer
from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc
from tests.rig import call_sid, result_of
from tests.rows_rig import rows_of

PATIENT_S = 30.0
"""How long a test waits for what must come."""


@dataclass(frozen=True, slots=True)
class Replica:
    """Is one Orchestrator, as far as reports see it."""

    store: Store
    server: GrpcServer
    stub: "pb_grpc.CallResultsAsyncStub"
    """Speaks to the server directly, past every proxy."""


@asynccontextmanager
async def replica(url: str, limits: QueueLimits = QueueLimits()) -> AsyncIterator[Replica]:  # noqa: B008 - frozen
    """Run an Orchestrator's store and gRPC server on the database at `url`."""
    database, newest = await asyncio.to_thread(open_database, url, SystemClock())
    store = Store(database, SystemClock(), newest, partial(Writer, limits=limits))
    store.follow_others()

    async def progress(report: Progress) -> ProgressAnswer:
        return await record_progress(store, report, CallTimings())

    server = build_grpc_server(
        store, address="127.0.0.1:0", tokens=Tokens(), record_progress=progress
    )
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            yield Replica(store, server, pb_grpc.CallResultsStub(channel))
    finally:
        await server.stop(grace_s=0)
        await store.close()


class Pauses:
    """Draws the reporter's chances, and so knows when delivery failed and backs off."""

    def __init__(self) -> None:
        self._drawn = asyncio.Event()

    def draw(self) -> float:
        self._drawn.set()
        return 0.5

    async def wait_for_next(self) -> None:
        """Wait until the delivery of what waits fails from now on."""
        self._drawn.clear()
        await self._drawn.wait()


def reporter_to(port: int, folder: Path, pauses: Pauses, **changes: object) -> CallReporter:
    """Build a reporter whose deadlines and pauses are short; `report` waits for the answer."""
    options = ReporterOptions(
        chance=pauses.draw,
        back_off_first_s=0.001,
        back_off_max_s=0.02,
        report_deadline_s=0.3,
        batch_deadline_s=0.4,
        lazy_s=0.001,
        ballast_bytes=0,
    )
    options = replace(options, **changes)  # type: ignore[arg-type]  # fields of ReporterOptions
    target = f"127.0.0.1:{port}"
    return CallReporter(target, outbox=folder / "calls.db", ack_wait_s=PATIENT_S, options=options)


def result_number(number: int) -> pb.CallResult:
    """Build the result of the call with this number, long enough to be cut in its midst."""
    summary = f"call {number}: " + "a large margherita " * 20
    return result_of(call_sid=call_sid(number), status=5, duration=number % 600, summary=summary)


async def judge(store: Store, numbers: Sequence[int]) -> None:
    """Assert that each of these calls has one result, told once, and that there are no others."""
    expected = {call_sid(number): result_number(number).summary for number in numbers}
    shown = await list_all(store)
    assert {result.call_sid: result.summary for result in shown} == expected
    assert len(shown) == len(numbers)
    assert {result.revision for result in shown} == {1}
    assert len(await rows_of(store, schema.report)) == len(numbers)
    events = await rows_of(store, schema.event)
    assert sum(event["kind"] == "result" for event in events) == len(numbers)


async def list_all(store: Store) -> list[pb.CallResult]:
    """List all results, page by page."""
    results: list[pb.CallResult] = []
    request = pb.ListResultsRequest(page_size=1000)
    while True:
        page, request.page_token = await list_results(store, request)
        results.extend(page)
        if not request.page_token:
            return results


async def take(watch: AsyncIterator[pb.WatchResultsResponse], count: int) -> list[pb.CallResult]:
    """Take the next `count` results of a watch."""
    async with asyncio.timeout(PATIENT_S):
        return [(await anext(watch)).result for _ in range(count)]
