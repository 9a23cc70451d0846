"""The events of one response, in the order the realtime service sends them, with their pace.

Pure: `steps` yields what to send and how long to wait before; `cut` ends it early, from wherever
`steps` was left. Event ids are added by the sender.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox.agent_turns import ToolUse, Turn
from sandbox.conversation import Conversation, Item
from sandbox.model_ids import ModelIds
from sandbox.token_usage import TokenCount, count_usage
from sandbox.wire_rules import JsonObject

_CHARACTERS_PER_DELTA = 24
_FRAME_MS = 20
_UNEVEN = (1.0, 0.8, 1.2)  # the real service's deltas are not all of one size


@dataclass(frozen=True, slots=True)
class Pause:
    """A wait of so many milliseconds of script time."""

    wait_ms: float


Step = JsonObject | Pause
_TEXT_PAUSE = Pause(20.0)


@dataclass(frozen=True, slots=True)
class ResponsePlan:
    """What one response is made of."""

    turn: Turn
    audio: bytes
    """The spoken turn in the session's output format; empty when it is text."""
    bytes_per_ms: int
    delta_ms: int
    pace: float
    instructions_tokens: int
    frame: JsonObject
    """Fields of the response that stay the same: modalities, audio, limits, metadata."""


@dataclass(slots=True)
class ResponseScript:
    """Plays one plan into one conversation."""

    plan: ResponsePlan
    conversation: Conversation
    ids: ModelIds
    response_id: str = field(init=False)
    items: list[Item] = field(init=False, default_factory=list)
    has_called_tools: bool = field(init=False, default=False)
    """Whether every tool of the turn went out complete."""
    _open: Item | None = field(init=False, default=None)
    _text: str = field(init=False, default="")
    _tokens_before: tuple[int, int] = field(init=False)

    def __post_init__(self) -> None:
        self.response_id = self.ids.mint("resp")
        self._tokens_before = (self.conversation.text_tokens(), self.conversation.audio_tokens())

    def steps(self) -> Iterator[Step]:
        """Yield the whole response up to, and with, `response.done` completed."""
        yield {"type": "response.created", "response": self._response("in_progress")}
        yield {"type": "rate_limits.updated", "rate_limits": _rate_limits()}
        if self.plan.turn.say:
            yield from self._message()
        for tool in self.plan.turn.tools:
            yield from self._function_call(tool)
        self.has_called_tools = True
        yield self._done("completed", None)

    def cut(self, status: str, reason: str) -> Iterator[JsonObject]:
        """Yield the events that end the response early: the open item, then `response.done`."""
        item = self._open
        if item is not None:
            if item.body["type"] == "message":
                yield from self._closed_message(item, "incomplete")
            else:
                yield from self._closed_call(item, "incomplete")
        details: JsonObject = {"type": status, "reason": reason}
        yield self._done(status, details)

    def failed(self, code: str) -> Iterator[JsonObject]:
        """Yield a response that fails before it says anything."""
        yield {"type": "response.created", "response": self._response("in_progress")}
        error = {
            "type": "server_error" if code == "server_error" else "invalid_request_error",
            "code": code,
            "message": "The server had an error while processing your request.",
        }
        response = self._response("failed") | {
            "status_details": {"type": "failed", "error": error},
            "usage": None,
        }
        yield {"type": "response.done", "response": response}

    def _done(self, status: str, details: JsonObject | None) -> JsonObject:
        response = self._response(status)
        response["status_details"] = details
        response["usage"] = self._usage()
        return {"type": "response.done", "response": response}

    def _message(self) -> Iterator[Step]:
        item = self._opened(
            {"type": "message", "status": "in_progress", "role": "assistant", "content": []}
        )
        yield from self._announced(item)
        part: JsonObject = {"type": "audio", "transcript": ""}
        if not self.plan.audio:
            part = {"type": "text", "text": ""}
        yield self._of(item, "response.content_part.added", part=part)
        yield from self._spoken(item) if self.plan.audio else self._written(item)
        yield from self._closed_message(item, "completed")

    def _spoken(self, item: Item) -> Iterator[Step]:
        """Yield words and sound in turn, the words a little ahead."""
        words = self.plan.turn.say.split()
        plan = self.plan
        pieces = _pieces(plan.audio, plan.delta_ms, plan.bytes_per_ms)
        said = 0
        for index, piece in enumerate(pieces, start=1):
            length_ms = len(piece) // plan.bytes_per_ms
            yield Pause(length_ms / plan.pace)
            due = -(-len(words) * index // len(pieces))
            if due > said:
                delta = " " * (said > 0) + " ".join(words[said:due])
                self._text += delta
                said = due
                yield self._of(item, "response.output_audio_transcript.delta", delta=delta)
            item.audio_ms += length_ms
            sound = base64.b64encode(piece).decode()
            yield self._of(item, "response.output_audio.delta", delta=sound)

    def _written(self, item: Item) -> Iterator[Step]:
        for piece in _words(self.plan.turn.say):
            self._text += piece
            yield _TEXT_PAUSE
            yield self._of(item, "response.output_text.delta", delta=piece)

    def _function_call(self, tool: ToolUse) -> Iterator[Step]:
        item = self._opened(
            {
                "type": "function_call",
                "status": "in_progress",
                "name": tool.name,
                "call_id": self.ids.mint("call"),
                "arguments": "",
            }
        )
        yield from self._announced(item)
        for piece in _words(json.dumps(dict(tool.arguments))):
            self._text += piece
            kind = "response.function_call_arguments.delta"
            yield _TEXT_PAUSE
            yield self._of_call(item, kind, delta=piece)
        yield from self._closed_call(item, "completed")

    def _opened(self, body: JsonObject) -> Item:
        frame: JsonObject = {"id": self.ids.mint("item"), "object": "realtime.item"}
        item = Item(frame | body, turn=self.plan.turn)
        self._open, self._text = item, ""
        self.items.append(item)
        return item

    def _announced(self, item: Item) -> Iterator[JsonObject]:
        yield self._item_event("response.output_item.added", item)
        yield self.conversation.add(item)

    def _closed_message(self, item: Item, status: str) -> Iterator[JsonObject]:
        self._open = None
        item.body["status"] = status
        if self.plan.audio:
            yield self._of(item, "response.output_audio.done")
            kind = "response.output_audio_transcript.done"
            yield self._of(item, kind, transcript=self._text)
            item.body["content"] = [{"type": "output_audio", "transcript": self._text}]
            part: JsonObject = {"type": "audio", "transcript": self._text}
        else:
            yield self._of(item, "response.output_text.done", text=self._text)
            item.body["content"] = [{"type": "output_text", "text": self._text}]
            part = {"type": "text", "text": self._text}
        yield self._of(item, "response.content_part.done", part=part)
        yield self.conversation.done(item)
        yield self._item_event("response.output_item.done", item)

    def _closed_call(self, item: Item, status: str) -> Iterator[JsonObject]:
        self._open = None
        item.body["status"] = status
        item.body["arguments"] = self._text
        if status == "incomplete":
            self.conversation.open_calls.discard(str(item.body["call_id"]))
        kind = "response.function_call_arguments.done"
        yield self._of_call(item, kind, name=item.body["name"], arguments=self._text)
        yield self.conversation.done(item)
        yield self._item_event("response.output_item.done", item)

    def _ids_of(self, item: Item) -> JsonObject:
        index = self.items.index(item)
        return {"response_id": self.response_id, "item_id": item.item_id, "output_index": index}

    def _of(self, item: Item, kind: str, **fields: object) -> JsonObject:
        return {"type": kind, **self._ids_of(item), "content_index": 0, **fields}

    def _of_call(self, item: Item, kind: str, **fields: object) -> JsonObject:
        return {"type": kind, **self._ids_of(item), "call_id": item.body["call_id"], **fields}

    def _item_event(self, kind: str, item: Item) -> JsonObject:
        index = self.items.index(item)
        return {
            "type": kind,
            "response_id": self.response_id,
            "output_index": index,
            "item": dict(item.body),
        }

    def _response(self, status: str) -> JsonObject:
        return {
            "object": "realtime.response",
            "id": self.response_id,
            "status": status,
            "status_details": None,
            "output": [dict(item.body) for item in self.items],
            "conversation_id": self.conversation.conversation_id,
            "usage": None,
        } | self.plan.frame

    def _usage(self) -> JsonObject:
        text_before, audio_before = self._tokens_before
        return count_usage(
            TokenCount(text_before + self.plan.instructions_tokens, audio_before),
            TokenCount(
                len(self.plan.turn.say) // 4 + sum(item.text_tokens() for item in self.items),
                sum(item.audio_tokens() for item in self.items),
            ),
            is_first=text_before == 0,
        )


def _rate_limits() -> list[JsonObject]:
    return [
        {"name": "requests", "limit": 1_000, "remaining": 999, "reset_seconds": 0.06},
        {"name": "tokens", "limit": 50_000, "remaining": 49_000, "reset_seconds": 1.2},
    ]


def _pieces(audio: bytes, delta_ms: int, bytes_per_ms: int) -> list[bytes]:
    """Cut audio into pieces of about `delta_ms`, shorter and longer ones, on whole frames."""
    frame = _FRAME_MS * bytes_per_ms
    pieces: list[bytes] = []
    start = 0
    while start < len(audio):
        share = _UNEVEN[len(pieces) % len(_UNEVEN)]
        end = start + max(1, round(delta_ms * share / _FRAME_MS)) * frame
        pieces.append(audio[start:end])
        start = end
    return pieces


def _words(text: str) -> Iterator[str]:
    for start in range(0, len(text), _CHARACTERS_PER_DELTA):
        yield text[start : start + _CHARACTERS_PER_DELTA]
