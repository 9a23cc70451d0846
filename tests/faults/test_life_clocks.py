"""Fault F48: clocks that jump, and replicas whose clocks differ."""

from datetime import timedelta

import pytest

from orchestrator.call_handler_client import OrderUnknown
from orchestrator.store.calls import CallState
from ringback.v1 import call_results_pb2 as pb
from tests.faults.life_peers import sid
from tests.faults.life_rig import NONCE, Rig, replica_of
from tests.postgres import ScriptedDatabase

JUMPS = pytest.mark.parametrize("jump", [timedelta(days=365), timedelta(days=-3)])
SKEWS = pytest.mark.parametrize("skew", [timedelta(minutes=5), timedelta(days=-3)])


@JUMPS
async def test_f48_a_clock_jump_ends_no_live_call_and_loses_no_deadline(
    rig: Rig, jump: timedelta, database: ScriptedDatabase | None
) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, nonce=NONCE)
    rig.know(sid(1), "in-progress")
    rig.clock.skew += jump
    await rig.sweep()
    # On SQLite every open call is looked at; PostgreSQL's clock did not jump.
    assert rig.carrier.asked == ([f"fetch {sid(1)}"] if database is None else [])
    rig.know(sid(1), "completed", duration_s=5)
    await rig.sweep(after_s=30)
    await rig.sweep(after_s=20)
    assert (await rig.finished(call_id)).end_reason == pb.END_REASON_HANDLER_LOST


@JUMPS
async def test_f48_a_clock_jump_makes_no_surprise_call(rig: Rig, jump: timedelta) -> None:
    await rig.confirm()
    rig.clock.skew += jump
    await rig.sweep()
    assert len(rig.handlers.orders) == 1
    late = await rig.confirm()
    rig.clock.skew += jump
    rig.clock.advance(301)
    await rig.sweep()
    assert len(rig.handlers.orders) == 1
    assert (await rig.finished(late.call_id)).end_reason == pb.END_REASON_NOT_PLACED


@SKEWS
async def test_f48_a_replica_with_a_wrong_clock_dials_until_not_after_and_no_longer(
    postgres_rig: Rig, skew: timedelta
) -> None:
    async with replica_of(postgres_rig, skew) as wrong:
        first = await postgres_rig.confirm()
        await wrong.sweep(after_s=299)
        assert [order["call_id"] for order in wrong.handlers.orders] == [first.call_id]
        late = await wrong.confirm()
        await wrong.sweep(after_s=301)
        assert (await wrong.finished(late.call_id)).end_reason == pb.END_REASON_NOT_PLACED
        assert len(wrong.handlers.orders) == 1


@SKEWS
async def test_f48_an_order_says_the_seconds_left_whatever_a_replicas_clock_says(
    postgres_rig: Rig, skew: timedelta
) -> None:
    async with replica_of(postgres_rig, skew) as wrong:
        await postgres_rig.confirm()
        await wrong.sweep(after_s=200)
        assert wrong.handlers.orders[0]["not_after_s"] == pytest.approx(100)


@SKEWS
async def test_f48_a_replica_with_a_wrong_clock_keeps_settle_grace_and_time_limit(
    postgres_rig: Rig, skew: timedelta
) -> None:
    async with replica_of(postgres_rig, skew) as wrong:
        wrong.handlers.answers = [OrderUnknown("reset")]
        call_id = (await wrong.confirm()).call_id
        await wrong.sweep()
        await wrong.sweep(after_s=59)
        assert wrong.carrier.asked == []
        wrong.know(sid(7), "in-progress")
        await wrong.sweep(after_s=1)
        row = await wrong.row(call_id)
        assert (row.state, row.call_sid) == (CallState.WAITING, sid(7))
        await wrong.progress(call_id, call_sid=sid(7), nonce=NONCE)
        for _ in range(20):
            await wrong.sweep(after_s=30)
        assert f"end {sid(7)}" not in wrong.carrier.asked
        wrong.know(sid(7), "completed", duration_s=601)
        await wrong.sweep(after_s=30)
        await wrong.sweep(after_s=19)
        assert await wrong.result(call_id) is None
        await wrong.sweep(after_s=1)
        assert (await wrong.finished(call_id)).end_reason == pb.END_REASON_HANDLER_LOST


@SKEWS
async def test_f48_a_wrong_clock_that_jumps_moves_no_deadline_of_the_other_replica(
    postgres_rig: Rig, skew: timedelta
) -> None:
    async with replica_of(postgres_rig) as other:
        call_id = await postgres_rig.dial()
        before = await other.row(call_id)
        postgres_rig.clock.skew += skew
        await postgres_rig.sweep()
        assert await other.row(call_id) == before
