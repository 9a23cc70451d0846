"""A call around its conversation: the claim, late words, the cancel, the books, the log."""

import asyncio
from dataclasses import replace
from pathlib import Path

import grpc
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from call_handler.call import LiveCall, finish_call
from call_handler.outcome import CallEnd, EndKind, HeldCall
from ringback.v1 import call_results_pb2 as pb
from tests.unit.call_handler.call_peers import (
    CALL_SID,
    ORDER,
    PRICE,
    ModelSession,
    order_is_taken,
    talk_starts,
    until_heard,
)
from tests.unit.call_handler.call_rig import UNHURRIED, CallRig, call_rig


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

    limits = replace(UNHURRIED, late_s=30.0)
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
        await session.answer("I am an AI assistant calling on behalf of Ada.")
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
