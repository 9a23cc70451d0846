"""The wire of the sandbox model: sequences, strictness, interruptions, one response at a time."""

import json
from dataclasses import replace
from typing import cast

import pytest

from sandbox.model_faults import ModelFaults
from sandbox.scenarios import SCENARIOS
from sandbox.speech import speak
from tests.integration.sandbox_model_relay import (
    SESSION,
    Books,
    Event,
    Line,
    opened_line,
    running_model,
)

HELLO = speak("Luigi's Pizza, hello?", "luigi")
PRICE = speak("That will be fourteen fifty, ready in twenty minutes.", "luigi")


SLOW = replace(SCENARIOS["order_taken"], model=ModelFaults(pace=0.001))
"""A model whose sentences do not end within a test."""


async def _answer_hello(line: Line) -> Event:
    await line.configure()
    await line.say(HELLO, silence_ms=600)
    return cast("Event", (await line.until("response.done"))["response"])


def _error(event: Event) -> Event:
    return cast("Event", event["error"])


async def _refused(line: Line, message: str | bytes) -> Event:
    await line.socket.send(message)
    return _error(await line.until("error"))


async def test_a_spoken_turn_comes_in_the_order_of_the_service() -> None:
    async with running_model("order_taken") as model, opened_line(model) as line:
        await _answer_hello(line)
    types = [kind for at, kind in enumerate(line.types()) if line.types()[at - 1 : at] != [kind]]
    late = "conversation.item.input_audio_transcription."
    turn = [kind for kind in types if not kind.startswith(late)]
    assert turn[:13] == [
        "session.created",
        "session.updated",
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
        "rate_limits.updated",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio_transcript.delta",
    ]
    assert turn[-6:] == [
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
    ]


async def test_items_form_a_chain_and_event_ids_are_unique() -> None:
    async with running_model("order_taken") as model, opened_line(model) as line:
        await _answer_hello(line)
        await line.say(PRICE, silence_ms=600)
        await line.until("response.done")
    added = line.of("conversation.item.added")
    ids = [cast("Event", event["item"])["id"] for event in added]
    assert [event["previous_item_id"] for event in added] == [None, *ids[:-1]]
    assert len({event["event_id"] for event in line.events}) == len(line.events)


async def test_the_transcript_of_the_agent_matches_its_deltas() -> None:
    async with running_model("order_taken") as model, opened_line(model) as line:
        await _answer_hello(line)
    whole = line.of("response.output_audio_transcript.done")[0]["transcript"]
    deltas = line.of("response.output_audio_transcript.delta")
    assert "".join(str(event["delta"]) for event in deltas) == whole


async def test_deltas_are_not_all_of_one_size() -> None:
    async with running_model("order_taken") as model, opened_line(model) as line:
        await _answer_hello(line)
    sizes = {len(str(event["delta"])) for event in line.of("response.output_audio.delta")}
    assert len(sizes) >= 3


async def test_usage_counts_the_whole_context_again() -> None:
    async with running_model("order_taken") as model, opened_line(model) as line:
        first = cast("dict[str, int]", (await _answer_hello(line))["usage"])
        await line.say(PRICE, silence_ms=600)
        response = cast("Event", (await line.until("response.done"))["response"])
    second = cast("dict[str, int]", response["usage"])
    assert second["input_tokens"] > first["input_tokens"] + first["output_tokens"] // 2
    assert first["total_tokens"] == first["input_tokens"] + first["output_tokens"]


async def test_the_first_answer_before_any_update_is_pcm_and_hears_nothing() -> None:
    books = Books()
    async with running_model("order_taken", books) as model, opened_line(model) as line:
        await line.say(HELLO, silence_ms=600)
        assert [event["type"] for event in await line.settle()] == ["session.created"]
    assert cast("int", books.of("model_session_closed")[0]["wrong_format_frames"]) > 10


async def test_an_unknown_key_is_an_error_and_nothing_applies() -> None:
    async with running_model("order_taken") as model, opened_line(model) as line:
        event_id = await line.send("session.update", session=SESSION | {"temperature": 1})
        error = _error(await line.until("error"))
        assert (error["code"], error["param"]) == ("unknown_parameter", "session.temperature")
        assert error["event_id"] == event_id
        updated = await line.configure({"type": "realtime"})
    assert cast("Event", updated["session"])["tools"] == []


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ('{"type":"response.dance"}', "invalid_event"),
        ('{"type":"output_audio_buffer.clear"}', "invalid_event"),
        ("not json", "invalid_event"),
        ("[1]", "invalid_event"),
        (b"{}", "invalid_event"),
        ("{}", "missing_required_parameter"),
        ('{"type":"session.update"}', "missing_required_parameter"),
        ('{"type":"response.create","responce":{}}', "unknown_parameter"),
        ('{"type":"response.create","response":{"voice":"ash"}}', "unknown_parameter"),
        ('{"type":"input_audio_buffer.append","audio":"%%%"}', "invalid_value"),
        ('{"type":"input_audio_buffer.commit"}', "input_audio_buffer_commit_empty"),
        ('{"type":"response.cancel"}', "response_cancel_not_active"),
        (
            '{"type":"conversation.item.truncate","item_id":"x","content_index":0,"audio_end_ms":1}',
            "item_truncate_invalid_item_id",
        ),
        (
            json.dumps(
                {
                    "type": "conversation.item.create",
                    "item": {"type": "function_call_output", "call_id": "x", "output": "ok"},
                }
            ),
            "invalid_tool_call_id",
        ),
    ],
)
async def test_what_the_service_refuses_is_an_error_and_the_session_goes_on(
    message: str | bytes, code: str
) -> None:
    async with running_model("order_taken") as model, opened_line(model) as line:
        assert (await _refused(line, message))["code"] == code
        await line.configure()


async def test_speech_cancels_the_active_response() -> None:
    async with running_model(SLOW, time_factor=1.0) as model, opened_line(model) as line:
        await line.configure()
        await line.say(HELLO, silence_ms=600)
        await line.until("response.content_part.added")
        await line.say(PRICE[:1_600])
        done = await line.until("response.done")
    response = cast("Event", done["response"])
    assert response["status"] == "cancelled"
    assert response["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
    assert cast("list[Event]", response["output"])[0]["status"] == "incomplete"
    types = line.types()
    assert types.index("response.output_audio.done") > types.index(
        "input_audio_buffer.speech_started", types.index("response.created")
    )


async def test_interrupt_response_false_lets_the_response_go_on() -> None:
    session = json.loads(json.dumps(SESSION))
    session["audio"]["input"]["turn_detection"]["interrupt_response"] = False
    async with running_model(SLOW, time_factor=1.0) as model, opened_line(model) as line:
        await line.configure(session)
        await line.say(HELLO, silence_ms=600)
        await line.until("response.content_part.added")
        await line.say(PRICE[:1_600])
        assert "response.done" not in {event["type"] for event in await line.settle()}
        await line.send("response.cancel")
        done = cast("Event", (await line.until("response.done"))["response"])
    assert cast("Event", done["status_details"])["reason"] == "client_cancelled"


async def test_a_second_response_is_refused_while_one_is_active() -> None:
    async with running_model(SLOW, time_factor=1.0) as model, opened_line(model) as line:
        await line.send("response.create")
        active = cast("Event", (await line.until("response.created"))["response"])
        await line.send("response.create")
        error = _error(await line.until("error"))
    assert error["code"] == "conversation_already_has_active_response"
    assert str(active["id"]) in str(error["message"])


async def test_truncation_is_held_against_the_real_length() -> None:
    async with running_model("order_taken") as model, opened_line(model) as line:
        item = cast("list[Event]", (await _answer_hello(line))["output"])[0]
        where: Event = {"item_id": item["id"], "content_index": 0}
        await line.send("conversation.item.truncate", **where, audio_end_ms=60_000)
        error = _error(await line.until("error"))
        assert str(error["message"]).endswith("ms is already shorter than 60000ms")
        await line.send("conversation.item.truncate", **where, audio_end_ms=1_000)
        cut = await line.until("conversation.item.truncated")
        assert cut["audio_end_ms"] == 1_000
        await line.send("conversation.item.truncate", **where, audio_end_ms=1_020)
        assert "1000ms is already shorter" in str(_error(await line.until("error"))["message"])


async def test_items_can_be_created_retrieved_and_deleted() -> None:
    async with running_model("order_taken") as model, opened_line(model) as line:
        await line.configure()
        text = [{"type": "input_text", "text": "Hello?"}]
        item = {"id": "item_mine", "type": "message", "role": "user", "content": text}
        await line.send("conversation.item.create", item=item, previous_item_id="root")
        await line.until("conversation.item.done")
        await line.send("conversation.item.retrieve", item_id="item_mine")
        retrieved = await line.until("conversation.item.retrieved")
        assert cast("Event", retrieved["item"])["content"] == text
        await line.send("conversation.item.delete", item_id="item_mine")
        await line.until("conversation.item.deleted")
        await line.send("conversation.item.delete", item_id="item_mine")
        assert _error(await line.until("error"))["code"] == "item_delete_invalid_item_id"


async def test_without_turn_detection_the_client_commits_and_asks() -> None:
    session = json.loads(json.dumps(SESSION))
    session["audio"]["input"]["turn_detection"] = None
    async with running_model("order_taken") as model, opened_line(model) as line:
        await line.configure(session)
        await line.say(HELLO, silence_ms=600)
        assert await line.settle() == []
        await line.send("input_audio_buffer.commit")
        await line.until("conversation.item.done")
        await line.send("response.create")
        await line.until("response.done")
    assert "AI assistant" in str(line.of("response.output_audio_transcript.done")[0]["transcript"])


async def test_text_is_written_when_text_is_asked_for() -> None:
    async with running_model("order_taken") as model, opened_line(model) as line:
        await line.configure()
        await line.send("response.create", response={"output_modalities": ["text"]})
        await line.until("response.done")
    assert "AI assistant" in str(line.of("response.output_text.done")[0]["text"])
    assert line.of("response.output_audio.delta") == []


async def test_a_long_silence_makes_the_agent_ask() -> None:
    session = json.loads(json.dumps(SESSION))
    session["audio"]["input"]["turn_detection"]["idle_timeout_ms"] = 6_000
    async with running_model("order_taken") as model, opened_line(model) as line:
        await line.configure(session)
        await line.say(HELLO, silence_ms=600)
        await line.until("response.done")
        await line.settle()
        await line.say(b"", silence_ms=20_000)
        await line.until("input_audio_buffer.timeout_triggered")
        await line.until("response.done")
    said = line.of("response.output_audio_transcript.done")[-1]["transcript"]
    assert said == "Are you still there?"


async def test_frames_of_any_length_are_heard() -> None:
    books = Books()
    audio = HELLO + b"\xff" * 160 * 30
    async with running_model("order_taken", books) as model, opened_line(model) as line:
        await line.configure()
        for start in range(0, len(audio), 1_234):
            await line.say(audio[start : start + 1_234])
        await line.until("response.created")
    assert books.of("model_heard")[0]["text"] == "Luigi's Pizza, hello?"
