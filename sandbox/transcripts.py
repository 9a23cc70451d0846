"""The events that bring the callee's words, some time after the callee has said them."""

from collections.abc import Iterator

from sandbox.conversation import Item
from sandbox.wire_rules import JsonObject

_KIND = "conversation.item.input_audio_transcription"


def transcript_events(item: Item, words: str, manner: str) -> Iterator[JsonObject]:
    """Yield the transcript of one item. `manner`: ModelFaults.transcripts.

    Speech without any word in it is one that could not be understood: `failed`.
    """
    if manner == "never":
        return
    if manner == "failed" or not words:
        error = {
            "type": "transcription_error",
            "code": "audio_unintelligible",
            "message": "The audio could not be transcribed.",
            "param": None,
        }
        yield _event("failed", item, error=error)
        return
    yield _event("delta", item, delta=words)
    item.body["content"] = [{"type": "input_audio", "transcript": words}]
    for _ in range(2 if manner == "twice" else 1):
        yield _event("completed", item, transcript=words, usage=_usage(item, words))


def _event(kind: str, item: Item, **fields: object) -> JsonObject:
    return {"type": f"{_KIND}.{kind}", "item_id": item.item_id, "content_index": 0, **fields}


def _usage(item: Item, words: str) -> JsonObject:
    audio, text = item.audio_tokens(), len(words) // 4
    return {
        "type": "tokens",
        "total_tokens": audio + text,
        "input_tokens": audio,
        "output_tokens": text,
        "input_token_details": {"text_tokens": 0, "audio_tokens": audio},
    }
