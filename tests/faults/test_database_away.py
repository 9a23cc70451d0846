"""Fault F44: the database is locked, cut off or away; nothing is lost, and nobody is restarted."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from foundation.clock import SystemClock
from foundation.task_set import TaskSet
from orchestrator.call_handler_client import OrderRefused
from orchestrator.call_results import record_call_result
from orchestrator.call_results.received import receive_proto
from orchestrator.errors import StoreUnavailable
from orchestrator.store import Store
from orchestrator.store.calls import CallState
from ringback.v1 import call_results_pb2 as pb
from tests.faults.life_peers import LateHandlers
from tests.faults.life_rig import NO_CAPS, Rig, make_sweeper, rules_of
from tests.faults.reports_rig import PATIENT_S, Replica, judge, replica, result_number
from tests.fresh_file import fresh_database
from tests.postgres import ScriptedDatabase, own_postgres
from tests.rpc_rig import report_of

CALLS = 50


@pytest.fixture
async def locked_replica(tmp_path: Path) -> AsyncIterator[Replica]:
    """Run an Orchestrator on SQLite whose patience with a lock is 50 ms instead of 2 s."""
    url = f"{fresh_database(tmp_path / 'ringback.db')}?timeout=0.05"
    async with replica(url) as opened:
        yield opened


async def test_f44_a_locked_file_refuses_reports_for_now_and_blocks_nothing_else(
    locked_replica: Replica, tmp_path: Path
) -> None:
    stub = locked_replica.stub
    other = sqlite3.connect(tmp_path / "ringback.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    reporting = asyncio.ensure_future(stub.Report(report_of(result_number(1)), timeout=PATIENT_S))
    with pytest.raises(grpc.aio.AioRpcError) as asked:
        await stub.GetResult(pb.GetResultRequest(call_sid=result_number(1).call_sid))
    assert not reporting.done()
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await reporting
    other.execute("ROLLBACK")
    assert asked.value.code() is grpc.StatusCode.NOT_FOUND
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    answer = await stub.Report(report_of(result_number(1)), timeout=PATIENT_S)
    assert answer.disposition == pb.DISPOSITION_STORED
    other.close()


async def report_until_acknowledged(store: Store, number: int) -> None:
    """Report as the outbox does: for ever."""
    while True:
        try:
            await record_call_result(store, receive_proto(result_number(number)))
        except StoreUnavailable:
            continue
        return


async def test_f44_a_server_that_cuts_all_connections_loses_nothing_acknowledged(
    postgres: ScriptedDatabase,
) -> None:
    store = await Store.open(postgres.url, SystemClock())
    for first in range(0, 4 * CALLS, CALLS):
        numbers = range(first, first + CALLS)
        reports = [report_until_acknowledged(store, number) for number in numbers]
        reporting = asyncio.gather(*reports)
        await asyncio.to_thread(postgres.cut_connections)
        await reporting
    await judge(store, range(4 * CALLS))
    await store.close()


async def watch_for_ever(one: Replica, count: int) -> list[str]:
    """Watch `count` results; when the server can not go on, resume where it was."""
    seen: list[str] = []
    cursor = ""
    while len(seen) < count:
        watch = one.stub.WatchResults(pb.WatchResultsRequest(cursor=cursor), timeout=PATIENT_S)
        try:
            async for answer in watch:
                cursor = answer.cursor
                seen.append(answer.result.call_sid)
                if len(seen) == count:
                    break
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
    return seen


async def test_f44_watchers_and_reports_go_on_when_the_server_is_back(
    postgres: ScriptedDatabase,
) -> None:
    async with replica(postgres.url) as one:
        watching = asyncio.create_task(watch_for_ever(one, 2))
        await one.stub.Report(report_of(result_number(1)), timeout=PATIENT_S)
        with postgres.away():
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await one.stub.Report(report_of(result_number(2)), timeout=PATIENT_S)
            assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
            assert "5432" not in str(refused.value.details())
        await one.stub.Report(report_of(result_number(2)), timeout=PATIENT_S)
        assert await watching == [result_number(number).call_sid for number in (1, 2)]


async def test_f44_the_sweeper_outlives_a_server_that_is_away(
    postgres_rig: Rig, postgres: ScriptedDatabase
) -> None:
    rig, tasks = postgres_rig, TaskSet()
    rules = rules_of(NO_CAPS, replace(rig.timings, sweep_s=0.02))
    sweeper = make_sweeper(rig.store, rig.clock, rig.carrier, rig.handlers, rules)
    sweeping = tasks.spawn(sweeper.run(), name="sweeper")
    await rig.store.wait_for_events(-1, PATIENT_S)
    with postgres.away(), pytest.raises(StoreUnavailable):
        await sweeper.sweep()
    confirmed = await rig.confirm()
    while (await rig.row(confirmed.call_id)).state is not CallState.WAITING:
        await rig.store.wait_for_events(await rig.store.newest_event(), 0.1)
    assert not sweeping.done()
    await tasks.cancel()
    await sweeper.close()


async def test_f44_the_answer_to_an_order_is_kept_until_the_server_is_back(
    postgres_rig: Rig, postgres: ScriptedDatabase
) -> None:
    rig, handlers = postgres_rig, LateHandlers([OrderRefused("21211", "No such number.")])
    rules = rules_of(NO_CAPS, replace(rig.timings, sweep_s=0.02))
    sweeper = make_sweeper(rig.store, rig.clock, rig.carrier, handlers, rules)
    confirmed = await rig.confirm()
    await sweeper.sweep()
    await handlers.taken.wait()
    with postgres.away():
        handlers.may_answer.set()
        await asyncio.sleep(0)  # the answer is to be written before what follows
        with pytest.raises(StoreUnavailable):
            await rig.store.write(lambda tx: tx.now_us)
        assert len(handlers.orders) == 1
    await sweeper.close()
    assert (await rig.finished(confirmed.call_id)).end_reason == pb.END_REASON_DIAL_REFUSED


@pytest.mark.chaos
async def test_f44_a_killed_server_loses_nothing_acknowledged_and_no_store_is_reopened() -> None:
    with own_postgres(is_durable=True) as server:
        stores = [await Store.open(server.url, SystemClock()) for _ in range(2)]
        for first in range(0, 4 * CALLS, CALLS):
            numbers = range(first, first + CALLS)
            reporting = asyncio.gather(
                *(report_until_acknowledged(stores[number % 2], number) for number in numbers)
            )
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
            await reporting
        await judge(stores[0], range(4 * CALLS))
        for store in stores:
            await store.close()
