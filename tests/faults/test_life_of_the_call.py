"""Faults F12-F21: the call as the Orchestrator sees it, whoever dies or calls twice."""

from pathlib import Path

import pytest

from orchestrator.calls import (
    file_carrier_facts,
)
from orchestrator.dial_policy import DialCaps
from orchestrator.errors import AlreadyHeld
from orchestrator.store.calls import CallState
from ringback.v1 import call_results_pb2 as pb
from tests.faults.life_peers import sid
from tests.faults.life_rig import NONCE, Rig, life_rig

HOUR_S = 3600


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


async def test_an_external_call_appears_with_its_first_callback(rig: Rig) -> None:
    row = await rig.call_back("", "ringing", call_sid=sid(50))
    assert row.origin == pb.CALL_ORIGIN_EXTERNAL
    await rig.call_back("", "busy", call_sid=sid(50))
    result = await rig.finished(row.call_id)
    assert (result.status, result.origin) == (pb.CALL_STATUS_BUSY, pb.CALL_ORIGIN_EXTERNAL)


async def test_an_external_call_appears_with_its_first_progress(rig: Rig) -> None:
    answer = await rig.progress("", "Hello?", call_sid=sid(50))
    again = await rig.progress("", "Yes.", call_sid=sid(50), first=1)
    assert (answer.call_id, again.last_turn) == (again.call_id, 2)


async def test_an_external_call_that_turns_out_to_be_ours_becomes_one(rig: Rig) -> None:
    call_id = await rig.dial_unknown()
    external = await rig.progress("", "Hello?", call_sid=sid(50))
    row = await rig.call_back(call_id, "in-progress", call_sid=sid(50))
    assert (row.call_id, row.call_sid) == (call_id, sid(50))
    with pytest.raises(AssertionError):
        await rig.row(external.call_id)


async def test_turns_beyond_a_gap_are_asked_for_again(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, "one", nonce=NONCE)
    answer = await rig.progress(call_id, "three", first=2)
    assert answer.last_turn == 1


async def test_a_turn_sent_again_with_more_text_replaces_it(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, "Lui", nonce=NONCE)
    await rig.progress(call_id, "Luigi's, hello?")
    await rig.progress(call_id, "Luigi's, hello?")
    turns = await rig.events("turn")
    assert [turn["text"] for turn in turns] == ["Lui", "Luigi's, hello?"]


async def test_each_change_of_a_call_is_one_event(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.call_back(call_id, "ringing")
    await rig.call_back(call_id, "ringing")
    await rig.call_back(call_id, "busy")
    seen = [(event["state"], event["status"]) for event in await rig.events("call")]
    assert seen[:5] == [
        ("ready", 0),
        ("dialing", 0),
        ("waiting", 0),
        ("waiting", pb.CALL_STATUS_RINGING),
        ("waiting", pb.CALL_STATUS_BUSY),
    ]
    assert seen[-1] == ("final", pb.CALL_STATUS_BUSY)


@pytest.mark.parametrize(
    ("caps", "words"),
    [
        (DialCaps(9, 1, 9, 9, 1e9), "1 call an hour"),
        (DialCaps(9, 9, 9, 1, 1e9), "called 1 time within"),
        (DialCaps(9, 9, 9, 9, 3.0), "limit of 3 a day"),
    ],
)
async def test_a_cap_that_is_reached_refuses_with_its_reason(
    tmp_path: Path, caps: DialCaps, words: str
) -> None:
    async with life_rig(tmp_path, caps=caps) as rig:
        first = await rig.dial()
        await rig.call_back(first, "busy")
        second = await rig.confirm()
        await rig.sweep()
        result = await rig.finished(second.call_id)
        assert result.end_reason == pb.END_REASON_NOT_PLACED
        assert words in result.error_message
        assert len(rig.handlers.orders) == 1


async def test_one_call_at_once_makes_the_second_wait(tmp_path: Path) -> None:
    async with life_rig(tmp_path, caps=DialCaps(1, 9, 9, 9, 1e9)) as rig:
        first = await rig.dial()
        second = await rig.confirm()
        await rig.sweep()
        assert (await rig.row(second.call_id)).state is CallState.READY
        await rig.call_back(first, "busy")
        await rig.sweep(after_s=rig.timings.retry_s)
        assert (await rig.row(second.call_id)).state is CallState.WAITING
