"""Every ending of a call, against real servers: one result each, the call over at the carrier."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from pathlib import Path

import grpc
import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs
from websockets.asyncio.client import ClientConnection

from call_handler.bridge import BridgeLimits
from call_handler.call import LiveCall, finish_call
from call_handler.outcome import CallEnd, EndKind, HeldCall
from ringback.v1 import call_results_pb2 as pb
from tests.unit.call_handler.call_rig import (
    CALL_SID,
    ORDER,
    CallRig,
    CarrierStream,
    ModelSession,
    call_rig,
)

PRICE = '{"name":"total_price","value":"14.50"}'


async def order_is_taken(session: ModelSession) -> None:
    """Play an order that is taken, up to the goodbye."""
    await session.callee_says("Luigi's, hello?", "item_c1")
    await session.answer("I am an AI assistant calling on behalf of Ada.")
    await session.callee_says("That will be fourteen fifty.", "item_c2")
    await session.answer(tools={"record_fact": PRICE})
    await session.receive("response.create")
    await session.answer("Thank you, goodbye.", 400, {"end_call": '{"reason":"done"}'})
    await session.until_closed()


async def talk_starts(session: ModelSession) -> None:
    """Play the beginning of a call."""
    await session.callee_says("Luigi's, hello?", "item_c1")
    await session.answer("I am an AI assistant.")
    await session.until_closed()


async def model_is_lost(session: ModelSession) -> None:
    """Break off in the middle of the call, without a close."""
    await session.callee_says("Luigi's, hello?", "item_c1")
    await session.answer("I am an AI assistant.")
    session.socket.transport.abort()


async def model_expires(session: ModelSession) -> None:
    """End the session the way the service does after 60 minutes."""
    await session.callee_says("Luigi's, hello?", "item_c1")
    await session.send("error", error={"code": "session_expired", "message": "Too long."})
    await session.socket.close(1001, "Your session hit the maximum duration of 60 minutes.")


async def until_heard(stream: CarrierStream) -> None:
    """Play the line until the agent has spoken."""
    async for text in stream.socket:
        if '"mark"' in str(text):
            return


def reset(socket: ClientConnection) -> None:
    """Cut the connection without a close frame."""
    socket.transport.abort()


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
async def test_f19_a_lost_model_ends_the_call_with_its_reason(
    script: Callable[[ModelSession], Awaitable[None]], code: str, tmp_path: Path
) -> None:
    async with call_rig(tmp_path, script) as rig, rig.stream() as stream:
        await stream.start()
        await stream.frames(10)
        result = await rig.orchestrator.one_result()
    assert (result.end_reason, result.fault.code) == (pb.END_REASON_MODEL_ERROR, code)
    assert rig.carrier.ended == [CALL_SID]


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


async def test_f22_without_an_answer_to_the_claim_nothing_is_said(tmp_path: Path) -> None:
    async with call_rig(tmp_path) as rig, rig.stream() as stream:
        rig.orchestrator.refusal = grpc.StatusCode.UNAVAILABLE
        await stream.start()
        result = await rig.orchestrator.one_result()
    assert result.end_reason == pb.END_REASON_NOT_CLAIMED
    assert rig.carrier.ended == [CALL_SID]
    assert rig.model.sessions == []


async def test_f21_a_second_stream_is_closed_and_reports_nothing(tmp_path: Path) -> None:
    async with call_rig(tmp_path) as rig, rig.stream() as stream:
        rig.orchestrator.refusal = grpc.StatusCode.ALREADY_EXISTS
        await stream.start()
        await stream.socket.wait_closed()
        await rig.settled()
    assert stream.socket.close_code == 1008
    assert (rig.orchestrator.results, rig.carrier.ended, rig.model.sessions) == ([], [], [])


async def test_a_carrier_out_of_reach_gets_the_socket_closed(tmp_path: Path) -> None:
    async with call_rig(tmp_path, order_is_taken) as rig, rig.stream() as stream:
        rig.carrier.unreachable = True
        await stream.start()
        await stream.echo_marks()
        result = await rig.orchestrator.one_result()
    assert stream.socket.close_code == 1000
    assert result.outcome == pb.OUTCOME_SUCCEEDED


async def test_words_that_come_after_the_end_are_a_revision(tmp_path: Path) -> None:
    is_over = asyncio.Event()

    async def words_come_late(session: ModelSession) -> None:
        await session.answer("I am an AI assistant calling on behalf of Ada.")
        await session.send("input_audio_buffer.committed", item_id="item_c")
        await session.answer(tools={"record_fact": PRICE, "end_call": '{"reason":"done"}'})
        await is_over.wait()
        kind = "conversation.item.input_audio_transcription.completed"
        await session.send(kind, item_id="item_c", transcript="That is fourteen fifty.")
        await session.until_closed()

    limits = BridgeLimits(late_s=10)
    async with call_rig(tmp_path, words_come_late, limits) as rig, rig.stream() as stream:
        await stream.start()
        playing = asyncio.create_task(stream.echo_marks())
        first = await rig.orchestrator.one_result()
        is_over.set()
        await rig.settled()
        await playing
    first_outcome, second = first.outcome, rig.orchestrator.results[-1]
    assert (first_outcome, first.transcript_complete) == (pb.OUTCOME_FOLLOW_UP, False)
    assert (second.outcome, second.transcript_complete) == (pb.OUTCOME_SUCCEEDED, True)
    assert second.report_id != first.report_id
    assert len(rig.orchestrator.results) == 2


async def test_a_person_who_cancels_ends_the_call_with_a_goodbye(tmp_path: Path) -> None:
    rigs: list[CallRig] = []

    async def says_goodbye(session: ModelSession) -> None:
        rigs[0].orchestrator.cancel = True
        await session.callee_says("Luigi's, hello?", "item_c1")
        await session.answer("I am an AI assistant.")
        await session.receive("response.create")
        await session.answer("I am sorry, goodbye.")
        await session.until_closed()

    async with call_rig(tmp_path, says_goodbye) as rig, rig.stream() as stream:
        rigs.append(rig)
        await stream.start()
        await stream.echo_marks()
        result = await rig.orchestrator.one_result()
    assert result.end_reason == pb.END_REASON_PERSON_HUNG_UP
    assert result.transcript[-1].text == "I am sorry, goodbye."


async def test_a_call_cancelled_before_a_word_ends_at_once(tmp_path: Path) -> None:
    async with call_rig(tmp_path) as rig, rig.stream() as stream:
        rig.orchestrator.cancel = True
        await stream.start()
        result = await rig.orchestrator.one_result()
    assert result.end_reason == pb.END_REASON_PERSON_HUNG_UP
    assert rig.carrier.ended == [CALL_SID]


async def test_a_call_is_finished_only_once(tmp_path: Path) -> None:
    async with call_rig(tmp_path) as rig:
        services = rig.door.services
        held = HeldCall(CALL_SID, ORDER, services.clock.now())
        call = LiveCall(held, None, None)
        for kind in (EndKind.CALLEE_HUNG_UP, EndKind.MEDIA_LOST):
            await finish_call(call, CallEnd(kind, services.clock.now()), services)
        result = await rig.orchestrator.one_result()
    assert result.end_reason == pb.END_REASON_CALLEE_HUNG_UP


async def test_the_log_tells_who_ended_the_call_and_that_it_was_reported(tmp_path: Path) -> None:
    async with call_rig(tmp_path, talk_starts) as rig, rig.stream() as stream:
        with capture_logs(processors=[merge_contextvars]) as lines:
            await stream.start()
            await stream.frames(100)
            await until_heard(stream)
            await stream.stop()
            await rig.settled()
    told = {line["event"]: line for line in lines}
    ended = told["call_terminated"]
    assert (ended["by"], ended["end_reason"]) == ("callee", "END_REASON_CALLEE_HUNG_UP")
    assert (ended["call_sid"], ended["log_level"]) == (CALL_SID, "info")
    assert ended["duration_s"] == 1
    assert told["call_reported"]["disposition"] == "DISPOSITION_STORED"
    assert "Luigi" not in str(lines)
