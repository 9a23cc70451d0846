"""The bill of one response, as `response.done` shows it."""

from dataclasses import dataclass

from sandbox.wire_rules import JsonObject

_CACHE_BLOCK = 64


@dataclass(frozen=True, slots=True)
class TokenCount:
    """Tokens of text and of audio."""

    text: int
    audio: int

    @property
    def total(self) -> int:
        """Add both kinds."""
        return self.text + self.audio


def count_usage(taken: TokenCount, made: TokenCount, *, is_first: bool) -> JsonObject:
    """Build `usage`. `taken`: the whole context, again for every response; `made`: the answer.

    Nothing is cached for the first response; later whole blocks of the context are.
    """
    cached = 0 if is_first else taken.total // _CACHE_BLOCK * _CACHE_BLOCK
    cached_text = min(cached, taken.text)
    return {
        "total_tokens": taken.total + made.total,
        "input_tokens": taken.total,
        "output_tokens": made.total,
        "input_token_details": {
            "text_tokens": taken.text,
            "audio_tokens": taken.audio,
            "image_tokens": 0,
            "cached_tokens": cached,
            "cached_tokens_details": {
                "text_tokens": cached_text,
                "audio_tokens": cached - cached_text,
                "image_tokens": 0,
            },
        },
        "output_token_details": {"text_tokens": made.text, "audio_tokens": made.audio},
    }
