"""The items of one realtime conversation: their chain, their length, what they cost in tokens.

Methods take what a client asked for and give the server events that answer it, without event ids.
"""

import json
from dataclasses import dataclass
from typing import cast

from sandbox.agent_turns import Turn
from sandbox.model_ids import ModelIds
from sandbox.protocol_error import ProtocolError
from sandbox.wire_rules import JsonObject

_USER_MS_PER_TOKEN = 100
_ASSISTANT_MS_PER_TOKEN = 50
_CHARACTERS_PER_TOKEN = 4


@dataclass(slots=True)
class Item:
    """One item: what the wire shows of it, and what only the model knows."""

    body: JsonObject
    audio_ms: int = 0
    turn: Turn | None = None
    """What the agent meant to say with it; None for everybody else's items."""

    @property
    def item_id(self) -> str:
        """Give the item's id."""
        return str(self.body["id"])

    def text_tokens(self) -> int:
        """Estimate the tokens of its text; audio is counted by `audio_tokens`."""
        if self.audio_ms:
            return 0
        return len(json.dumps(self.body.get("content", self.body))) // _CHARACTERS_PER_TOKEN

    def audio_tokens(self) -> int:
        """Count the tokens of its audio: one for 100 ms of the callee, 50 ms of the agent."""
        is_user = self.body.get("role") == "user"
        return self.audio_ms // (_USER_MS_PER_TOKEN if is_user else _ASSISTANT_MS_PER_TOKEN)


def spoken_item(item_id: str, length_ms: int) -> Item:
    """Build the callee's item for `length_ms` of audio; its words may come later."""
    body: JsonObject = {
        "id": item_id,
        "object": "realtime.item",
        "type": "message",
        "status": "completed",
        "role": "user",
        "content": [{"type": "input_audio", "transcript": None}],
    }
    return Item(body, audio_ms=length_ms)


class Conversation:
    """The ordered items; `previous_item_id` is always the neighbour before."""

    def __init__(self, ids: ModelIds) -> None:
        self.conversation_id = ids.mint("conv")
        self.open_calls: set[str] = set()
        """The model's ids of function calls that have no output yet."""
        self._ids = ids
        self._items: list[Item] = []

    def last_item_id(self) -> str | None:
        """Give the id at the end of the chain; None before the first item."""
        return self._items[-1].item_id if self._items else None

    def find(self, item_id: object) -> Item | None:
        """Find an item; None when there is none of that id."""
        return next((item for item in self._items if item.item_id == item_id), None)

    def add(self, item: Item, index: int | None = None) -> JsonObject:
        """Insert an item, at the end unless said otherwise, and announce it as added."""
        place = len(self._items) if index is None else index
        self._items.insert(place, item)
        if item.body["type"] == "function_call":
            self.open_calls.add(str(item.body["call_id"]))
        return self._announced("conversation.item.added", item)

    def done(self, item: Item) -> JsonObject:
        """Announce that an item is finished."""
        return self._announced("conversation.item.done", item)

    def create(self, event: JsonObject) -> list[JsonObject]:
        """Take an item from the client. Raises: ProtocolError for unknown or repeated ids."""
        body = dict(cast("JsonObject", event["item"]))
        item_id = str(body.get("id") or self._ids.mint("item"))
        if any(each.item_id == item_id for each in self._items):
            raise ProtocolError("invalid_value", f"Item '{item_id}' exists already.", "item.id")
        if body["type"] == "function_call_output":
            self._settle(str(body["call_id"]))
        item = Item({"id": item_id, "object": "realtime.item", "status": "completed"} | body)
        index = self._place_after(event.get("previous_item_id"))
        return [self.add(item, index), self.done(item)]

    def truncate(self, event: JsonObject) -> tuple[Item, JsonObject, int]:
        """Cut the agent's item to what was heard; give it, the answer, and the ms cut off.

        Raises: ProtocolError for an unknown item, and beyond the item's real length.
        """
        item = self._known(event, "item_truncate_invalid_item_id")
        end_ms = int(str(event["audio_end_ms"]))
        if item.body.get("role") != "assistant":
            raise ProtocolError("invalid_value", "Only assistant items can be cut.", "item_id")
        if event["content_index"] != 0:
            raise ProtocolError("invalid_value", "No such content part.", "content_index")
        if end_ms > item.audio_ms:
            raise ProtocolError(
                "invalid_value",
                f"Audio content of {item.audio_ms}ms is already shorter than {end_ms}ms",
            )
        cut_ms = item.audio_ms - end_ms
        item.audio_ms = end_ms
        item.body["content"] = [{"type": "output_audio"}]  # the words go: nobody heard them all
        answer: JsonObject = {
            "type": "conversation.item.truncated",
            "item_id": item.item_id,
            "content_index": 0,
            "audio_end_ms": end_ms,
        }
        return item, answer, cut_ms

    def delete(self, event: JsonObject) -> list[JsonObject]:
        """Remove an item. Raises: ProtocolError for an unknown one."""
        item = self._known(event, "item_delete_invalid_item_id")
        self._items.remove(item)
        return [{"type": "conversation.item.deleted", "item_id": item.item_id}]

    def retrieve(self, event: JsonObject) -> list[JsonObject]:
        """Show an item. Raises: ProtocolError for an unknown one."""
        item = self._known(event, "item_retrieve_invalid_item_id")
        return [{"type": "conversation.item.retrieved", "item": dict(item.body)}]

    def tool_of(self, call_id: str) -> str:
        """Name the tool of a function call; empty when there is none of that id."""
        for item in self._items:
            if item.body["type"] == "function_call" and item.body["call_id"] == call_id:
                return str(item.body["name"])
        return ""

    def text_tokens(self) -> int:
        """Count the text tokens of all items: the context of the next response."""
        return sum(item.text_tokens() for item in self._items)

    def audio_tokens(self) -> int:
        """Count the audio tokens of all items: the context of the next response."""
        return sum(item.audio_tokens() for item in self._items)

    def _announced(self, kind: str, item: Item) -> JsonObject:
        index = self._items.index(item)
        previous = self._items[index - 1].item_id if index else None
        return {"type": kind, "previous_item_id": previous, "item": dict(item.body)}

    def _place_after(self, previous: object) -> int | None:
        if previous is None:
            return None
        if previous == "root":
            return 0
        for index, item in enumerate(self._items):
            if item.item_id == previous:
                return index + 1
        raise ProtocolError(
            "invalid_value", f"Previous item '{previous}' does not exist.", "previous_item_id"
        )

    def _settle(self, call_id: str) -> None:
        if call_id not in self.open_calls:
            raise ProtocolError(
                "invalid_tool_call_id",
                f"Tool call ID '{call_id}' not found in conversation.",
                "item.call_id",
            )
        self.open_calls.remove(call_id)

    def _known(self, event: JsonObject, code: str) -> Item:
        item = self.find(event["item_id"])
        if item is None:
            raise ProtocolError(code, f"Item '{event['item_id']}' does not exist.", "item_id")
        return item
