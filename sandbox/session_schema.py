"""The session of the realtime service: its defaults, every key there is, and strict updates.

Source: the session of the OpenAI Realtime API in its GA form.
"""

import copy
from collections.abc import Mapping
from typing import cast

from sandbox.protocol_error import ProtocolError
from sandbox.wire_rules import (
    JsonObject,
    Rule,
    any_of,
    anything,
    boolean,
    integer,
    list_of,
    mapping,
    missing_parameter,
    number,
    or_null,
    record,
    record_by_type,
    refuse_value,
    text,
    word,
)

MODELS = frozenset(
    {
        "gpt-realtime-2.1",
        "gpt-realtime-2.1-mini",
        "gpt-realtime-2",
        "gpt-realtime-1.5",
        "gpt-audio-1.5",
        "gpt-realtime",
        "gpt-realtime-2025-08-28",
        "gpt-realtime-mini",
        "gpt-realtime-mini-2025-12-15",
        "gpt-audio-mini",
        "gpt-audio-mini-2025-12-15",
    }
)
VOICES = ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar")
BETA_KEYS = frozenset(
    {
        "voice",
        "modalities",
        "input_audio_format",
        "output_audio_format",
        "max_response_output_tokens",
        "input_audio_transcription",
        "input_audio_noise_reduction",
        "turn_detection",
        "temperature",
    }
)
_DEFAULT_INSTRUCTIONS = "Be a helpful, witty and friendly voice. Talk quickly. Never sing."
_SERVER_VAD: JsonObject = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": 200,
    "idle_timeout_ms": None,
    "create_response": True,
    "interrupt_response": True,
}
_SEMANTIC_VAD: JsonObject = {
    "type": "semantic_vad",
    "eagerness": "auto",
    "create_response": True,
    "interrupt_response": True,
}

AUDIO_FORMAT: Rule = record_by_type(
    {
        "audio/pcm": record({"type": text, "rate": integer(24_000, 24_000)}, "type"),
        "audio/pcmu": record({"type": text}, "type"),
        "audio/pcma": record({"type": text}, "type"),
    }
)
VOICE: Rule = any_of(word(*VOICES), record({"id": text}, "id"))
MAX_OUTPUT_TOKENS: Rule = any_of(word("inf"), integer(1, 4_096))
TOOLS: Rule = list_of(
    record_by_type(
        {
            "function": record(
                {"type": text, "name": text, "description": text, "parameters": mapping},
                "type",
                "name",
            ),
            "mcp": anything,
        }
    )
)
TOOL_CHOICE: Rule = any_of(
    word("auto", "none", "required"),
    record({"type": word("function", "mcp"), "name": text, "server_label": text}, "type"),
)


def modalities(value: object, path: str) -> None:
    """Accept audio alone or text alone, never both."""
    if value not in (["audio"], ["text"]):
        raise refuse_value(value, path, "Supported combinations are: ['text'] and ['audio']")


_TRANSCRIPTION = record(
    {
        "model": text,
        "language": text,
        "languages": list_of(text),
        "prompt": text,
        "keywords": list_of(text),
        "delay": word("minimal", "low", "medium", "high", "xhigh"),
    }
)
_TURN_DETECTION = record_by_type(
    {
        "server_vad": record(
            {
                "type": text,
                "threshold": number(0, 1),
                "prefix_padding_ms": integer(0),
                "silence_duration_ms": integer(0),
                "idle_timeout_ms": or_null(integer(5_000, 30_000)),
                "create_response": boolean,
                "interrupt_response": boolean,
            },
            "type",
        ),
        "semantic_vad": record(
            {
                "type": text,
                "eagerness": word("low", "medium", "high", "auto"),
                "create_response": boolean,
                "interrupt_response": boolean,
            },
            "type",
        ),
    }
)
_INPUT = record(
    {
        "format": AUDIO_FORMAT,
        "noise_reduction": or_null(
            record({"type": word("near_field", "far_field"), "strength": number(0, 1)}, "type")
        ),
        "transcription": or_null(_TRANSCRIPTION),
        "turn_detection": or_null(_TURN_DETECTION),
    }
)
_OUTPUT = record({"format": AUDIO_FORMAT, "voice": VOICE, "speed": number(0.25, 1.5)})
_SESSION = record(
    {
        "type": word("realtime"),
        "model": text,
        "instructions": text,
        "prompt": or_null(record({"id": text, "version": or_null(text), "variables": mapping})),
        "output_modalities": modalities,
        "audio": record({"input": _INPUT, "output": _OUTPUT}),
        "tools": TOOLS,
        "tool_choice": TOOL_CHOICE,
        "max_output_tokens": MAX_OUTPUT_TOKENS,
        "truncation": any_of(
            word("auto", "disabled"),
            record(
                {
                    "type": word("retention_ratio"),
                    "retention_ratio": number(0, 1),
                    "token_limits": record({"post_instructions": integer(0)}),
                },
                "type",
            ),
        ),
        "tracing": or_null(
            any_of(
                word("auto"), record({"workflow_name": text, "group_id": text, "metadata": mapping})
            )
        ),
        "include": or_null(list_of(word("item.input_audio_transcription.logprobs"))),
        "reasoning": record({"effort": word("minimal", "low", "medium", "high", "xhigh")}),
        "parallel_tool_calls": boolean,
    }
)


def default_session(session_id: str, model: str, expires_at: int) -> JsonObject:
    """Build the session as it stands before any update. `expires_at`: seconds since 1970."""
    pcm = {"type": "audio/pcm", "rate": 24_000}
    return {
        "type": "realtime",
        "object": "realtime.session",
        "id": session_id,
        "model": model,
        "expires_at": expires_at,
        "output_modalities": ["audio"],
        "instructions": _DEFAULT_INSTRUCTIONS,
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "truncation": "auto",
        "tracing": None,
        "prompt": None,
        "include": None,
        "audio": {
            "input": {
                "format": dict(pcm),
                "transcription": None,
                "noise_reduction": None,
                "turn_detection": dict(_SERVER_VAD),
            },
            "output": {"format": dict(pcm), "voice": "marin", "speed": 1},
        },
    }


def updated_session(current: JsonObject, update: object, *, has_spoken: bool) -> JsonObject:
    """Apply an update whole or not at all; keys that are absent stay as they are.

    Raises: ProtocolError, with the full path of the first offence.
    """
    if isinstance(update, dict) and "type" not in update and BETA_KEYS & update.keys():
        raise ProtocolError(
            "beta_api_shape_disabled",
            "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.",
            close_code=4000,
        )
    if isinstance(update, dict) and "type" not in update:
        raise missing_parameter("session.type")
    _SESSION(update, "session")
    wanted = cast("JsonObject", copy.deepcopy(update))
    _refuse_fixed(current, wanted, has_spoken=has_spoken)
    return _merge(current, wanted)


def _refuse_fixed(current: JsonObject, wanted: JsonObject, *, has_spoken: bool) -> None:
    """Refuse another model, and another voice once audio has been spoken."""
    if wanted.get("model", current["model"]) != current["model"]:
        raise ProtocolError("invalid_value", "Cannot change the session's model.", "session.model")
    voice_now = part(current, "audio", "output")["voice"]
    voice = part(wanted, "audio", "output").get("voice", voice_now)
    if has_spoken and voice != voice_now:
        raise ProtocolError(
            "cannot_update_voice",
            "Cannot update a conversation's voice if assistant audio is present.",
            "session.audio.output.voice",
        )


def _merge(current: JsonObject, wanted: JsonObject) -> JsonObject:
    merged = copy.deepcopy(current)
    audio = cast("Mapping[str, JsonObject]", wanted.pop("audio", {}))
    merged.update(wanted)
    for side, changes in audio.items():
        part(merged, "audio", side).update(changes)
    sound = part(merged, "audio", "input")
    sound["turn_detection"] = _completed(cast("JsonObject | None", sound["turn_detection"]))
    return merged


def _completed(turn_detection: JsonObject | None) -> JsonObject | None:
    """Fill in what an update left out of its turn detection."""
    if turn_detection is None:
        return None
    server = turn_detection["type"] == "server_vad"
    return (_SERVER_VAD if server else _SEMANTIC_VAD) | turn_detection


def part(tree: JsonObject, *keys: str) -> JsonObject:
    """Give the object at a path inside another; an empty one where the path ends early."""
    found: object = tree
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}
