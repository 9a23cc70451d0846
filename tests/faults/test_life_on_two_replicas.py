"""The life of a call with two Orchestrators on one database: nobody owns a row, nothing is doubled.

Faults F4, F11, F21, F33, F39, F51. On SQLite the second one stands for a restart that overlaps.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest

from orchestrator import calls
from orchestrator.call_handler_client import OrderNotTaken, OrderUnknown
from orchestrator.dial_policy import DialCaps
from orchestrator.errors import AlreadyHeld
from orchestrator.store.calls import CallState
from ringback.v1 import call_results_pb2 as pb
from tests.faults.life_peers import LateHandlers, sid
from tests.faults.life_rig import (
    LUIGI,
    NONCE,
    OURS,
    Rig,
    life_rig,
    make_sweeper,
    replica_of,
    rules_of,
)
from tests.postgres import ScriptedDatabase

OTHER_NONCE = "cd" * 16


@pytest.fixture
async def other(rig: Rig) -> AsyncIterator[Rig]:
    """Open a second Orchestrator on the rig's database."""
    async with replica_of(rig) as opened:
        yield opened


async def sweep_at_once(*rigs: Rig, after_s: float = 0.0, each: int = 1) -> None:
    """Let time pass, then have all replicas look at once, each with several sweepers."""
    rigs[0].clock.advance(after_s)
    sweepers = [
        make_sweeper(
            rig.store, rig.clock, rig.carrier, rig.handlers, rules_of(rig.caps, rig.timings)
        )
        for rig in rigs
        for _ in range(each)
    ]
    await asyncio.gather(*(sweeper.sweep() for sweeper in sweepers))
    await asyncio.gather(*(sweeper.close() for sweeper in sweepers))


async def test_f4_eight_sweepers_of_two_replicas_dial_each_call_once(rig: Rig, other: Rig) -> None:
    confirmed = [await one.confirm() for one in (rig, other, rig, other)]
    for _ in confirmed:  # one number has one unresolved dial at a time
        await sweep_at_once(rig, other, after_s=rig.timings.retry_s, each=4)
    ordered = [str(order["call_id"]) for order in rig.handlers.orders]
    assert sorted(ordered) == sorted(one.call_id for one in confirmed)


async def test_f4_a_definite_no_is_tried_again_by_one_of_them(rig: Rig, other: Rig) -> None:
    rig.handlers.answers = [OrderNotTaken("full")]
    await rig.confirm()
    for _ in range(3):
        await sweep_at_once(rig, other, after_s=2, each=2)
    assert len(rig.handlers.orders) == 2


@pytest.mark.parametrize("keys", [("key", "key"), ("one", "two"), (None, None)])
async def test_f51_confirm_pressed_on_both_is_one_call(
    rig: Rig, other: Rig, keys: tuple[str | None, str | None]
) -> None:
    task_id = await rig.add_task()
    both = await asyncio.gather(rig.confirm(task_id, keys[0]), other.confirm(task_id, keys[1]))
    assert both[0].call_id == both[1].call_id
    assert [one.is_new for one in both].count(True) == 1
    await sweep_at_once(rig, other)
    assert len(rig.handlers.orders) == 1


async def test_f5_both_find_an_unknown_dial_and_ask_twice_in_all(rig: Rig, other: Rig) -> None:
    call_id = await rig.dial_unknown()
    await sweep_at_once(rig, other, after_s=60, each=2)
    assert await rig.result(call_id) is None
    await sweep_at_once(rig, other, after_s=30, each=2)
    assert rig.carrier.asked == [f"list {LUIGI} {OURS}"] * 2
    assert (await rig.finished(call_id)).end_reason == pb.END_REASON_NOT_PLACED


async def test_f6_a_callback_on_one_while_the_other_looks_binds_the_call_once(
    rig: Rig, other: Rig
) -> None:
    call_id = await rig.dial_unknown()
    rig.know(sid(7), "ringing")
    rig.clock.advance(60)
    await asyncio.gather(
        sweep_at_once(rig, each=2), other.call_back(call_id, "ringing", call_sid=sid(7))
    )
    row = await rig.row(call_id)
    assert (row.state, row.call_sid) == (CallState.WAITING, sid(7))
    assert await rig.result(call_id) is None


@pytest.mark.parametrize("word", ["completed", "busy"])
async def test_f33_a_callback_on_one_and_the_report_on_the_other_are_one_result(
    rig: Rig, other: Rig, word: str
) -> None:
    call_id = await rig.dial()
    await other.progress(call_id, "Hello?", nonce=NONCE)
    await asyncio.gather(
        *(rig.call_back(call_id, word, duration_s=49) for _ in range(3)),
        *(other.report(call_id) for _ in range(3)),
        *(one.sweep() for one in (rig, other)),
    )
    await sweep_at_once(rig, other, after_s=20, each=2)
    result = await rig.finished(call_id)
    assert (result.end_reason, result.duration) == (pb.END_REASON_CALLEE_HUNG_UP, 49)
    told = [event for event in await rig.events("result") if event["call_id"] == call_id]
    assert [event["revision"] for event in told] == list(range(1, len(told) + 1))
    assert (await rig.row(call_id)).due_at is None


async def test_f13_both_file_a_lost_handlers_call_once(rig: Rig, other: Rig) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, "Hello?", nonce=NONCE)
    await other.call_back(call_id, "completed", duration_s=49)
    await sweep_at_once(rig, other, after_s=20, each=4)
    result = await rig.finished(call_id)
    assert (result.end_reason, result.revision) == (pb.END_REASON_HANDLER_LOST, 1)
    assert len(await rig.events("result")) == 1


async def test_f18_both_end_a_call_without_a_stream_once(rig: Rig, other: Rig) -> None:
    call_id = await rig.dial()
    await rig.call_back(call_id, "in-progress")
    rig.know(sid(1), "in-progress")
    rig.carrier.end_word = "in-progress"  # it takes the carrier a while
    await sweep_at_once(rig, other, after_s=20, each=4)
    assert rig.carrier.asked == [f"end {sid(1)}", f"fetch {sid(1)}"]


async def test_f21_a_claim_on_each_replica_lets_one_stream_in(rig: Rig, other: Rig) -> None:
    call_id = await rig.dial()
    answers = await asyncio.gather(
        rig.progress(call_id, nonce=NONCE),
        other.progress(call_id, nonce=OTHER_NONCE),
        return_exceptions=True,
    )
    assert [isinstance(answer, AlreadyHeld) for answer in answers].count(True) == 1


async def test_f11_cancelled_on_one_while_the_other_dials(rig: Rig, other: Rig) -> None:
    handlers = LateHandlers()
    rules = rules_of(rig.caps, rig.timings)
    sweeper = make_sweeper(rig.store, rig.clock, rig.carrier, handlers, rules)
    call_id = (await rig.confirm()).call_id
    await sweeper.sweep()
    await handlers.taken.wait()
    await calls.cancel_call(other.store, call_id, other.timings)
    rig.know(sid(1), "ringing")
    handlers.may_answer.set()
    await sweeper.close()
    await sweep_at_once(rig, other, each=2)
    assert rig.carrier.asked == [f"cancel {sid(1)}", f"fetch {sid(1)}"]
    assert (await other.finished(call_id)).end_reason == pb.END_REASON_CANCELED


async def test_f11_cancelled_on_one_at_the_moment_of_the_others_claim(rig: Rig, other: Rig) -> None:
    call_id = (await rig.confirm()).call_id
    rig.know(sid(1), "queued")
    await asyncio.gather(rig.sweep(), calls.cancel_call(other.store, call_id, other.timings))
    await sweep_at_once(rig, other, each=2)
    result = await rig.finished(call_id)
    assert result.status == pb.CALL_STATUS_CANCELED
    assert len(rig.handlers.orders) in {0, 1}


async def test_f39_one_is_gone_in_the_midst_of_its_dial_and_the_other_resolves_it(
    rig: Rig, other: Rig
) -> None:
    other.handlers.answers = [OrderUnknown("the process died before the answer")]
    call_id = (await other.confirm()).call_id
    await other.sweep()
    waiting = await rig.progress("", "Hello?", call_sid=sid(50), nonce=NONCE)
    await rig.report(waiting.call_id, sid(50))
    assert (await rig.finished(waiting.call_id)).outcome == pb.OUTCOME_SUCCEEDED
    rig.know(sid(7), "busy")
    await rig.sweep(after_s=rig.timings.settle_s)
    assert (await rig.finished(call_id)).status == pb.CALL_STATUS_BUSY


async def test_i12_two_replicas_that_race_never_pass_a_cap(
    tmp_path_factory: pytest.TempPathFactory, database: ScriptedDatabase | None
) -> None:
    caps = DialCaps(2, 9, 9, 9, 1e9)
    folder = tmp_path_factory.mktemp("caps")
    async with life_rig(folder, caps=caps, database=database) as rig, replica_of(rig) as other:
        for one in (rig, other, rig, other):
            await one.confirm()
        for _ in range(4):
            await sweep_at_once(rig, other, after_s=rig.timings.retry_s, each=4)
        assert len(rig.handlers.orders) == 2


async def test_i12_a_reported_call_counts_until_the_carrier_says_that_it_is_over(
    tmp_path_factory: pytest.TempPathFactory, database: ScriptedDatabase | None
) -> None:
    folder = tmp_path_factory.mktemp("caps")
    async with life_rig(folder, caps=DialCaps(1, 9, 9, 9, 1e9), database=database) as rig:
        call_id = await rig.dial()
        await rig.progress(call_id, nonce=NONCE)
        await rig.report(call_id)
        await rig.confirm()
        await rig.sweep()
        assert len(rig.handlers.orders) == 1
        await rig.call_back(call_id, "completed", duration_s=49)
        await rig.sweep(after_s=rig.timings.retry_s)
        assert len(rig.handlers.orders) == 2
