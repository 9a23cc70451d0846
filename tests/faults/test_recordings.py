"""What a call's recording changes, and what it must not, on both databases and two replicas."""

import asyncio
import random
from dataclasses import replace
from functools import partial

import pytest

from orchestrator import calls
from orchestrator.calls import DialRules
from orchestrator.calls import OrderAddresses as Addresses
from orchestrator.store.calls import CallRow
from orchestrator.store.recordings import RecordingRow, RecordingState
from ringback.v1 import call_results_pb2 as pb
from tests.faults.life_peers import sid
from tests.faults.life_rig import NONCE, Rig, replica_of, rules_of

PUBLIC = "https://orchestrator.ringback.test"


def recording(call_id: str, **changes: object) -> RecordingRow:
    whole = RecordingRow(
        call_id, "RE" + "5" * 32, RecordingState.COMPLETED, 47, f"{PUBLIC}/calls/x/recording"
    )
    return replace(whole, **changes)  # type: ignore[arg-type] # columns of the row


async def tell(rig: Rig, told: RecordingRow) -> bool:
    return await rig.store.write(lambda tx: calls.apply_recording(tx, sid(1), told))


async def claimed(rig: Rig, *, is_recorded: bool) -> CallRow:
    confirmed = await rig.confirm()
    rules = DialRules(rules_of(rig.caps, rig.timings).policy, rig.timings, is_recorded)
    row = await rig.store.write(lambda tx: calls.claim_call(tx, confirmed.call_id, rules))
    assert row is not None
    return row


async def test_the_claim_decides_for_every_replica_whether_a_call_is_recorded(rig: Rig) -> None:
    row = await claimed(rig, is_recorded=True)
    body = calls.order_body(row, Addresses(PUBLIC), rig.timings, 0.0)
    async with replica_of(rig) as other:  # its own rules record nothing
        answer = await other.progress(row.call_id, nonce=NONCE)
    assert body["recording_callback_url"] == f"{PUBLIC}/twilio/recording/{row.call_id}"
    assert answer.order is not None
    assert answer.order.is_recorded


async def test_nothing_is_asked_of_the_carrier_that_is_switched_off(rig: Rig) -> None:
    row = await claimed(rig, is_recorded=False)
    silent = calls.order_body(row, Addresses(PUBLIC), rig.timings, 0.0)
    asked = calls.order_body(row, Addresses(PUBLIC, detects_machines=True), rig.timings, 0.0)
    assert asked.keys() - silent.keys() == {"answering_callback_url"}
    assert asked["answering_callback_url"] == f"{PUBLIC}/twilio/answered/{row.call_id}"
    assert "recording_callback_url" not in asked


async def test_a_completed_recording_takes_the_place_of_an_absent_one_only(rig: Rig) -> None:
    call_id = await rig.dial()
    absent = recording(call_id, recording_sid="", state=RecordingState.ABSENT, url="")
    told = [absent, absent, recording(call_id), recording(call_id), absent]
    assert [await tell(rig, one) for one in told] == [True, False, True, False, False]


async def test_a_recording_whose_call_nobody_ended_has_the_carrier_asked_at_once(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.call_back(call_id, "in-progress")
    await rig.progress(call_id, "Hello?", nonce=NONCE)
    rig.know(sid(1), "completed", duration_s=47)  # its callback was lost
    await tell(rig, recording(call_id))
    await rig.sweep()
    assert (await rig.row(call_id)).status == pb.CALL_STATUS_COMPLETED
    await rig.sweep(after_s=rig.timings.grace_s)
    result = await rig.finished(call_id)
    assert result.end_reason == pb.END_REASON_HANDLER_LOST
    assert result.recording_url == recording(call_id).url


async def test_a_recording_and_a_result_that_race_on_two_replicas_meet(rig: Rig) -> None:
    async with replica_of(rig) as other:
        for _ in range(3):
            confirmed = await rig.confirm()
            await rig.sweep()
            call_sid = sid(len(rig.handlers.orders))
            told = recording(confirmed.call_id)
            await asyncio.gather(
                other.store.write(partial(calls.apply_recording, call_sid=call_sid, told=told)),
                rig.report(confirmed.call_id, call_sid),
            )
            assert (await rig.finished(confirmed.call_id)).recording_url == told.url


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_the_carrier_tells_makes_one_record_in_any_order(
    rig: Rig, seed: int
) -> None:
    told = ["recorded", "absent", "detected", "completed", "reported", "recorded"]
    random.Random(seed).shuffle(told)  # noqa: S311 - repeatable, not secret
    call_id = await rig.dial()
    for word in told:
        await hear(rig, call_id, word)
    await rig.sweep()
    result = await rig.finished(call_id)
    assert (result.status, result.duration) == (pb.CALL_STATUS_COMPLETED, 47)
    assert (result.outcome, result.source) == (pb.OUTCOME_SUCCEEDED, pb.SOURCE_HANDLER)
    assert result.recording_url == recording(call_id).url
    assert (await rig.row(call_id)).answered_by == "human"


async def hear(rig: Rig, call_id: str, word: str) -> None:
    match word:
        case "recorded":
            await tell(rig, recording(call_id))
        case "absent":
            absent = recording(call_id, recording_sid="", state=RecordingState.ABSENT, url="")
            await tell(rig, absent)
        case "detected":
            await rig.store.write(
                lambda tx: calls.apply_detection(tx, call_id, sid(1), "human", rig.timings)
            )
        case "completed":
            await rig.call_back(call_id, "completed", duration_s=47)
        case _:
            await rig.report(call_id)
