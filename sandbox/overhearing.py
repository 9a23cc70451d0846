"""What each side really heard of the other, sentence by sentence, for the books."""

from collections.abc import Callable

from sandbox.speech import FRAME_MS, Heard, recognise


class Overhearing:
    """Follows one direction of a call and tells each sentence once, when it is over.

    `told(heard, heard_ms)`: the sentence, and how many milliseconds of it came through.
    """

    def __init__(self, told: Callable[[Heard, int], None]) -> None:
        self._told = told
        self._current: Heard | None = None
        self._heard_ms = 0

    def listen(self, frame: bytes) -> Heard | None:
        """Take the next 20 ms; give what they are known as."""
        heard = recognise(frame)
        if self._current is not None and not _goes_on(self._current, heard):
            self.finish()
        if heard is not None:
            self._current = heard
            self._heard_ms += FRAME_MS
        return heard

    def finish(self) -> None:
        """Tell the sentence that was being said, if any."""
        if self._current is not None:
            self._told(self._current, self._heard_ms)
        self._current = None
        self._heard_ms = 0


def _goes_on(current: Heard, heard: Heard | None) -> bool:
    return (
        heard is not None
        and (heard.text, heard.voice) == (current.text, current.voice)
        and heard.offset_ms > current.offset_ms
    )
