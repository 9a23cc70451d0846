"""Faults F33-F38: callbacks late, lost, doubled and forged, and a carrier out of reach."""

import itertools

import pytest

from orchestrator.errors import NotAllowed, NotFound
from orchestrator.store.calls import CallState
from ringback.v1 import call_results_pb2 as pb
from tests.faults.life_peers import LateHandlers, sid
from tests.faults.life_rig import NONCE, Rig, make_sweeper, rules_of

HOUR_S = 3600


async def test_f33_a_late_callback_gives_the_handlers_result_its_duration(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, nonce=NONCE)
    await rig.report(call_id)
    assert (await rig.finished(call_id)).duration == 47
    await rig.call_back(call_id, "completed", duration_s=49)
    result = await rig.finished(call_id)
    assert (result.duration, result.revision) == (49, 2)
    assert result.error_message == ""


async def test_f33_an_early_callback_gives_it_too(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, nonce=NONCE)
    await rig.call_back(call_id, "completed", duration_s=49)
    await rig.report(call_id)
    await rig.sweep()
    result = await rig.finished(call_id)
    assert (result.duration, result.end_reason) == (49, pb.END_REASON_CALLEE_HUNG_UP)
    assert (await rig.row(call_id)).due_at is None


async def test_f34_a_lost_callback_is_found_by_asking(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.call_back(call_id, "ringing")
    rig.know(sid(1), "no-answer")
    await rig.sweep(after_s=74)
    assert rig.carrier.asked == []
    await rig.sweep(after_s=1)
    assert (await rig.finished(call_id)).status == pb.CALL_STATUS_NO_ANSWER


async def test_f34_a_lost_end_of_a_talk_is_found_by_asking(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, nonce=NONCE)
    rig.know(sid(1), "completed", duration_s=12)
    await rig.sweep(after_s=30)
    await rig.sweep(after_s=20)
    result = await rig.finished(call_id)
    assert (result.end_reason, result.duration) == (pb.END_REASON_HANDLER_LOST, 12)


async def test_f34_a_call_past_its_time_limit_is_ended(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, nonce=NONCE)
    rig.know(sid(1), "in-progress")
    for _ in range(25):
        await rig.sweep(after_s=30)
    assert f"end {sid(1)}" in rig.carrier.asked
    assert (await rig.finished(call_id)).status == pb.CALL_STATUS_COMPLETED


async def test_f35_callbacks_in_any_order_and_twice_give_one_result(rig: Rig) -> None:
    words = ["initiated", "ringing", "in-progress", "completed"]
    for number, order in enumerate(itertools.permutations(range(4)), start=1):
        call_id = (await rig.confirm()).call_id
        await rig.sweep()
        for at in (*order, *order):
            await _hear(rig, call_id, number, words[at])
        await rig.report(call_id, call_sid=sid(number))
        await rig.sweep()
        for at in order:
            await _hear(rig, call_id, number, words[at])
        result = await rig.finished(call_id)
        assert (result.status, result.duration) == (pb.CALL_STATUS_COMPLETED, 49), order
        assert result.revision <= 2, order


async def _hear(rig: Rig, call_id: str, number: int, word: str) -> None:
    duration_s = 49 if word == "completed" else None
    await rig.call_back(call_id, word, call_sid=sid(number), duration_s=duration_s)


async def test_f36_a_callback_before_the_orders_answer_binds_the_call(rig: Rig) -> None:
    handlers = LateHandlers()
    rules = rules_of(rig.caps, rig.timings)
    sweeper = make_sweeper(rig.store, rig.clock, rig.carrier, handlers, rules)
    call_id = (await rig.confirm()).call_id
    await sweeper.sweep()
    await handlers.taken.wait()
    early = await rig.call_back(call_id, "ringing")
    assert (early.state, early.call_sid) == (CallState.WAITING, sid(1))
    handlers.may_answer.set()
    await sweeper.close()
    row = await rig.row(call_id)
    assert (row.state, row.call_sid) == (CallState.WAITING, sid(1))
    assert row.status == pb.CALL_STATUS_RINGING
    await rig.sweep(after_s=1)
    assert (len(handlers.orders), rig.handlers.orders) == (1, [])


async def test_f37_a_callback_replayed_from_another_call_changes_nothing(rig: Rig) -> None:
    call_id = await rig.dial()
    before = await rig.row(call_id)
    with pytest.raises(NotAllowed):
        await rig.call_back(call_id, "completed", call_sid=sid(99))
    assert await rig.row(call_id) == before


async def test_f37_a_callback_for_a_call_never_minted_is_not_found(rig: Rig) -> None:
    with pytest.raises(NotFound):
        await rig.call_back("0192f000-0000-7000-8000-000000000000", "completed")


async def test_f38_a_carrier_out_of_reach_closes_nothing_before_24_hours(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, nonce=NONCE)
    rig.carrier.is_reachable = False
    await rig.sweep(after_s=30)
    for _ in range(23):
        await rig.sweep(after_s=HOUR_S)
    assert await rig.result(call_id) is None
    assert "still asking" in ((await rig.row(call_id)).note or "")
    await rig.sweep(after_s=HOUR_S + 30)
    result = await rig.finished(call_id)
    assert (result.source, result.outcome) == (pb.SOURCE_DEADLINE, pb.OUTCOME_UNKNOWN)
    assert result.end_reason == pb.END_REASON_CARRIER_UNREACHABLE


async def test_f38_a_word_of_the_carrier_after_24_hours_replaces_the_unknown(rig: Rig) -> None:
    call_id = await rig.dial()
    rig.carrier.is_reachable = False
    await rig.sweep(after_s=75)
    await rig.sweep(after_s=25 * HOUR_S)
    assert (await rig.finished(call_id)).outcome == pb.OUTCOME_UNKNOWN
    await rig.call_back(call_id, "no-answer")
    result = await rig.finished(call_id)
    assert (result.status, result.outcome) == (
        pb.CALL_STATUS_NO_ANSWER,
        pb.OUTCOME_NOT_REACHED,
    )


async def test_f38_a_carrier_that_answers_again_resolves_the_call(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, nonce=NONCE)
    rig.carrier.is_reachable = False
    await rig.sweep(after_s=30)
    await rig.sweep(after_s=HOUR_S)
    rig.carrier.is_reachable = True
    rig.know(sid(1), "completed", duration_s=33)
    await rig.sweep(after_s=300)
    await rig.sweep(after_s=20)
    result = await rig.finished(call_id)
    assert (result.end_reason, result.duration) == (pb.END_REASON_HANDLER_LOST, 33)
    assert (await rig.row(call_id)).note is None
