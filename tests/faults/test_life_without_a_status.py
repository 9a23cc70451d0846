"""Faults F12, F13: the handler's side is told, but nobody knows how the telephone call ended."""

import pytest

from call_reporter.recovery import build_recovered_result
from orchestrator.call_results import receive_proto, record_call_result
from orchestrator.calls import UNTIMED, Candidate, CarrierFacts, apply_lookup, note_unreachable
from ringback.v1 import call_results_pb2 as pb
from tests.faults.life_peers import sid
from tests.faults.life_rig import NONCE, Rig


async def recover(rig: Rig, call_id: str) -> None:
    """Have a handler report what it recovered of a call that it had not claimed yet."""
    draft = pb.CallResult(call_id=call_id, call_sid=sid(1))
    result = build_recovered_result(draft, (), was_claimed=False, now=rig.clock.now())
    await record_call_result(rig.store, receive_proto(result))


async def test_f13_a_recovered_call_without_a_status_is_asked_about(rig: Rig) -> None:
    call_id = await rig.dial()
    await recover(rig, call_id)
    assert (await rig.finished(call_id)).status == pb.CALL_STATUS_UNKNOWN
    rig.know(sid(1), "completed", duration_s=7)
    await rig.sweep()
    result = await rig.finished(call_id)
    assert result.status == pb.CALL_STATUS_COMPLETED
    assert result.duration == 7
    assert result.end_reason == pb.END_REASON_HANDLER_LOST
    assert (await rig.row(call_id)).due_at is None


async def test_f6_a_recovered_call_whose_sid_nobody_had_told_is_asked_about(rig: Rig) -> None:
    call_id = await rig.dial_unknown()
    await recover(rig, call_id)
    rig.know(sid(1), "completed", duration_s=7)
    await rig.sweep()
    result = await rig.finished(call_id)
    assert (result.status, result.duration) == (pb.CALL_STATUS_COMPLETED, 7)
    assert (await rig.row(call_id)).due_at is None


async def test_f6_a_report_that_tells_the_sid_of_an_unknown_dial_leaves_it_to_be_asked_about(
    rig: Rig,
) -> None:
    call_id = await rig.dial_unknown()
    await rig.report(call_id)
    rig.know(sid(1), "completed", duration_s=50)
    await rig.sweep(after_s=rig.timings.settle_s)
    assert (await rig.finished(call_id)).duration == 50


@pytest.mark.parametrize("word", ["ringing", "busy"])
async def test_f6_an_unknown_dial_that_was_heard_of_as_somebody_elses_call_is_adopted(
    rig: Rig, word: str
) -> None:
    call_id = await rig.dial_unknown()
    await rig.call_back("", word)  # a callback of the number's own, without our call_id
    rig.know(sid(1), "busy")
    await rig.sweep(after_s=rig.timings.settle_s)
    result = await rig.finished(call_id)
    assert (result.status, result.call_sid) == (pb.CALL_STATUS_BUSY, sid(1))
    assert (await rig.row(call_id)).due_at is None


async def test_f13_a_recovered_call_that_goes_on_is_asked_about_until_it_is_over(rig: Rig) -> None:
    call_id = await rig.dial()
    await recover(rig, call_id)
    rig.know(sid(1), "in-progress")
    await rig.sweep()
    rig.know(sid(1), "completed", duration_s=40)
    await rig.sweep(after_s=rig.timings.ask_again_s)
    assert (await rig.finished(call_id)).duration == 40


async def test_f38_a_recovered_call_is_not_asked_about_for_ever(rig: Rig) -> None:
    call_id = await rig.dial()
    await recover(rig, call_id)
    rig.carrier.is_reachable = False
    await rig.sweep()
    assert (await rig.row(call_id)).due_at is not None
    await rig.sweep(after_s=rig.timings.give_up_s)
    assert (await rig.row(call_id)).due_at is None
    assert (await rig.finished(call_id)).revision == 1


async def test_f38_what_was_said_is_there_though_nobody_learns_how_the_call_ended(
    rig: Rig,
) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, "Luigi's.", nonce=NONCE)
    rig.carrier.is_reachable = False
    await rig.sweep(after_s=rig.timings.silence_s)
    await rig.sweep(after_s=rig.timings.give_up_s)
    result = await rig.finished(call_id)
    assert (result.source, result.status) == (pb.SOURCE_DEADLINE, pb.CALL_STATUS_UNKNOWN)
    assert [turn.text for turn in result.transcript] == ["Luigi's."]


async def test_f34_the_duration_of_a_call_whose_last_callback_is_lost_is_asked_for(
    rig: Rig,
) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, nonce=NONCE)
    await rig.report(call_id)
    rig.know(sid(1), "completed", duration_s=50)
    await rig.sweep()
    assert rig.carrier.asked == []  # the callback still has time
    await rig.sweep(after_s=rig.timings.silence_s)
    assert rig.carrier.asked == [f"fetch {sid(1)}"]
    result = await rig.finished(call_id)
    assert result.duration == 50
    assert result.outcome == pb.OUTCOME_SUCCEEDED


async def test_a_list_that_finds_a_call_bound_meanwhile_is_heard(rig: Rig) -> None:
    call_id = await rig.dial_unknown()
    await rig.report(call_id)
    found = [Candidate(sid(1), None, _word("completed", 51))]
    await rig.store.write(lambda tx: apply_lookup(tx, call_id, found, rig.timings, 0))
    assert (await rig.finished(call_id)).duration == 51


async def test_a_question_that_a_report_overtook_is_not_asked_again(rig: Rig) -> None:
    await rig.progress("", call_sid=sid(9))
    await rig.report("", sid(9))
    [call_id] = [str(event["call_id"]) for event in await rig.events("result")]
    await rig.store.write(lambda tx: note_unreachable(tx, call_id, rig.timings))
    assert (await rig.row(call_id)).due_at is None


def _word(word: str, duration_s: int) -> CarrierFacts:
    status = pb.CALL_STATUS_COMPLETED
    return CarrierFacts(status, word, UNTIMED, fetched=True, duration_s=duration_s)
