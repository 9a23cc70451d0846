"""Which sentences lie in the playback buffer, and how many bytes of each were played.

The yardstick for truncation: what the agent says it was cut at is held against this. Pure; it is
fed in the order of the buffer, and compares bytes only when audio comes in, not when it plays.
"""

from collections import deque
from dataclasses import dataclass, field

from sandbox.mulaw import BYTES_PER_MS, FRAME_BYTES
from sandbox.speech import audio_of, recognise


@dataclass(slots=True)
class Saying:
    """One time that a sentence was said, in bytes; `text` is empty for audio nobody knows."""

    text: str
    voice: str
    total: int
    played: int = 0
    is_cut: bool = False

    @property
    def played_ms(self) -> float:
        """Give how much of it was played."""
        return self.played / BYTES_PER_MS

    @property
    def is_open(self) -> bool:
        """Say whether more of it may still come: it has begun and not been played to its end."""
        return bool(self.text) and self.played < self.total


@dataclass(frozen=True, slots=True)
class Stale:
    """Audio of a sentence that was cut before; `offset_ms` from its beginning."""

    text: str
    offset_ms: float


@dataclass(slots=True)
class _Stretch:
    """Bytes that wait to be played, all of one saying."""

    saying: Saying
    size: int


@dataclass(slots=True)
class SentenceTrack:
    """Follows one playback buffer."""

    stale: list[Stale] = field(default_factory=list)
    """Each stretch of a cut sentence that came after its clear; the reader empties it."""
    _sayings: list[Saying] = field(default_factory=list)
    """Every known sentence that has come in, oldest first."""
    _waiting: deque[_Stretch] = field(default_factory=deque)
    _unknown: Saying = field(default_factory=lambda: Saying("", "", 0))
    _newest: Saying | None = None
    """What the last audio was of; None when nobody knows."""
    _audio: bytes = b""
    """All of the newest saying's audio, and where the next byte of it is expected."""
    _at: int = 0
    _unnamed: bytes = b""
    """Bytes that came in and are too few to be known."""
    _overdrawn: int = 0
    """Bytes that were played before they had a name."""
    _is_stale: bool = False

    def queue(self, payload: bytes) -> None:
        """Take audio that was queued, of any length."""
        at, shifts = 0, len(self._unnamed) + FRAME_BYTES
        data, self._unnamed = self._unnamed + payload, b""
        while at < len(data):
            size = min(len(data) - at, len(self._audio) - self._at)
            if size and data.startswith(self._audio[self._at : self._at + size], at):
                self._enter(size)
                at += size
            elif found := self._find(data, at, shifts):
                at = found
            else:
                at = self._give_up(data, at)
                shifts = 1  # within one payload a sentence hardly begins out of step

    def play(self, size: int) -> None:
        """Note that so many bytes were played."""
        waiting = self._waiting
        while size:
            if not waiting:
                self._overdrawn += size
                return
            stretch = waiting[0]
            step = min(size, stretch.size)
            stretch.saying.played += step
            stretch.size -= step
            size -= step
            if not stretch.size:
                waiting.popleft()

    def clear(self) -> Saying | None:
        """Note that the buffer was emptied; gives the sentence that was cut in its middle, if any.

        What waits behind it, and what was sent of it and is still to come, counts as cut too.
        """
        sayings = [stretch.saying for stretch in self._waiting]
        sayings += [self._newest] if self._newest is not None else []
        cut = [saying for saying in sayings if saying.is_open]
        for saying in cut:
            saying.is_cut = True
        self._waiting.clear()
        self._unnamed, self._overdrawn = b"", 0
        return next((saying for saying in cut if saying.played), None)

    def times_said(self, text: str) -> int:
        """Count how often the sentence has come in so far."""
        return sum(saying.text == text for saying in self._sayings)

    def played_ms(self, text: str, said_before: int) -> float:
        """Say how much was played of the first saying after `said_before` earlier ones."""
        sayings = [saying for saying in self._sayings if saying.text == text]
        return sayings[said_before].played_ms if said_before < len(sayings) else 0.0

    def _find(self, data: bytes, at: int, shifts: int) -> int:
        """Enter the first frame that is known; gives where it ends, 0 when there is none."""
        for begin in range(at, min(at + shifts, len(data) - FRAME_BYTES + 1)):
            heard = recognise(data[begin : begin + FRAME_BYTES])
            if heard is not None:
                self._enter_unknown(begin - at)
                self._begin(heard.text, heard.voice, heard.offset_ms * BYTES_PER_MS)
                self._enter(FRAME_BYTES)
                return begin + FRAME_BYTES
        return 0

    def _give_up(self, data: bytes, at: int) -> int:
        """Enter bytes that nobody knows; the last ones may be known once more have come."""
        self._audio, self._at = b"", 0
        left = len(data) - at
        if left >= 2 * FRAME_BYTES:
            self._enter_unknown(FRAME_BYTES)
            return at + FRAME_BYTES
        unknown = max(0, left - FRAME_BYTES + 1)
        self._enter_unknown(unknown)
        self._unnamed = data[at + unknown :]
        return len(data)

    def _begin(self, text: str, voice: str, at: int) -> None:
        """Expect a sentence from byte `at`: said anew from its beginning, or taken up again."""
        self._audio, self._at = audio_of(text, voice), at
        earlier = (
            each for each in reversed(self._sayings) if (each.text, each.voice) == (text, voice)
        )
        saying = next(earlier, None) if at else None
        if saying is None:
            saying = Saying(text, voice, len(self._audio))
            self._sayings.append(saying)
        self._newest = saying

    def _enter(self, size: int) -> None:
        """Enter bytes of the newest saying."""
        saying = self._newest or self._unknown
        if saying.is_cut and not self._is_stale:
            self.stale.append(Stale(saying.text, self._at / BYTES_PER_MS))
        self._is_stale = saying.is_cut
        self._at += size
        self._append(saying, size)

    def _enter_unknown(self, size: int) -> None:
        if size:
            self._newest = None
            self._is_stale = False
            self._append(self._unknown, size)

    def _append(self, saying: Saying, size: int) -> None:
        """Queue bytes behind what waits, less those that were played already."""
        early = min(size, self._overdrawn)
        self._overdrawn -= early
        saying.played += early
        if size == early:
            return
        last = self._waiting[-1] if self._waiting else None
        if last is not None and last.saying is saying:
            last.size += size - early
        else:
            self._waiting.append(_Stretch(saying, size - early))
