"""What the model used, summed over all answers of a call."""

from collections.abc import Mapping

from call_handler.realtime.events import object_of
from ringback.v1.call_results_pb2 import Usage

_MOST = 10**9  # tokens of one answer; a number above it is no count


class UsageSum:
    """Adds up the usage of a call; a number that was never told stays unknown."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._sums: dict[str, int] = {}

    def add(self, response: Mapping[str, object]) -> None:
        """Add what one answer used; failed ones tell nothing."""
        usage = object_of(response, "usage")
        inputs = object_of(usage, "input_token_details")
        outputs = object_of(usage, "output_token_details")
        for name, value in (
            ("input_tokens", usage.get("input_tokens")),
            ("cached_input_tokens", inputs.get("cached_tokens")),
            ("output_tokens", usage.get("output_tokens")),
            ("input_audio_tokens", inputs.get("audio_tokens")),
            ("output_audio_tokens", outputs.get("audio_tokens")),
        ):
            if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST:
                self._sums[name] = self._sums.get(name, 0) + value

    def total(self) -> Usage | None:
        """Give the sums; None when the model told nothing."""
        if not self._sums:
            return None
        usage = Usage(model=self._model)
        for name, value in self._sums.items():
            setattr(usage, name, value)
        return usage
