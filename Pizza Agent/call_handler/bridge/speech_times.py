"""When the callee spoke, on the media clock: the model counts from the first audio it was sent."""

from collections.abc import Mapping

from call_handler.realtime.events import text_of

_LONGEST_MS = 86_400_000  # no call is longer than a day


class SpeechTimes:
    """Keeps begin and end of the callee's sentences until their turn is opened."""

    def __init__(self) -> None:
        self._offset_ms = 0
        self._begins: dict[str, int] = {}
        self._ends: dict[str, int] = {}
        self._nudges: set[str] = set()

    def begin_at(self, offset_ms: int) -> None:
        """Note when, on the media clock, the first audio for the model was recorded."""
        self._offset_ms = offset_ms

    def started(self, event: Mapping[str, object]) -> None:
        """Note the beginning of a sentence."""
        self._note(self._begins, event, "audio_start_ms")

    def stopped(self, event: Mapping[str, object]) -> None:
        """Note the end of a sentence."""
        self._note(self._ends, event, "audio_end_ms")

    def nudged(self, event: Mapping[str, object]) -> None:
        """Note that an item is silence, committed so that the agent asks whether they are there."""
        self._nudges.add(text_of(event, "item_id"))

    def is_nudge(self, item_id: str) -> bool:
        """Say whether an item is silence."""
        return item_id in self._nudges

    def take(self, item_id: str) -> tuple[int | None, int | None]:
        """Give begin and end of a sentence and forget them; None where they were not told."""
        return self._begins.pop(item_id, None), self._ends.pop(item_id, None)

    def _note(self, times: dict[str, int], event: Mapping[str, object], name: str) -> None:
        value = event.get(name)
        if isinstance(value, int) and value <= _LONGEST_MS:
            times[text_of(event, "item_id")] = max(0, value) + self._offset_ms
