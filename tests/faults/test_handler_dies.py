"""Faults F12-F14 with real processes: the Call Handler dies while it rings or talks, or freezes."""

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ringback.v1 import call_results_pb2 as pb
from telephony.stream_token import load_stream_key
from tests.faults.fleet_rig import Calls, passed, running_calls

pytestmark = [pytest.mark.chaos, pytest.mark.asyncio(loop_scope="module")]

RINGS_LONG = {"answer_after_s": 15.0}
FROZEN_S = 30.0
SPANS = {"RINGBACK_RING_S": "30", "RINGBACK_GRACE_S": "2"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Calls]:
    folder = tmp_path_factory.mktemp("deaths")
    async with running_calls(folder, handlers=2, spans=SPANS) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def calls(fleet: Calls) -> Calls:
    """Give the system with all its handlers alive."""
    await fleet.make_whole()
    return fleet


async def dialled_by(calls: Calls, call_id: str) -> str:
    """Wait until a call rings; say which handler dialled it."""
    await calls.until_state(call_id, "ringing")
    return await calls.handler_that("call_placed", call_id)


async def test_f12_killed_while_it_rings_the_carriers_word_is_the_result(calls: Calls) -> None:
    await calls.bind("+14155550150", "busy", ring=RINGS_LONG)
    call_id = await calls.place("+14155550150")
    await calls.fleet.kill(await dialled_by(calls, call_id))
    result = await calls.until_result(call_id)
    await calls.judge(call_id)
    assert (result.status, result.end_reason) == (pb.CALL_STATUS_BUSY, pb.END_REASON_BUSY)


async def test_f12_killed_while_it_rings_another_replica_serves_the_answered_call(
    calls: Calls,
) -> None:
    await calls.bind("+14155550151", "order_taken", ring=RINGS_LONG)
    call_id = await calls.place("+14155550151")
    dead = await dialled_by(calls, call_id)
    await calls.fleet.kill(dead)
    result = await calls.until_result(call_id)
    await calls.judge(call_id)
    assert await calls.handler_that("call_claimed", call_id) != dead
    assert result.outcome == pb.OUTCOME_SUCCEEDED


async def test_f12_killed_while_it_rings_a_replica_that_cannot_serve_it_apologises(
    calls: Calls,
) -> None:
    await calls.bind("+14155550152", "order_taken", ring=RINGS_LONG)
    own_key = calls.fleet.folder / "handler-2" / "own.key"
    load_stream_key(own_key)  # neither admits the streams of the other's dials
    await calls.restart("handler-2", RINGBACK_STREAM_KEY_FILE=str(own_key))
    call_id = await calls.place("+14155550152")
    await calls.fleet.kill(await dialled_by(calls, call_id))
    result = await calls.until_result(call_id)
    await calls.judge(call_id)
    (apology,) = await calls.apologies(call_id)
    assert "technical problem" in apology
    assert (result.status, result.end_reason) == (
        pb.CALL_STATUS_COMPLETED,
        pb.END_REASON_MEDIA_LOST,
    )


async def test_f12_killed_as_it_is_answered_the_other_replica_apologises_and_hangs_up(
    calls: Calls,
) -> None:
    await calls.bind("+14155550156", "order_taken", ring={"answer_after_s": 1.0})
    # Whichever the carrier's stream reaches dies before it has said a word.
    await calls.restart(*calls.fleet.handler_names, RINGBACK_FAILPOINTS="stream.claimed")
    call_id = await calls.place("+14155550156")
    over = await calls.until_over(call_id)
    result = await calls.until_result(call_id)
    alive = {name for name in calls.fleet.handler_names if calls.fleet.is_alive(name)}
    assert alive == {await calls.handler_that("after_stream", call_id)}
    (apology,) = await calls.apologies(call_id)
    assert ("technical problem" in apology, over["by"]) == (True, "twiml")
    assert (result.end_reason, result.source) == (pb.END_REASON_HANDLER_LOST, pb.SOURCE_PROVIDER)
    assert result.duration == over["duration_s"]
    await calls.make_whole()
    upgraded = await calls.until_result(call_id, holds=lambda r: r.revision > 1)
    await calls.judge(call_id)
    assert (upgraded.source, upgraded.end_reason) == (
        pb.SOURCE_RECOVERED,
        pb.END_REASON_HANDLER_LOST,
    )


async def test_f12_killed_while_it_rings_and_nobody_else_there_there_is_one_result(
    calls: Calls,
) -> None:
    await calls.bind("+14155550153", "order_taken", ring=RINGS_LONG)
    call_id = await calls.place("+14155550153")
    await dialled_by(calls, call_id)
    for name in calls.fleet.handler_names:
        await calls.fleet.kill(name)
    result = await calls.until_result(call_id)
    await calls.judge(call_id)
    assert (result.status, result.outcome) == (pb.CALL_STATUS_COMPLETED, pb.OUTCOME_FOLLOW_UP)


async def test_f13_killed_in_the_call_the_callee_hears_an_apology_and_the_result_is_upgraded_once(
    calls: Calls,
) -> None:
    numbers = [f"+1415555016{digit}" for digit in range(6)]
    for number in numbers:
        await calls.bind(number, "order_taken")
    call_ids = [await calls.place(number) for number in numbers]
    held = {call_id: await calls.handler_that("call_claimed", call_id) for call_id in call_ids}
    dead = held[call_ids[-1]]
    await calls.until_said(call_ids[-1], "agent")
    await calls.fleet.kill(dead)
    results = {each: await calls.until_result(each) for each in call_ids}
    lost = [e for e in call_ids if results[e].end_reason == pb.END_REASON_HANDLER_LOST]
    assert call_ids[-1] in lost
    assert {held[call_id] for call_id in lost} == {dead}
    for call_id in lost:
        (apology,) = await calls.apologies(call_id)
        over = await calls.until_over(call_id)
        assert "technical problem" in apology
        assert over["by"] == "twiml"
        assert results[call_id].source == pb.SOURCE_PROVIDER
        assert results[call_id].duration == over["duration_s"]
        assert results[call_id].revision == 1
    await calls.make_whole()
    for call_id in lost:
        upgraded = await calls.until_result(call_id, holds=lambda r: r.revision > 1)
        assert (upgraded.source, upgraded.revision) == (pb.SOURCE_RECOVERED, 2)
        assert (upgraded.status, upgraded.end_reason) == (
            pb.CALL_STATUS_COMPLETED,
            pb.END_REASON_HANDLER_LOST,
        )
        assert not upgraded.transcript_complete
    await calls.judge(*call_ids)
    spoken = [t.text for t in (await calls.until_result(call_ids[-1])).transcript]
    assert any("hello" in text for text in spoken)


async def test_f13_killed_in_the_call_and_nobody_else_there_there_is_one_result(
    calls: Calls,
) -> None:
    await calls.bind("+14155550154", "order_taken")
    call_id = await calls.place("+14155550154")
    await calls.until_said(call_id, "agent")
    for name in calls.fleet.handler_names:
        await calls.fleet.kill(name)
    over = await calls.until_over(call_id)
    result = await calls.until_result(call_id)
    assert await calls.apologies(call_id) == []  # nobody could be asked for one
    assert over["by"] == "webhook_failed"
    assert (result.end_reason, result.source) == (pb.END_REASON_HANDLER_LOST, pb.SOURCE_PROVIDER)
    await calls.make_whole()
    upgraded = await calls.until_result(call_id, holds=lambda r: r.revision > 1)
    await calls.judge(call_id)
    assert (upgraded.source, upgraded.revision) == (pb.SOURCE_RECOVERED, 2)


async def test_f14_a_frozen_handler_tells_its_own_story_in_the_end(calls: Calls) -> None:
    await calls.bind("+14155550155", "order_taken")
    call_id = await calls.place("+14155550155")
    await calls.until_said(call_id, "callee")
    frozen = await calls.handler_that("call_claimed", call_id)
    await calls.fleet.kill(frozen, signal.SIGSTOP)
    thawed_at = asyncio.get_running_loop().time() + FROZEN_S
    over = await calls.until_over(call_id)  # the callee loses patience in 30 s of script time
    reconstructed = await calls.until_result(call_id)
    await passed(thawed_at)
    assert (await calls.until_result(call_id)).revision == reconstructed.revision == 1
    await calls.fleet.kill(frozen, signal.SIGCONT)
    told = await calls.until_result(call_id, holds=lambda r: r.revision > 1)
    await calls.judge(call_id)
    assert reconstructed.source == pb.SOURCE_PROVIDER
    assert reconstructed.end_reason == pb.END_REASON_HANDLER_LOST
    assert (told.source, told.revision) == (pb.SOURCE_HANDLER, 2)
    # The carrier may have given the socket up before it could say `stop`.
    assert told.end_reason in {pb.END_REASON_CALLEE_HUNG_UP, pb.END_REASON_MEDIA_LOST}
    assert told.fault.code != "no_frames"  # it was not the line that stood still
    assert told.duration == over["duration_s"]
