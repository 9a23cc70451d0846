"""Every ending of a call, against real servers: one result each, the call over at the carrier."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from call_handler.bridge import BridgeLimits
from ringback.v1 import call_results_pb2 as pb
from tests.unit.call_handler.call_peers import (
    CALL_SID,
    CarrierStream,
    ModelSession,
    order_is_taken,
    reset,
    talk_starts,
    until_heard,
)
from tests.unit.call_handler.call_rig import CallRig, call_rig


async def model_is_lost(session: ModelSession) -> None:
    """Break off in the middle of the call, without a close."""
    await session.callee_says("Luigi's, hello?", "item_c1")
    await session.answer("I am an AI assistant calling on behalf of Ada.")
    session.socket.transport.abort()


async def model_expires(session: ModelSession) -> None:
    """End the session the way the service does after 60 minutes."""
    await session.callee_says("Luigi's, hello?", "item_c1")
    await session.send("error", error={"code": "session_expired", "message": "Too long."})
    await session.socket.close(1001, "Your session hit the maximum duration of 60 minutes.")


async def test_an_order_that_is_taken_is_reported_with_its_proof(tmp_path: Path) -> None:
    async with call_rig(tmp_path, order_is_taken) as rig, rig.stream() as stream:
        await stream.start()
        playing = asyncio.create_task(stream.echo_marks())
        await stream.frames(50)
        result = await rig.orchestrator.one_result()
        await playing
    assert result.end_reason == pb.END_REASON_AGENT_HUNG_UP
    assert result.outcome == pb.OUTCOME_SUCCEEDED
    assert [(fact.value, list(fact.evidence_turns)) for fact in result.facts] == [("14.50", [2])]
    assert rig.carrier.ended == [CALL_SID]
    assert rig.model.open == 0


async def test_the_goodbye_is_sent_before_the_call_is_ended(tmp_path: Path) -> None:
    async with call_rig(tmp_path, order_is_taken) as rig, rig.stream() as stream:
        await stream.start()
        await stream.echo_marks()
        await rig.orchestrator.one_result()
    sent = [str(message["event"]) for message in stream.heard]
    played = [
        base64.b64decode(media["payload"])
        for message in stream.heard
        if isinstance(media := message.get("media"), dict)
    ]
    assert sum(len(part) for part in played) == (200 + 400) * 8
    assert sent[-1] == "mark"


async def hang_up(rig: CallRig, stream: CarrierStream) -> None:
    del rig
    await stream.stop()


async def close_without_stop(rig: CallRig, stream: CarrierStream) -> None:
    del rig
    await stream.socket.close()


async def cut(rig: CallRig, stream: CarrierStream) -> None:
    del rig
    reset(stream.socket)


async def stop_the_service(rig: CallRig, stream: CarrierStream) -> None:
    del stream
    rig.door.drain.stopping.set()


async def reach_the_time_limit(rig: CallRig, stream: CarrierStream) -> None:
    del rig
    await stream.frames(3_001)


async def send_rubbish(rig: CallRig, stream: CarrierStream) -> None:
    del rig
    await stream.socket.send("{")


async def send_binary(rig: CallRig, stream: CarrierStream) -> None:
    del rig
    await stream.socket.send(b"\x00")


async def start_again(rig: CallRig, stream: CarrierStream) -> None:
    del rig
    await stream.start()


@pytest.mark.parametrize(
    ("end", "end_reason", "is_ended_by_us"),
    [
        (hang_up, pb.END_REASON_CALLEE_HUNG_UP, False),
        (close_without_stop, pb.END_REASON_MEDIA_LOST, True),
        (cut, pb.END_REASON_MEDIA_LOST, True),
        (send_rubbish, pb.END_REASON_MEDIA_LOST, True),
        (send_binary, pb.END_REASON_MEDIA_LOST, True),
        (start_again, pb.END_REASON_MEDIA_LOST, True),
        (stop_the_service, pb.END_REASON_HANDLER_STOPPED, True),
        (reach_the_time_limit, pb.END_REASON_TIME_LIMIT, True),
    ],
)
async def test_f17_each_end_of_the_stream_is_reported_once(
    end: Callable[[CallRig, CarrierStream], Awaitable[None]],
    end_reason: pb.EndReason.ValueType,
    is_ended_by_us: bool,
    tmp_path: Path,
) -> None:
    async with call_rig(tmp_path, talk_starts) as rig, rig.stream() as stream:
        await stream.start()
        await stream.frames(10)
        await until_heard(stream)
        await end(rig, stream)
        result = await rig.orchestrator.one_result()
        await rig.settled()
    assert result.end_reason == end_reason
    assert result.outcome == pb.OUTCOME_FOLLOW_UP
    assert result.transcript[0].text == "Luigi's, hello?"
    assert rig.carrier.ended == [CALL_SID] * is_ended_by_us
    assert (rig.model.open, len(rig.orchestrator.results)) == (0, 1)


async def test_f17_a_stream_without_frames_is_lost(tmp_path: Path) -> None:
    limits = BridgeLimits(frame_gap_s=0.2, tick_s=0.02)
    async with call_rig(tmp_path, talk_starts, limits) as rig, rig.stream() as stream:
        await stream.start()
        await stream.frames(10)
        result = await rig.orchestrator.one_result()
    assert (result.end_reason, result.fault.code) == (pb.END_REASON_MEDIA_LOST, "no_frames")


@pytest.mark.parametrize(
    ("script", "code"), [(model_is_lost, "connection_lost"), (model_expires, "session_expired")]
)
async def test_f19_a_lost_model_leaves_the_call_to_the_apology(
    script: Callable[[ModelSession], Awaitable[None]], code: str, tmp_path: Path
) -> None:
    async with call_rig(tmp_path, script) as rig, rig.stream() as stream:
        await stream.start()
        await stream.frames(10)
        result = await rig.orchestrator.one_result()
    assert (result.end_reason, result.fault.code) == (pb.END_REASON_MODEL_ERROR, code)
    assert rig.carrier.ended == []  # the carrier asks /after-stream, which apologises


async def test_a_model_lost_before_a_word_is_connected_once_more(tmp_path: Path) -> None:
    sessions: list[ModelSession] = []

    async def lost_at_first(session: ModelSession) -> None:
        sessions.append(session)
        if len(sessions) == 1:
            session.socket.transport.abort()
        else:
            await order_is_taken(session)

    async with call_rig(tmp_path, lost_at_first) as rig, rig.stream() as stream:
        await stream.start()
        await stream.frames(10)
        await stream.echo_marks()
        result = await rig.orchestrator.one_result()
    assert (len(sessions), result.outcome) == (2, pb.OUTCOME_SUCCEEDED)
