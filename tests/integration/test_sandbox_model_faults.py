"""The faults that a scenario can order from the sandbox model."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import cast

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from sandbox.model_faults import EndFault, ModelEnd, ModelFaults
from sandbox.scenario import Scenario
from sandbox.scenarios import SCENARIOS
from sandbox.speech import speak
from tests.integration.sandbox_model_relay import Event, Line, opened_line, running_model

HELLO = speak("Luigi's Pizza, hello?", "luigi")


def _with(faults: ModelFaults) -> Scenario:
    return replace(SCENARIOS["order_taken"], model=faults)


@asynccontextmanager
async def faulty_line(faults: ModelFaults) -> AsyncIterator[Line]:
    async with running_model(_with(faults)) as model, opened_line(model) as line:
        yield line


async def _say_hello(line: Line) -> None:
    await line.configure()
    await line.say(HELLO, silence_ms=600)


async def _ask(line: Line) -> Event:
    await line.send("response.create")
    return cast("Event", (await line.until("response.done"))["response"])


async def _receive_to_the_end(line: Line) -> ConnectionClosed:
    """Receive until the connection is gone, and say how it went."""
    try:
        await line.until("nothing of that name")
    except ConnectionClosed as closed:
        return closed
    raise AssertionError("the connection stayed open")


async def test_the_model_is_lost_in_the_middle_of_its_first_sentence() -> None:
    async with running_model("model_lost") as model, opened_line(model) as line:
        await _say_hello(line)
        closed = await _receive_to_the_end(line)
    assert closed.rcvd is None
    assert len(line.of("response.output_audio.delta")) == 19


@pytest.mark.parametrize("code", [1000, 1001, 1011, 4000])
async def test_the_model_closes_with_any_code(code: int) -> None:
    scenario = _with(ModelFaults(end=EndFault(ModelEnd.CLOSE, code=code, reason="gone")))
    async with running_model(scenario) as model, opened_line(model) as line:
        await _say_hello(line)
        closed = await _receive_to_the_end(line)
    assert closed.rcvd is not None
    assert (closed.rcvd.code, closed.rcvd.reason) == (code, "gone")


async def test_the_model_falls_silent_without_a_close() -> None:
    scenario = _with(ModelFaults(end=EndFault(ModelEnd.SILENCE, delta=3)))
    async with running_model(scenario) as model, opened_line(model) as line:
        await _say_hello(line)
        while len(line.of("response.output_audio.delta")) < 2:
            await line.receive()
        pong = await line.socket.ping()
        await pong
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await line.until("response.done")


async def test_a_response_fails_once_and_the_next_one_speaks() -> None:
    scenario = _with(ModelFaults(failed_from=1, failed_code="rate_limit_exceeded"))
    async with running_model(scenario) as model, opened_line(model) as line:
        await line.configure()
        failed, spoken = await _ask(line), await _ask(line)
    details = cast("Event", failed["status_details"])
    assert failed["status"] == "failed"
    assert cast("Event", details["error"])["code"] == "rate_limit_exceeded"
    assert failed["output"] == []
    assert spoken["status"] == "completed"
    assert "AI assistant" in str(line.of("response.output_audio_transcript.done")[0])


async def test_responses_fail_for_ever() -> None:
    scenario = _with(ModelFaults(failed_from=2, failed_count=None))
    async with running_model(scenario) as model, opened_line(model) as line:
        await line.configure()
        statuses = [(await _ask(line))["status"] for _ in range(4)]
    assert statuses == ["completed", "failed", "failed", "failed"]


async def test_response_done_never_comes_and_the_response_stays_active() -> None:
    async with faulty_line(ModelFaults(done_lost_at=1)) as line:
        await line.configure()
        await line.send("response.create")
        await line.until("response.output_item.done")
        await line.send("response.create")
        error = cast("Event", (await line.until("error"))["error"])
    assert error["code"] == "conversation_already_has_active_response"
    assert line.of("response.done") == []


async def test_a_response_ends_incomplete() -> None:
    async with faulty_line(ModelFaults(incomplete_at=1)) as line:
        await line.configure()
        response = await _ask(line)
    details = cast("Event", response["status_details"])
    assert (response["status"], details["reason"]) == ("incomplete", "max_output_tokens")


async def test_session_updated_never_comes() -> None:
    async with faulty_line(ModelFaults(updated_lost=True)) as line:
        await line.send("session.update", session={"type": "realtime"})
        assert [event["type"] for event in await line.settle()] == ["session.created"]


async def test_session_updated_claims_another_format() -> None:
    async with faulty_line(ModelFaults(updated_formats="audio/pcm")) as line:
        session = cast("dict[str, dict[str, Event]]", (await line.configure())["session"])
    assert session["audio"]["output"]["format"] == {"type": "audio/pcm"}
    assert session["audio"]["output"]["voice"] == "cedar"


async def test_a_valid_update_is_refused() -> None:
    async with faulty_line(ModelFaults(update_refused=True)) as line:
        await line.send("session.update", session={"type": "realtime"})
        error = cast("Event", (await line.until("error"))["error"])
    assert (error["type"], error["code"]) == ("server_error", "server_error")


async def test_the_session_expires_with_1001() -> None:
    async with faulty_line(ModelFaults(session_max_s=0.2)) as line:
        closed = await _receive_to_the_end(line)
    assert cast("Event", line.events[-1]["error"])["code"] == "session_expired"
    assert closed.rcvd is not None
    assert closed.rcvd.code == 1001
    assert "60 minutes" in closed.rcvd.reason


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
async def test_the_upgrade_is_refused(status: int) -> None:
    async with running_model(_with(ModelFaults(refuse_status=status))) as model:
        with pytest.raises(InvalidStatus) as refused:
            async with opened_line(model):
                pass
    assert refused.value.response.status_code == status


async def test_the_upgrade_is_accepted_and_then_refused() -> None:
    async with faulty_line(ModelFaults(refuse_code="insufficient_quota")) as line:
        closed = await _receive_to_the_end(line)
    assert cast("Event", line.events[0]["error"])["code"] == "insufficient_quota"
    assert closed.rcvd is not None


async def test_unknown_events_and_fields_are_mixed_in() -> None:
    async with faulty_line(ModelFaults(stray_events=True)) as line:
        await line.configure()
    assert line.types().count("session.mood_changed") == 2
    assert "obfuscation" in line.of("session.updated")[0]


async def test_a_deaf_model_never_hears_speech() -> None:
    async with faulty_line(ModelFaults(deaf=True)) as line:
        await _say_hello(line)
        assert await line.settle() == []


async def test_speech_is_committed_and_never_answered() -> None:
    async with faulty_line(ModelFaults(ignores_speech=True)) as line:
        await _say_hello(line)
        types = [event["type"] for event in await line.settle()]
    assert "input_audio_buffer.committed" in types
    assert "response.created" not in types


@pytest.mark.parametrize(
    ("manner", "last"), [("late", "completed"), ("failed", "failed"), ("twice", "completed")]
)
async def test_the_transcript_comes_in_its_manner(manner: str, last: str) -> None:
    kind = "conversation.item.input_audio_transcription."
    async with faulty_line(ModelFaults(transcripts=manner)) as line:
        await _say_hello(line)
        await line.until("input_audio_buffer.committed")
        for _ in range(2 if manner == "twice" else 1):
            event = await line.until(kind + last)
    assert event["item_id"] == line.of("input_audio_buffer.committed")[0]["item_id"]
    assert len(line.of(kind + last)) == (2 if manner == "twice" else 1)


async def test_a_call_is_refused_as_often_as_the_scenario_wants_it() -> None:
    async with running_model(_with(ModelFaults(refuse_status=503, refuse_times=1))) as model:
        with pytest.raises(InvalidStatus):
            async with opened_line(model):
                pass
        async with opened_line(model) as line:
            await line.configure()
    assert line.types() == ["session.created", "session.updated"]


async def test_the_first_session_is_dropped_and_the_second_one_stays() -> None:
    async with running_model(_with(ModelFaults(dropped_sessions=1))) as model:
        async with opened_line(model) as line:
            await line.send("session.update", session={"type": "realtime"})
            closed = await _receive_to_the_end(line)
        async with opened_line(model) as again:
            await again.configure()
            response = await _ask(again)
    assert closed.rcvd is None
    assert response["status"] == "completed"
