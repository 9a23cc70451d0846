"""Faults F2-F11: before and at the dial."""

import asyncio

import pytest

from orchestrator import calls
from orchestrator.call_handler_client import OrderNotTaken, OrderRefused, OrderUnknown
from orchestrator.dial_policy import DialCaps
from orchestrator.errors import AlreadyHeld, NotFound
from orchestrator.store.calls import CallState
from ringback.v1 import call_results_pb2 as pb
from tests.faults.life_peers import sid
from tests.faults.life_rig import LUIGI, NONCE, OURS, Rig, make_sweeper, rules_of


async def test_f51_confirming_twice_is_one_call(rig: Rig) -> None:
    task_id = await rig.add_task()
    first = await rig.confirm(task_id, "key-1")
    assert first.is_new
    for key in ("key-1", None, "key-2"):
        again = await rig.confirm(task_id, key)
        assert (again.call_id, again.is_new) == (first.call_id, False)


async def test_an_unknown_task_cannot_be_confirmed(rig: Rig) -> None:
    with pytest.raises(NotFound):
        await rig.confirm("0192f000-0000-7000-8000-000000000000")


async def test_f2_a_ready_call_is_dialled_by_the_next_sweep(rig: Rig) -> None:
    confirmed = await rig.confirm()
    await rig.sweep()
    order = rig.handlers.orders[0]
    assert order["call_id"] == confirmed.call_id
    assert order["to_number"] == LUIGI
    assert order["status_callback_url"] == (
        f"https://orchestrator.ringback.test/twilio/status/{confirmed.call_id}"
    )
    row = await rig.row(confirmed.call_id)
    assert (row.state, row.call_sid) == (CallState.WAITING, sid(1))


async def test_f2_a_call_is_never_dialled_after_its_not_after(rig: Rig) -> None:
    confirmed = await rig.confirm()
    await rig.sweep(after_s=301)
    result = await rig.result(confirmed.call_id)
    assert rig.handlers.orders == []
    assert result is not None
    assert result.status == pb.CALL_STATUS_FAILED
    assert result.end_reason == pb.END_REASON_NOT_PLACED
    assert result.outcome == pb.OUTCOME_NOT_REACHED
    assert "5 minutes" in result.error_message


async def test_f3_an_order_without_answer_is_never_sent_again(rig: Rig) -> None:
    rig.handlers.answers = [OrderUnknown("time-out")]
    confirmed = await rig.confirm()
    for _ in range(5):
        await rig.sweep(after_s=10)
    assert len(rig.handlers.orders) == 1
    assert (await rig.row(confirmed.call_id)).state is CallState.DIALING


async def test_f4_eight_sweepers_dial_one_call_once(rig: Rig) -> None:
    await rig.confirm()
    rules = rules_of(DialCaps(9, 99, 99, 99, 9e9), rig.timings)
    sweepers = [
        make_sweeper(rig.store, rig.clock, rig.carrier, rig.handlers, rules) for _ in range(8)
    ]
    await asyncio.gather(*(sweeper.sweep() for sweeper in sweepers))
    await asyncio.gather(*(sweeper.settle() for sweeper in sweepers))
    assert len(rig.handlers.orders) == 1


async def test_f5_a_dial_that_the_carrier_twice_does_not_know_was_not_placed(rig: Rig) -> None:
    rig.handlers.answers = [OrderUnknown("reset")]
    confirmed = await rig.confirm()
    await rig.sweep()
    await rig.sweep(after_s=60)
    assert await rig.result(confirmed.call_id) is None
    await rig.sweep(after_s=29)
    assert rig.carrier.asked == [f"list {LUIGI} {OURS}"]
    await rig.sweep(after_s=1)
    result = await rig.result(confirmed.call_id)
    assert result is not None
    assert result.end_reason == pb.END_REASON_NOT_PLACED
    assert rig.carrier.asked == [f"list {LUIGI} {OURS}"] * 2


async def test_f6_the_first_callback_binds_an_unknown_dial(rig: Rig) -> None:
    rig.handlers.answers = [OrderUnknown("reset")]
    confirmed = await rig.confirm()
    await rig.sweep()
    row = await rig.call_back(confirmed.call_id, "initiated", call_sid=sid(7))
    assert (row.state, row.call_sid) == (CallState.WAITING, sid(7))


async def test_f6_a_listed_call_is_adopted(rig: Rig) -> None:
    rig.handlers.answers = [OrderUnknown("reset")]
    confirmed = await rig.confirm()
    await rig.sweep()
    rig.know(sid(7), "busy")
    await rig.sweep(after_s=60)
    result = await rig.result(confirmed.call_id)
    assert result is not None
    assert (result.call_sid, result.status) == (sid(7), pb.CALL_STATUS_BUSY)


async def test_f6_an_old_call_to_the_same_number_is_not_adopted(rig: Rig) -> None:
    rig.know(sid(7), "completed")
    rig.clock.advance(120)
    rig.handlers.answers = [OrderUnknown("reset")]
    confirmed = await rig.confirm()
    await rig.sweep()
    await rig.sweep(after_s=60)
    assert (await rig.row(confirmed.call_id)).call_sid is None


async def test_f6_a_call_that_belongs_to_another_order_is_not_adopted(rig: Rig) -> None:
    first = await rig.dial()
    await rig.call_back(first, "busy")
    call_id = await rig.dial_unknown()
    rig.know(sid(7), "no-answer")
    await rig.sweep(after_s=60)
    assert (await rig.row(call_id)).call_sid == sid(7)


async def test_f7_several_candidates_are_shown_and_never_guessed(rig: Rig) -> None:
    rig.handlers.answers = [OrderUnknown("HTTP 500")]
    confirmed = await rig.confirm()
    await rig.sweep()
    rig.know(sid(7), "in-progress")
    rig.know(sid(8), "completed")
    await rig.sweep(after_s=60)
    result = await rig.result(confirmed.call_id)
    assert result is not None
    assert (result.status, result.outcome) == (pb.CALL_STATUS_UNKNOWN, pb.OUTCOME_UNKNOWN)
    assert "2 calls" in result.error_message
    assert len(rig.handlers.orders) == 1


async def test_f7_one_unresolved_dial_per_number(rig: Rig) -> None:
    rig.handlers.answers = [OrderUnknown("reset")]
    await rig.confirm()
    await rig.sweep()
    second = await rig.confirm()
    await rig.sweep()
    row = await rig.row(second.call_id)
    assert row.state is CallState.READY
    assert row.note is not None
    assert len(rig.handlers.orders) == 1


async def test_f8_a_refused_dial_is_final_at_once_with_its_reason(rig: Rig) -> None:
    rig.handlers.answers = [OrderRefused("21211", "This number does not exist.")]
    confirmed = await rig.confirm()
    await rig.sweep()
    result = await rig.result(confirmed.call_id)
    assert result is not None
    assert result.status == pb.CALL_STATUS_FAILED
    assert result.end_reason == pb.END_REASON_DIAL_REFUSED
    assert result.error_message == "This number does not exist."
    assert result.fault.code == "21211"


async def test_f9_a_definite_no_goes_back_to_ready_and_is_tried_again(rig: Rig) -> None:
    rig.handlers.answers = [OrderNotTaken("The call handler is full.")]
    confirmed = await rig.confirm()
    await rig.sweep()
    row = await rig.row(confirmed.call_id)
    assert (row.state, row.note, row.dial_at) == (
        CallState.READY,
        "The call handler is full.",
        None,
    )
    await rig.sweep(after_s=2)
    assert (await rig.row(confirmed.call_id)).state is CallState.WAITING


async def test_f8_a_refusal_of_many_words_is_a_result_all_the_same(rig: Rig) -> None:
    rig.handlers.answers = [OrderRefused("x" * 1_000, "No. " * 5_000)]
    confirmed = await rig.confirm()
    await rig.sweep()
    result = await rig.result(confirmed.call_id)
    assert result is not None
    assert result.end_reason == pb.END_REASON_DIAL_REFUSED
    assert (len(result.fault.code), len(result.error_message)) == (128, 4_000)


async def test_f9_without_any_handler_the_call_ends_not_placed(rig: Rig) -> None:
    rig.handlers.answers = [OrderNotTaken("No call handler can be reached just now.")] * 2
    confirmed = await rig.confirm()
    await rig.sweep()
    await rig.sweep(after_s=301)
    result = await rig.result(confirmed.call_id)
    assert result is not None
    assert result.end_reason == pb.END_REASON_NOT_PLACED
    assert "No call handler can be reached" in result.error_message


async def test_f10_a_queued_call_is_waited_for(rig: Rig) -> None:
    call_id = await rig.dial()
    for _ in range(10):
        await rig.sweep(after_s=75)
    assert await rig.result(call_id) is None
    row = await rig.call_back(call_id, "ringing")
    assert row.ring_deadline_at == await rig.store.now_us() + 75_000_000


async def test_f11_cancelled_while_ready(rig: Rig) -> None:
    confirmed = await rig.confirm()
    await calls.cancel_call(rig.store, confirmed.call_id, rig.timings)
    result = await rig.result(confirmed.call_id)
    assert result is not None
    assert (result.status, result.end_reason) == (
        pb.CALL_STATUS_CANCELED,
        pb.END_REASON_CANCELED,
    )
    await rig.sweep()
    assert rig.handlers.orders == []


async def test_f11_cancelled_while_the_dial_is_unknown(rig: Rig) -> None:
    rig.handlers.answers = [OrderUnknown("reset")]
    confirmed = await rig.confirm()
    await rig.sweep()
    await calls.cancel_call(rig.store, confirmed.call_id, rig.timings)
    rig.know(sid(7), "ringing")
    await rig.call_back(confirmed.call_id, "ringing", call_sid=sid(7))
    await rig.sweep()
    result = await rig.result(confirmed.call_id)
    assert result is not None
    assert result.status == pb.CALL_STATUS_CANCELED


async def test_f11_cancelled_while_ringing(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.call_back(call_id, "ringing")
    rig.know(sid(1), "ringing")
    await calls.cancel_call(rig.store, call_id, rig.timings)
    await rig.sweep()
    result = await rig.result(call_id)
    assert rig.carrier.asked == [f"cancel {sid(1)}", f"fetch {sid(1)}"]
    assert result is not None
    assert result.end_reason == pb.END_REASON_CANCELED


async def test_f11_cancelled_while_talking_tells_the_agent_first(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, nonce=NONCE)
    rig.know(sid(1), "in-progress")
    await calls.cancel_call(rig.store, call_id, rig.timings)
    assert (await rig.progress(call_id, "Yes?")).cancel_requested
    await rig.sweep(after_s=9)
    assert rig.carrier.asked == []
    await rig.sweep(after_s=1)
    assert rig.carrier.asked[0] == f"end {sid(1)}"


async def test_f11_cancelled_just_after_the_end_keeps_the_true_outcome(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.call_back(call_id, "busy")
    cancelled = await calls.cancel_call(rig.store, call_id, rig.timings)
    result = await rig.result(call_id)
    assert cancelled.state is CallState.FINAL
    assert result is not None
    assert result.status == pb.CALL_STATUS_BUSY


async def test_f6_a_call_taken_for_not_placed_gets_its_true_outcome_when_the_carrier_speaks(
    rig: Rig,
) -> None:
    call_id = await rig.dial_unknown()
    await rig.sweep(after_s=60)
    await rig.sweep(after_s=30)
    await rig.call_back(call_id, "ringing", call_sid=sid(7))
    await rig.call_back(call_id, "busy", call_sid=sid(7))
    result = await rig.result(call_id)
    assert result is not None
    assert (result.status, result.end_reason) == (pb.CALL_STATUS_BUSY, pb.END_REASON_BUSY)
    assert (result.call_sid, result.revision) == (sid(7), 2)


async def test_f6_a_call_given_up_cannot_be_claimed_by_a_late_stream(rig: Rig) -> None:
    call_id = await rig.dial_unknown()
    await rig.sweep(after_s=60)
    await rig.sweep(after_s=30)
    with pytest.raises(AlreadyHeld):
        await rig.progress(call_id, call_sid=sid(7), nonce=NONCE)
    await rig.call_back(call_id, "completed", call_sid=sid(7), duration_s=3)
    result = await rig.result(call_id)
    assert result is not None
    assert (result.end_reason, result.duration) == (pb.END_REASON_MEDIA_LOST, 3)
