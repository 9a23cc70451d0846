"""What the load's model says besides its sound: the events around each turn, made beforehand.

Source: the OpenAI Realtime API in its GA form; every event is compact JSON, its type first.
"""

import json

_FIRST = "Hello, I am an AI assistant calling on behalf of a customer."
_LATER = "I would like to order a large margherita, please."
_CALLEE = "Yes, that is right."
_USAGE = {
    "total_tokens": 100,
    "input_tokens": 60,
    "output_tokens": 40,
    "input_token_details": {"text_tokens": 20, "audio_tokens": 40, "cached_tokens": 0},
    "output_token_details": {"text_tokens": 10, "audio_tokens": 30},
}


class Turn:
    """One turn of the agent, by its number; 0 is none yet."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._ids = {
            "response_id": f"resp_{number}",
            "item_id": f"item_{number}",
            "output_index": 0,
            "content_index": 0,
        }
        self._text = _FIRST if number <= 1 else _LATER
        words = self._text.split()
        quarter = -(-len(words) // 4)
        self._parts = [
            " ".join(words[at : at + quarter]) + " " for at in range(0, len(words), quarter)
        ]
        head = f'{{"type":"response.output_audio.delta","event_id":"event_{number}_'
        ids = json.dumps(self._ids, separators=(",", ":"))[1:-1]
        self._delta_head, self._delta_ids = head.encode(), f'",{ids},"delta":"'.encode()

    def next(self) -> "Turn":
        """Give the turn after this one."""
        return Turn(self.number + 1)

    def begin(self) -> list[bytes]:
        """Write what comes before the first delta."""
        response = {"object": "realtime.response", "id": f"resp_{self.number}", "output": []}
        return [
            _event("response.created", response={**response, "status": "in_progress"}),
            _event("response.output_item.added", **self._ids, item=self._item("in_progress")),
        ]

    def delta(self, sequence: int, text: bytes) -> bytes:
        """Write one delta of sound."""
        return b'%b%d%b%b"}' % (self._delta_head, sequence, self._delta_ids, text)

    def words(self, part: int) -> bytes:
        """Write a quarter of the words."""
        words = self._parts[part] if part < len(self._parts) else ""
        return _event("response.output_audio_transcript.delta", **self._ids, delta=words)

    def end(self) -> list[bytes]:
        """Write what comes after the last delta, and what the callee says then."""
        done = {
            "object": "realtime.response",
            "id": f"resp_{self.number}",
            "status": "completed",
            "output": [self._item("completed")],
            "usage": _USAGE,
        }
        callee = {"item_id": f"callee_{self.number}", "content_index": 0}
        heard = "conversation.item.input_audio_transcription.completed"
        return [
            _event("response.output_audio.done", **self._ids),
            _event("response.output_audio_transcript.done", **self._ids, transcript=self._text),
            _event("response.output_item.done", **self._ids, item=self._item("completed")),
            _event("response.done", response=done),
            _event("input_audio_buffer.committed", **callee),
            _event(heard, **callee, transcript=_CALLEE),
        ]

    def _item(self, status: str) -> dict[str, object]:
        content = [{"type": "output_audio", "transcript": self._text}]
        return {
            "id": f"item_{self.number}",
            "type": "message",
            "role": "assistant",
            "status": status,
            "content": content,
        }


def _event(kind: str, **fields: object) -> bytes:
    event = {"type": kind, "event_id": "event_0", **fields}
    return json.dumps(event, separators=(",", ":")).encode()
