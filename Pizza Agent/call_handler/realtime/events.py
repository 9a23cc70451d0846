"""The model's events: reading what it sends, writing what we send."""

import json
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from foundation.text import clean_tree

Event: TypeAlias = Mapping[str, object]

AUDIO_DELTA = "response.output_audio.delta"
_DELTA_PREFIXES = (f'{{"type":"{AUDIO_DELTA}"', f'{{"type": "{AUDIO_DELTA}"')


class AudioDelta(NamedTuple):
    """A stretch of the agent's voice: base64 of u-law, 8 kHz."""

    response_id: str
    item_id: str
    content_index: int
    payload: str


class EventWriter:
    """Writes the events that we send, each with its own event_id: an `error` quotes it."""

    def __init__(self) -> None:
        self._count = 0

    @property
    def last_id(self) -> str:
        """Name the event that was written last."""
        return f"evt_{self._count}"

    def append_audio(self, payload: str) -> str:
        """Write 20 ms of the callee's voice; `payload` is base64, checked by the caller."""
        self._count += 1
        return (
            f'{{"type":"input_audio_buffer.append","event_id":"evt_{self._count}"'
            f',"audio":"{payload}"}}'
        )

    def update_session(self, session: Mapping[str, object]) -> str:
        """Write the one change of the session that we make."""
        return self._write("session.update", session=session)

    def create_response(self, instructions: str = "") -> str:
        """Write the request to speak now; `instructions` override the session's for this once."""
        if instructions:
            return self._write("response.create", response={"instructions": instructions})
        return self._write("response.create")

    def cancel_response(self) -> str:
        """Write the request to stop speaking."""
        return self._write("response.cancel")

    def truncate_item(self, item_id: str, content_index: int, heard_ms: int) -> str:
        """Write how much of an item the callee heard, so that the model knows it, too."""
        return self._write(
            "conversation.item.truncate",
            item_id=item_id,
            content_index=content_index,
            audio_end_ms=heard_ms,
        )

    def answer_tool(self, function_call_id: str, output: str) -> str:
        """Write what a tool answered."""
        item = {"type": "function_call_output", "call_id": function_call_id, "output": output}
        return self._write("conversation.item.create", item=item)

    def _write(self, kind: str, **fields: object) -> str:
        self._count += 1
        event = {"type": kind, "event_id": f"evt_{self._count}", **fields}
        return json.dumps(event, separators=(",", ":"))


def read_audio_delta(text: str) -> AudioDelta | None:
    """Read an audio delta by slicing, without parsing JSON; None for any other or unusual text."""
    if not text.startswith(_DELTA_PREFIXES):
        return None
    response_id = _slice(text, "response_id")
    item_id = _slice(text, "item_id")
    payload = _slice(text, "delta")
    if not (response_id and item_id and payload) or "\\" in payload:
        return None
    return AudioDelta(response_id, item_id, 0, payload)


def read_event(text: str) -> AudioDelta | Event | None:
    """Read one event; None for what is no event: not JSON, not an object, without a type."""
    try:
        event: object = json.loads(text)
        if "\\u" in text:  # only an escape can make what neither protobuf nor databases take
            event = clean_tree(event)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        return None
    if event["type"] != AUDIO_DELTA:
        return event
    response_id, item_id, payload = (
        event.get(name) for name in ("response_id", "item_id", "delta")
    )
    if not (isinstance(response_id, str) and isinstance(item_id, str) and isinstance(payload, str)):
        return None
    index = event.get("content_index")
    return AudioDelta(response_id, item_id, index if isinstance(index, int) else 0, payload)


def text_of(event: Mapping[str, object], name: str) -> str:
    """Give a text field of an event; empty when it is missing or something else."""
    value = event.get(name)
    return value if isinstance(value, str) else ""


def object_of(event: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Give an object within an event; empty when it is missing or something else."""
    value = event.get(name)
    return value if isinstance(value, dict) else {}


def _slice(text: str, name: str) -> str:
    for opening in (f'"{name}":"', f'"{name}": "'):
        start = text.find(opening)
        if start > 0:
            start += len(opening)
            return text[start : text.find('"', start)]
    return ""
