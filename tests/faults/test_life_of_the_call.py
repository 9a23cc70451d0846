"""Faults F12-F21: the call as the Orchestrator sees it, whoever dies or calls twice."""

import pytest

from orchestrator.calls import file_carrier_facts
from orchestrator.errors import AlreadyHeld
from ringback.v1 import call_results_pb2 as pb
from tests.faults.life_peers import sid
from tests.faults.life_rig import NONCE, Rig


@pytest.mark.parametrize(
    ("word", "sip_code", "status", "reason"),
    [
        ("busy", 486, pb.CALL_STATUS_BUSY, pb.END_REASON_BUSY),
        ("no-answer", 487, pb.CALL_STATUS_NO_ANSWER, pb.END_REASON_NO_ANSWER),
        ("no-answer", 603, pb.CALL_STATUS_NO_ANSWER, pb.END_REASON_DECLINED),
        ("busy", 603, pb.CALL_STATUS_BUSY, pb.END_REASON_DECLINED),
        ("failed", 404, pb.CALL_STATUS_FAILED, pb.END_REASON_CARRIER_FAILED),
        ("canceled", None, pb.CALL_STATUS_CANCELED, pb.END_REASON_CANCELED),
    ],
)
async def test_f12_a_call_that_never_connects_is_final_at_its_callback(
    rig: Rig,
    word: str,
    sip_code: int | None,
    status: pb.CallStatus.ValueType,
    reason: pb.EndReason.ValueType,
) -> None:
    call_id = await rig.dial()
    await rig.call_back(call_id, "ringing")
    await rig.call_back(call_id, word, sip_code=sip_code)
    result = await rig.finished(call_id)
    assert (result.status, result.end_reason) == (status, reason)
    assert result.outcome == pb.OUTCOME_NOT_REACHED
    assert result.source == pb.SOURCE_PROVIDER
    assert (await rig.row(call_id)).due_at is None


async def test_f13_a_lost_handler_leaves_the_carriers_facts_and_the_turns(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, "Luigi's, hello?", nonce=NONCE)
    await rig.call_back(call_id, "completed", duration_s=49)
    await rig.sweep(after_s=19)
    assert await rig.result(call_id) is None
    await rig.sweep(after_s=1)
    result = await rig.finished(call_id)
    assert result.end_reason == pb.END_REASON_HANDLER_LOST
    assert result.outcome == pb.OUTCOME_FOLLOW_UP
    assert (result.status, result.duration) == (pb.CALL_STATUS_COMPLETED, 49)
    assert [turn.text for turn in result.transcript] == ["Luigi's, hello?"]


async def test_f13_a_talk_too_long_for_one_result_is_cut_and_has_its_result(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, *(["\u00e9" * 4_000] * 150), nonce=NONCE)
    await rig.call_back(call_id, "completed", duration_s=49)
    await rig.sweep(after_s=20)
    result = await rig.finished(call_id)
    assert result.end_reason == pb.END_REASON_HANDLER_LOST
    assert len(result.transcript) == 150
    assert not result.transcript_complete


async def test_f13_nothing_is_filed_before_the_grace_is_over(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, nonce=NONCE)
    await rig.call_back(call_id, "completed", duration_s=49)
    await rig.store.write(lambda tx: file_carrier_facts(tx, call_id))
    assert await rig.result(call_id) is None


async def test_f14_a_frozen_handler_is_asked_about_and_not_closed(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, nonce=NONCE)
    rig.know(sid(1), "in-progress")
    await rig.sweep(after_s=30)
    assert rig.carrier.asked == [f"fetch {sid(1)}"]
    assert await rig.result(call_id) is None


async def test_f14_the_handlers_own_report_outranks_the_reconstruction(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, nonce=NONCE)
    await rig.call_back(call_id, "completed", duration_s=49)
    await rig.sweep(after_s=20)
    await rig.report(call_id)
    result = await rig.finished(call_id)
    assert result.end_reason == pb.END_REASON_CALLEE_HUNG_UP
    assert result.outcome == pb.OUTCOME_SUCCEEDED
    assert result.duration == 49  # the carrier's


async def test_f18_answered_without_a_stream_is_media_lost_within_30_s(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.call_back(call_id, "in-progress")
    rig.know(sid(1), "in-progress")
    await rig.sweep(after_s=20)
    assert rig.carrier.asked == [f"end {sid(1)}", f"fetch {sid(1)}"]
    await rig.sweep(after_s=1)
    result = await rig.finished(call_id)
    assert result.end_reason == pb.END_REASON_MEDIA_LOST
    assert result.outcome == pb.OUTCOME_FOLLOW_UP


async def test_f18_over_before_a_stream_claimed_it_has_its_result_at_once(rig: Rig) -> None:
    """Nobody can claim it any more, so nobody will tell its other side."""
    call_id = await rig.dial()
    await rig.call_back(call_id, "in-progress")
    await rig.call_back(call_id, "completed", duration_s=3)
    with pytest.raises(AlreadyHeld):
        await rig.progress(call_id, nonce=NONCE)
    await rig.sweep(after_s=0)
    result = await rig.finished(call_id)
    assert (result.end_reason, result.duration) == (pb.END_REASON_MEDIA_LOST, 3)


async def test_f21_a_second_telephone_call_is_refused_the_claim(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, nonce=NONCE)
    with pytest.raises(AlreadyHeld):
        await rig.progress(call_id, call_sid=sid(2), nonce="cd" * 16)


async def test_f21_a_second_stream_is_refused_the_claim(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, nonce=NONCE)
    with pytest.raises(AlreadyHeld):
        await rig.progress(call_id, nonce="cd" * 16)


async def test_f21_the_same_stream_may_repeat_its_claim(rig: Rig) -> None:
    call_id = await rig.dial()
    first = await rig.progress(call_id, nonce=NONCE)
    again = await rig.progress(call_id, nonce=NONCE)
    assert first.order is not None
    assert first.order == again.order
    assert first.order.details["customer_name"] == "Ada"
    assert first.order.facts[0].name == "total_price"
    assert first.order.time_limit_s == 600


async def test_f21_a_call_that_is_over_cannot_be_claimed(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.call_back(call_id, "no-answer")
    with pytest.raises(AlreadyHeld):
        await rig.progress(call_id, nonce=NONCE)
