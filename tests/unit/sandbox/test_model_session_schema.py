"""The strictness of session.update: every key known, every other refused by its full path."""

import copy

import pytest

from sandbox.protocol_error import ProtocolError
from sandbox.session_schema import default_session, part, updated_session
from sandbox.wire_rules import JsonObject

FULL: JsonObject = {
    "type": "realtime",
    "output_modalities": ["audio"],
    "instructions": "Order a pizza.",
    "audio": {
        "input": {
            "format": {"type": "audio/pcmu"},
            "noise_reduction": {"type": "near_field"},
            "transcription": {"model": "gpt-transcribe", "language": "en"},
            "turn_detection": {
                "type": "server_vad",
                "threshold": 0.5,
                "prefix_padding_ms": 300,
                "silence_duration_ms": 500,
                "idle_timeout_ms": 6000,
                "create_response": True,
                "interrupt_response": True,
            },
        },
        "output": {"format": {"type": "audio/pcmu"}, "voice": "cedar", "speed": 1.0},
    },
    "tools": [
        {
            "type": "function",
            "name": "end_call",
            "description": "d",
            "parameters": {"type": "object"},
        }
    ],
    "tool_choice": "auto",
    "max_output_tokens": "inf",
    "truncation": "auto",
    "tracing": None,
}


def _default() -> JsonObject:
    return default_session("sess_1", "gpt-realtime-2.1", 2_000_000_000)


def _update(session: JsonObject, *, has_spoken: bool = False) -> JsonObject:
    return updated_session(_default(), {"type": "realtime", **session}, has_spoken=has_spoken)


def _refusal(update: object, *, has_spoken: bool = False) -> ProtocolError:
    with pytest.raises(ProtocolError) as caught:
        updated_session(_default(), update, has_spoken=has_spoken)
    return caught.value


def test_the_session_starts_with_pcm_and_a_short_silence() -> None:
    session = _default()
    assert part(session, "audio", "input", "format") == {"type": "audio/pcm", "rate": 24_000}
    assert part(session, "audio", "output", "format") == {"type": "audio/pcm", "rate": 24_000}
    assert part(session, "audio", "input", "turn_detection")["silence_duration_ms"] == 200


def test_a_complete_update_applies_whole() -> None:
    session = updated_session(_default(), FULL, has_spoken=False)
    assert {key: session[key] for key in FULL} == FULL


def test_what_an_update_leaves_out_stays() -> None:
    session = _update({"audio": {"output": {"voice": "cedar"}}})
    assert part(session, "audio", "output", "format") == {"type": "audio/pcm", "rate": 24_000}
    assert part(session, "audio", "input") == part(_default(), "audio", "input")


def test_a_refused_update_changes_nothing() -> None:
    session = _default()
    before = copy.deepcopy(session)
    update = {"type": "realtime", "instructions": "new", "temperature": 0.8}
    with pytest.raises(ProtocolError):
        updated_session(session, update, has_spoken=False)
    assert session == before


@pytest.mark.parametrize(
    ("update", "path"),
    [
        ({"turn_detection": None}, "session.turn_detection"),
        ({"temperature": 0.8}, "session.temperature"),
        ({"voice": "alloy"}, "session.voice"),
        ({"modalities": ["audio"]}, "session.modalities"),
        ({"max_response_output_tokens": 5}, "session.max_response_output_tokens"),
        ({"audio": {"inputs": {}}}, "session.audio.inputs"),
        ({"audio": {"input": {"vad": {}}}}, "session.audio.input.vad"),
        (
            {"audio": {"input": {"format": {"type": "audio/pcmu", "rate": 8000}}}},
            "session.audio.input.format.rate",
        ),
        (
            {"audio": {"input": {"turn_detection": {"type": "server_vad", "eagerness": "low"}}}},
            "session.audio.input.turn_detection.eagerness",
        ),
        (
            {"audio": {"input": {"turn_detection": {"type": "semantic_vad", "threshold": 0.5}}}},
            "session.audio.input.turn_detection.threshold",
        ),
        (
            {"audio": {"input": {"transcription": {"modell": "gpt-transcribe"}}}},
            "session.audio.input.transcription.modell",
        ),
        (
            {"tools": [{"type": "function", "name": "f", "strict": True}]},
            "session.tools[0].strict",
        ),
    ],
)
def test_an_unknown_key_is_named_by_its_full_path(update: JsonObject, path: str) -> None:
    refusal = _refusal({"type": "realtime", **update})
    assert refusal.code == "unknown_parameter"
    assert refusal.param == path
    assert refusal.message == f"Unknown parameter: '{path}'."


@pytest.mark.parametrize(
    ("update", "path"),
    [
        ({"output_modalities": ["text", "audio"]}, "session.output_modalities"),
        ({"instructions": 5}, "session.instructions"),
        ({"max_output_tokens": 5000}, "session.max_output_tokens"),
        ({"model": "gpt-realtime-2"}, "session.model"),
        ({"tool_choice": "always"}, "session.tool_choice"),
        ({"audio": {"output": {"speed": 2.0}}}, "session.audio.output.speed"),
        ({"audio": {"output": {"voice": "nobody"}}}, "session.audio.output.voice"),
        (
            {"audio": {"input": {"format": {"type": "g711_ulaw"}}}},
            "session.audio.input.format.type",
        ),
        (
            {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 8000}}}},
            "session.audio.input.format.rate",
        ),
        (
            {"audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 2}}}},
            "session.audio.input.turn_detection.threshold",
        ),
        (
            {"audio": {"input": {"turn_detection": {"type": "server_vad", "idle_timeout_ms": 1}}}},
            "session.audio.input.turn_detection.idle_timeout_ms",
        ),
        ({"reasoning": {"effort": "huge"}}, "session.reasoning.effort"),
    ],
)
def test_a_bad_value_is_refused_with_its_path(update: JsonObject, path: str) -> None:
    refusal = _refusal({"type": "realtime", **update})
    assert refusal.code == "invalid_value"
    assert refusal.param == path


@pytest.mark.parametrize(
    "update",
    [
        {"model": "gpt-realtime-2.1"},
        {"prompt": {"id": "pmpt_1", "version": "2", "variables": {"a": "b"}}},
        {"tracing": {"workflow_name": "w"}},
        {"reasoning": {"effort": "low"}, "parallel_tool_calls": False},
        {"tools": [{"type": "mcp", "server_label": "x", "server_url": "y"}]},
        {"truncation": {"type": "retention_ratio", "retention_ratio": 0.8}},
        {"audio": {"output": {"voice": {"id": "voice_1"}}}},
        {"audio": {"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "low"}}}},
        {"include": ["item.input_audio_transcription.logprobs"]},
        {"max_output_tokens": 4096},
    ],
)
def test_every_key_of_the_service_is_taken(update: JsonObject) -> None:
    session = _update(update)
    assert [key for key in update if key not in session] == []


def test_null_clears_what_can_be_cleared() -> None:
    cleared: JsonObject = {"turn_detection": None, "noise_reduction": None, "transcription": None}
    session = _update({"audio": {"input": cleared}})
    sound = part(session, "audio", "input")
    assert {key: sound[key] for key in cleared} == cleared


def test_empty_values_clear_instructions_and_tools() -> None:
    session = _update({"instructions": "", "tools": []})
    assert (session["instructions"], session["tools"]) == ("", [])


def test_a_missing_type_is_named() -> None:
    refusal = _refusal({"instructions": "x"})
    assert (refusal.code, refusal.param) == ("missing_required_parameter", "session.type")


def test_the_beta_shape_is_refused_with_close_4000() -> None:
    refusal = _refusal({"voice": "alloy", "input_audio_format": "g711_ulaw"})
    assert (refusal.code, refusal.close_code) == ("beta_api_shape_disabled", 4000)


def test_the_voice_is_fixed_once_audio_was_spoken() -> None:
    update = {"type": "realtime", "audio": {"output": {"voice": "cedar"}}}
    assert _refusal(update, has_spoken=True).param == "session.audio.output.voice"
    assert _update({"audio": {"output": {"voice": "marin"}}}, has_spoken=True)
