"""What a client may send to the realtime model, and the strict reading of it."""

import base64
import binascii
import json
from typing import cast

from sandbox.protocol_error import ProtocolError
from sandbox.session_schema import (
    AUDIO_FORMAT,
    MAX_OUTPUT_TOKENS,
    TOOL_CHOICE,
    TOOLS,
    VOICE,
    modalities,
)
from sandbox.wire_rules import (
    JsonObject,
    Rule,
    anything,
    integer,
    list_of,
    mapping,
    missing_parameter,
    or_null,
    record,
    record_by_type,
    text,
    word,
)

MOST_AUDIO_BYTES = 15 * 1024 * 1024

_CONTENT = record(
    {
        "type": word("input_text", "input_audio", "output_text", "input_image"),
        "text": text,
        "audio": text,
        "transcript": text,
        "image_url": text,
        "detail": text,
    },
    "type",
)
_ITEM_FRAME: dict[str, Rule] = {
    "id": text,
    "object": word("realtime.item"),
    "type": text,
    "status": word("completed", "incomplete", "in_progress"),
}
_ITEM = record_by_type(
    {
        "message": record(
            _ITEM_FRAME
            | {"role": word("user", "system", "assistant"), "content": list_of(_CONTENT)},
            "role",
            "content",
        ),
        "function_call": record(
            _ITEM_FRAME | {"name": text, "call_id": text, "arguments": text}, "name", "arguments"
        ),
        "function_call_output": record(
            _ITEM_FRAME | {"call_id": text, "output": text}, "call_id", "output"
        ),
    }
)
_RESPONSE = record(
    {
        "instructions": text,
        "tools": TOOLS,
        "tool_choice": TOOL_CHOICE,
        "output_modalities": modalities,
        "max_output_tokens": MAX_OUTPUT_TOKENS,
        "metadata": or_null(mapping),
        "conversation": word("auto", "none"),
        "input": list_of(anything),
        "audio": record({"output": record({"format": AUDIO_FORMAT, "voice": VOICE})}),
        "reasoning": anything,
        "parallel_tool_calls": anything,
        "prompt": anything,
    }
)


def _event(fields: dict[str, Rule], *required: str) -> Rule:
    return record({"type": text, "event_id": text} | fields, *required)


_EVENTS: dict[str, Rule] = {
    # The session itself is judged where it is applied, whole or not at all.
    "session.update": _event({"session": anything}, "session"),
    "input_audio_buffer.append": _event({"audio": text}, "audio"),
    "input_audio_buffer.commit": _event({}),
    "input_audio_buffer.clear": _event({}),
    "conversation.item.create": _event({"item": _ITEM, "previous_item_id": or_null(text)}, "item"),
    "conversation.item.truncate": _event(
        {"item_id": text, "content_index": integer(0), "audio_end_ms": integer(0)},
        "item_id",
        "content_index",
        "audio_end_ms",
    ),
    "conversation.item.delete": _event({"item_id": text}, "item_id"),
    "conversation.item.retrieve": _event({"item_id": text}, "item_id"),
    "response.create": _event({"response": _RESPONSE}),
    "response.cancel": _event({"response_id": text}),
}


def read_message(message: str | bytes) -> JsonObject:
    """Parse one frame from a client. Raises: ProtocolError `invalid_event` for what is no event."""
    if isinstance(message, bytes):
        raise ProtocolError("invalid_event", "Binary frames are not supported.")
    try:
        event = json.loads(message)
    except ValueError as error:
        raise ProtocolError("invalid_event", f"The message is not JSON: {error}.") from error
    if not isinstance(event, dict):
        raise ProtocolError("invalid_event", "The message is not a JSON object.")
    return cast("JsonObject", event)


def check_event(event: JsonObject) -> str:
    """Judge an event by the fields of its type and give the type. Raises: ProtocolError."""
    kind = event.get("type")
    if kind is None:
        raise missing_parameter("type")
    rule = _EVENTS.get(kind) if isinstance(kind, str) else None
    if rule is None:
        raise ProtocolError("invalid_event", f"Unknown event type: {kind!r}.", "type")
    rule(event, "")
    return str(kind)


def decode_audio(event: JsonObject) -> bytes:
    """Give the bytes of an append. Raises: ProtocolError for bad base64 and for over 15 MiB."""
    try:
        audio = base64.b64decode(str(event["audio"]), validate=True)
    except binascii.Error as error:
        raise ProtocolError("invalid_value", f"Invalid audio: {error}.", "audio") from error
    if len(audio) > MOST_AUDIO_BYTES:
        raise ProtocolError("invalid_value", "More than 15 MiB of audio in one event.", "audio")
    return audio
