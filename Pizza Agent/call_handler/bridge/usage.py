"""What the models used, summed over all answers and transcriptions of a call, and its cost."""

from collections import Counter
from collections.abc import Mapping

from call_handler.prices import ModelPrices
from call_handler.realtime.events import object_of
from ringback.v1.call_results_pb2 import Usage

_MOST = 10**9  # tokens of one answer; a number above it is no count
_TRANSCRIBED = "conversation.item.input_audio_transcription.completed"
_SECONDS = 60


class UsageSum:
    """Adds up the usage of a call; a number that was never told stays unknown.

    Transcription is the work of another model with other prices: its tokens are in the sums, too.
    """

    def __init__(self, model: str, prices: ModelPrices | None = None) -> None:
        self._model = model
        self._prices = prices
        self._sums: dict[str, int] = {}
        self._billed: Counter[str] = Counter()
        self._minutes = 0.0

    def add(self, response: Mapping[str, object]) -> None:
        """Add what one answer used; failed ones tell nothing."""
        usage = object_of(response, "usage")
        inputs = object_of(usage, "input_token_details")
        cached = object_of(inputs, "cached_tokens_details")
        outputs = object_of(usage, "output_token_details")
        all_in, all_out = self._count(usage, inputs, outputs)
        all_cached = _number(inputs, "cached_tokens")
        audio_in, audio_out = _number(inputs, "audio_tokens"), _number(outputs, "audio_tokens")
        # Without details what is cached counts as text: instructions and tools are cached first.
        audio_cached = min(_number(cached, "audio_tokens"), audio_in, all_cached)
        text_in = max(0, all_in - audio_in)
        text_cached = min(all_cached - audio_cached, text_in)
        self._billed.update(
            text_in=text_in - text_cached,
            text_cached=text_cached,
            audio_in=audio_in - audio_cached,
            audio_cached=audio_cached,
            text_out=max(0, all_out - audio_out),
            audio_out=audio_out,
        )

    def add_transcription(self, event: Mapping[str, object]) -> None:
        """Add what writing down one sentence of the callee used; pass over all other events."""
        if event.get("type") != _TRANSCRIBED:
            return
        usage = object_of(event, "usage")
        all_in, all_out = self._count(usage, object_of(usage, "input_token_details"), {})
        self._billed.update(transcript_in=all_in, transcript_out=all_out)
        match usage.get("seconds"):
            case bool():
                pass
            case int() | float() as seconds if 0 <= seconds <= _MOST:
                self._minutes += seconds / _SECONDS

    def total(self) -> Usage | None:
        """Give the sums, and the cost where prices are known; None when the models told nothing."""
        if not self._sums and not self._minutes:
            return None
        usage = Usage(model=self._model)
        for name, value in self._sums.items():
            setattr(usage, name, value)
        if self._prices is not None:
            amounts = {**self._billed, "transcript_minute": self._minutes}
            usage.estimated_cost_micros = self._prices.estimate_micros(amounts)
            usage.currency = self._prices.currency
        return usage

    def _count(
        self,
        usage: Mapping[str, object],
        inputs: Mapping[str, object],
        outputs: Mapping[str, object],
    ) -> tuple[int, int]:
        """Add the numbers that were told to the sums; give all input and all output tokens."""
        for name, part, key in (
            ("input_tokens", usage, "input_tokens"),
            ("cached_input_tokens", inputs, "cached_tokens"),
            ("output_tokens", usage, "output_tokens"),
            ("input_audio_tokens", inputs, "audio_tokens"),
            ("output_audio_tokens", outputs, "audio_tokens"),
        ):
            if _is_count(part.get(key)):
                self._sums[name] = self._sums.get(name, 0) + _number(part, key)
        return _number(usage, "input_tokens"), _number(usage, "output_tokens")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST


def _number(part: Mapping[str, object], name: str) -> int:
    value = part.get(name)
    return value if isinstance(value, int) and _is_count(value) else 0
