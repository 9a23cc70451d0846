"""Faults F17, F19 and F20: every way in which a held call ends has one honest result, in time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from call_handler.bridge import BridgeLimits
from call_handler.call import LiveCall, finish_call
from call_handler.outcome import CallEnd, EndKind, HeldCall
from call_reporter import CallReporter
from ringback.v1 import call_results_pb2 as pb
from tests.unit.call_handler.call_peers import (
    CALL_SID,
    ORDER,
    PRICE,
    CarrierStream,
    ModelSession,
    reset,
    talk_starts,
    until_heard,
)
from tests.unit.call_handler.call_rig import UNHURRIED, call_rig


class RecordingReporter(CallReporter):
    """Keeps what it is given to report, however often."""

    def __init__(self, outbox: Path) -> None:
        super().__init__("127.0.0.1:9", outbox=outbox)
        self.given: list[pb.CallResult] = []

    async def report(self, result: pb.CallResult) -> pb.ReportResponse | None:
        self.given.append(result)
        return None


async def test_f17_a_second_end_of_a_call_builds_no_second_result(tmp_path: Path) -> None:
    async with call_rig(tmp_path) as rig:
        reporter = RecordingReporter(tmp_path / "unused.db")
        services = replace(rig.door.services, reporter=reporter)
        call = LiveCall(HeldCall(CALL_SID, ORDER, services.clock.now()), None, None)
        kinds = (EndKind.CALLEE_HUNG_UP, EndKind.MEDIA_LOST)
        now = services.clock.now()
        await asyncio.gather(*(finish_call(call, CallEnd(k, now), services) for k in kinds))
    (result,) = reporter.given
    assert result.end_reason == pb.END_REASON_CALLEE_HUNG_UP


async def close_without_stop(stream: CarrierStream) -> None:
    await stream.socket.close()


async def cut(stream: CarrierStream) -> None:
    reset(stream.socket)


# How soon, `test_streams_fail.py` says, with all processes.
@pytest.mark.parametrize("end", [close_without_stop, cut])
async def test_f17_without_a_stop_there_is_a_result(
    end: Callable[[CarrierStream], Awaitable[None]], tmp_path: Path
) -> None:
    async with call_rig(tmp_path, talk_starts) as rig, rig.stream() as stream:
        await stream.start()
        await stream.frames(10)
        await until_heard(stream)
        await end(stream)
        result = await rig.orchestrator.one_result()
    assert result.end_reason == pb.END_REASON_MEDIA_LOST


def test_f17_silence_without_a_close_leaves_time_for_a_result_within_5_s() -> None:
    limits = BridgeLimits()
    assert 4.0 < limits.frame_gap_s < limits.frame_gap_s + 2 * limits.tick_s < 5.0


async def refuse(session: ModelSession) -> None:
    """Refuse to serve more, in the words of the service."""
    error = {"code": "rate_limit_exceeded", "message": "Too much."}
    await session.send("error", error=error)
    await session.socket.close(1008, "rate_limit_exceeded")


async def fail_every_answer(session: ModelSession) -> None:
    """Fail to answer, each time anew."""
    await session.callee_says("Luigi's, hello?", "item_c1")
    error = {"type": "server_error", "code": "server_error", "message": "No."}
    details = {"type": "failed", "error": error}
    for number in range(10):
        response: dict[str, object] = {"id": f"resp_{number}"}
        await session.send("response.created", response=response)
        failed = {**response, "status": "failed", "status_details": details}
        await session.send("response.done", response=failed)
        await session.receive("response.create")


async def begin_and_say_nothing(session: ModelSession) -> None:
    """Begin an answer and never go on."""
    await session.callee_says("Luigi's, hello?", "item_c1")
    await session.send("response.created", response={"id": "resp_1"})
    await session.until_closed()


@pytest.mark.parametrize(
    ("script", "code", "audio_s"),
    [
        (refuse, "rate_limit_exceeded", 60.0),
        (fail_every_answer, "server_error", 60.0),
        (begin_and_say_nothing, "no_audio", 0.2),
    ],
)
async def test_f19_a_failing_model_ends_the_call_with_its_reason(
    script: Callable[[ModelSession], Awaitable[None]], code: str, audio_s: float, tmp_path: Path
) -> None:
    limits = replace(UNHURRIED, tick_s=0.02, audio_s=audio_s, retry_s=0.01)
    async with call_rig(tmp_path, script, limits) as rig, rig.stream() as stream:
        await stream.start()
        await stream.frames(10)
        result = await rig.orchestrator.one_result()
        await stream.socket.wait_closed()
    assert (result.end_reason, result.outcome) == (
        pb.END_REASON_MODEL_ERROR,
        pb.OUTCOME_FOLLOW_UP,
    )
    assert (result.fault.component, result.fault.code) == (pb.FAULT_COMPONENT_MODEL, code)
    assert stream.socket.close_code == 1000
    assert rig.carrier.ended == []  # the closed stream leads to the apology


async def test_f19_a_model_that_cannot_be_connected_ends_the_call(tmp_path: Path) -> None:
    async with call_rig(tmp_path) as rig:
        nowhere = rig.door.services.settings.model_copy(
            update={"openai_base_url": "http://127.0.0.1:9/v1"}
        )
        rig.door.services = replace(rig.door.services, settings=nowhere)
        async with rig.stream() as stream:
            await stream.start()
            result = await rig.orchestrator.one_result()
    assert result.end_reason == pb.END_REASON_MODEL_ERROR
    assert (rig.model.sessions, rig.carrier.ended) == ([], [])


async def test_f20_what_the_model_claims_after_the_drop_counts_for_nothing(tmp_path: Path) -> None:
    was_reported = asyncio.Event()

    async def claims_after_the_drop(session: ModelSession) -> None:
        await session.answer("I am an AI assistant calling on behalf of Ada.")
        await session.send("input_audio_buffer.committed", item_id="item_c1")
        await was_reported.wait()
        await session.callee_says("That will be fourteen fifty.", "item_c2")
        await session.answer(tools={"record_fact": PRICE, "end_call": '{"reason":"done"}'})
        kind = "conversation.item.input_audio_transcription.completed"
        await session.send(kind, item_id="item_c1", transcript="Hello?")
        await session.until_closed()

    limits = replace(UNHURRIED, late_s=30.0)
    async with call_rig(tmp_path, claims_after_the_drop, limits) as rig, rig.stream() as stream:
        await stream.start()
        await stream.frames(10)
        await until_heard(stream)
        await stream.stop()
        await rig.orchestrator.one_result()
        was_reported.set()
        await rig.settled()
    first, last = rig.orchestrator.results
    assert (first.outcome, last.outcome) == (pb.OUTCOME_FOLLOW_UP, pb.OUTCOME_FOLLOW_UP)
    assert [*first.facts, *last.facts] == []
