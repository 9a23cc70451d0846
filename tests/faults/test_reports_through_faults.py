"""Faults F25, F26, F28, F29: reports on a broken way to a real server end as one result each."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from call_reporter import CallReporter, ReporterOptions
from orchestrator.call_results.watch import ResultFeed
from orchestrator.rpc import GrpcServer
from orchestrator.store import Store
from ringback.v1 import call_results_pb2 as pb
from tests.faults.fault_proxy import Fault, FaultProxy, fault_proxy
from tests.faults.reports_rig import (
    PATIENT_S,
    Pauses,
    judge,
    replica,
    reporter_to,
    result_number,
    take,
)
from tests.postgres import ScriptedDatabase
from tests.rig import call_sid, result_of

log = logging.getLogger(__name__)

SLOW_FAULTS = (Fault.LATENCY, Fault.SLICES)
"""What only slows down: reports are acknowledged without healing."""


@pytest.fixture
async def proxy(grpc_server: GrpcServer) -> AsyncIterator[FaultProxy]:
    async with fault_proxy(grpc_server.port) as opened:
        yield opened


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
async def reporter(
    proxy: FaultProxy, pauses: Pauses, tmp_path: Path
) -> AsyncIterator[CallReporter]:
    async with reporter_to(proxy.port, tmp_path, pauses) as opened:
        yield opened


async def report_all(
    reporter: CallReporter, numbers: Sequence[int]
) -> list[pb.ReportResponse | None]:
    return await asyncio.gather(*[reporter.report(result_number(number)) for number in numbers])


async def report_through(
    fault: Fault, proxy: FaultProxy, reporter: CallReporter, pauses: Pauses, numbers: Sequence[int]
) -> None:
    """Report a call on a whole way, so that a connection stands, the others on a broken one."""
    await report_all(reporter, numbers[:1])
    bites = proxy.bites
    await proxy.break_with(fault)
    async with asyncio.timeout(PATIENT_S), asyncio.TaskGroup() as tasks:
        reports = tasks.create_task(report_all(reporter, numbers[1:]))
        await (asyncio.wait({reports}) if fault in SLOW_FAULTS else pauses.wait_for_next())
        await proxy.heal()
    assert None not in reports.result()
    assert proxy.bites > bites, "the fault met nobody"


@pytest.mark.parametrize("fault", Fault)
async def test_f25_every_report_is_one_result_whatever_the_network_does(
    fault: Fault, proxy: FaultProxy, reporter: CallReporter, pauses: Pauses, store: Store
) -> None:
    await report_through(fault, proxy, reporter, pauses, range(20))
    assert (reporter.backlog().pending, reporter.backlog().dead_letters) == (0, 0)
    await judge(store, range(20))


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.RESET, Fault.CUT_ANSWERS])
async def test_f25_a_report_cut_in_flight_is_one_result_on_postgres(
    fault: Fault, postgres: ScriptedDatabase, pauses: Pauses, tmp_path: Path
) -> None:
    async with (
        replica(postgres.url) as one,
        fault_proxy(one.server.port) as proxy,
        reporter_to(proxy.port, tmp_path, pauses) as reporter,
    ):
        await report_through(fault, proxy, reporter, pauses, range(10))
        assert (reporter.backlog().pending, reporter.backlog().dead_letters) == (0, 0)
        await judge(one.store, range(10))


@pytest.mark.chaos
@pytest.mark.parametrize("fault", Fault)
async def test_f25_a_thousand_reports_are_a_thousand_results_whatever_the_network_does(
    fault: Fault, proxy: FaultProxy, reporter: CallReporter, pauses: Pauses, store: Store
) -> None:
    for first in range(0, 1_000, 50):
        await report_through(fault, proxy, reporter, pauses, range(first, first + 50))
    assert (reporter.backlog().pending, reporter.backlog().dead_letters) == (0, 0)
    await judge(store, range(1_000))
    log.info("network fault=%s reports=1000 bites=%d", fault, proxy.bites)


@pytest.mark.parametrize("fault", [Fault.DROP_ANSWERS, Fault.CUT_ANSWERS])
async def test_f26_what_was_committed_unheard_is_acknowledged_as_a_duplicate(
    fault: Fault, proxy: FaultProxy, reporter: CallReporter, store: Store
) -> None:
    await reporter.report(result_number(0))
    await proxy.break_with(fault)
    reports = asyncio.create_task(report_all(reporter, range(1, 20)))
    seen = await take(ResultFeed(store).follow(""), 20)
    assert {result.call_sid for result in seen} == {call_sid(number) for number in range(20)}
    assert not reports.done()
    await proxy.heal()
    answers = [answer.disposition for answer in await reports if answer is not None]
    assert len(answers) == 19
    assert pb.DISPOSITION_DUPLICATE in answers
    assert set(answers) <= {pb.DISPOSITION_DUPLICATE, pb.DISPOSITION_STORED}
    await judge(store, range(20))


async def test_f25_a_server_that_is_slow_to_greet_gets_its_reports(
    proxy: FaultProxy, tmp_path: Path, store: Store
) -> None:
    proxy.slow_s = 0.65
    await proxy.break_with(Fault.LATENCY)
    target = f"127.0.0.1:{proxy.port}"
    async with CallReporter(target, outbox=tmp_path / "calls.db", ack_wait_s=8.0) as reporter:
        report = asyncio.create_task(reporter.report(result_number(0)))
        await take(ResultFeed(store).follow(""), 1)
        proxy.slow_s = 0.0
        assert await report is not None
    await judge(store, [0])


async def drain_herd(proxy: FaultProxy, folder: Path, count: int) -> float:
    """Let four reporters with the product's own spans wait, heal; say how long all took, in s."""
    written = [asyncio.Event() for _ in range(4)]
    each = count // 4

    def wait_for_puts(done: asyncio.Event) -> ReporterOptions:
        puts: list[str] = []

        def note(step: str) -> None:
            puts.extend([step] if step == "report.after_put" else [])
            if len(puts) == each:
                done.set()

        return ReporterOptions(failpoint=note)

    await proxy.break_with(Fault.REFUSE)
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        for number, done in enumerate(written):
            path = folder / f"{number}.db"
            target = f"127.0.0.1:{proxy.port}"
            options = wait_for_puts(done)
            waiting = CallReporter(target, outbox=path, ack_wait_s=PATIENT_S, options=options)
            reporter = await stack.enter_async_context(waiting)
            first = number * each
            tasks.create_task(report_all(reporter, range(first, first + each)))
        await asyncio.gather(*[done.wait() for done in written])
        await proxy.heal()
        began = time.monotonic()
    return time.monotonic() - began


async def test_f28_a_herd_is_drained_soon_after_the_server_is_back(
    proxy: FaultProxy, tmp_path: Path, store: Store
) -> None:
    took_s = await drain_herd(proxy, tmp_path, 200)
    await judge(store, range(200))
    assert took_s < PATIENT_S  # the next one says how soon


@pytest.mark.chaos
async def test_f28_two_thousand_waiting_results_are_drained_within_ten_seconds(
    proxy: FaultProxy, tmp_path: Path, store: Store
) -> None:
    took_s = await drain_herd(proxy, tmp_path, 2_000)
    log.info("herd results=2000 reporters=4 took_s=%.2f per_s=%.0f", took_s, 2_000 / took_s)
    await judge(store, range(2_000))
    assert took_s < 10.0


POISON = (
    pb.CallResult(call_sid="CA-no-sid", status=pb.CALL_STATUS_COMPLETED),
    result_of(call_sid=call_sid(901), status=99),
)
SPOILT = (
    result_of(call_sid=call_sid(902), status=5, summary="a\0b"),
    result_of(
        call_sid=call_sid(903),
        status=5,
        transcript=[pb.TranscriptTurn(role=pb.ROLE_CALLEE, text="x" * 4_000)] * 1_300,
    ),
)


@pytest.mark.parametrize("is_backlog", [False, True])
async def test_f29_poison_becomes_a_dead_letter_and_the_queue_goes_on(
    is_backlog: bool, proxy: FaultProxy, reporter: CallReporter, pauses: Pauses, store: Store
) -> None:
    await reporter.report(result_number(0))
    if is_backlog:
        await proxy.break_with(Fault.REFUSE)
    bad = [asyncio.create_task(reporter.report(result)) for result in POISON + SPOILT]
    good = asyncio.create_task(report_all(reporter, range(1, 20)))
    if is_backlog:
        await pauses.wait_for_next()
        await proxy.heal()
    assert [await task is not None for task in bad] == [False, False, True, True]
    assert None not in await good
    assert (reporter.backlog().pending, reporter.backlog().dead_letters) == (0, 2)
    seen = {result.call_sid: result for result in await take(ResultFeed(store).follow(""), 22)}
    assert seen[call_sid(902)].summary == "a\ufffdb"
    assert not seen[call_sid(903)].transcript_complete
