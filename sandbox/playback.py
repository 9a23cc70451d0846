"""The carrier's playback buffer: what the agent sent, played to the callee at 8,000 bytes/s."""

from collections import deque
from dataclasses import dataclass, field

from sandbox.mulaw import BYTES_PER_MS, FRAME_BYTES, SILENCE
from sandbox.sentence_track import Saying, SentenceTrack

LIMIT_BYTES = 10 * 60 * 1000 * BYTES_PER_MS


@dataclass(slots=True)
class Played:
    """One step of playback: the bytes the callee heard and the marks that were reached."""

    frame: bytes
    marks: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Cleared:
    """What a clear took out: the pending marks, oldest first, and the sentence it cut.

    `cut` is None when no sentence was in its middle.
    """

    marks: list[str]
    cut: Saying | None


class PlaybackBuffer:
    """Queues audio and marks, and gives them back in real time; it has no clock of its own.

    `played_bytes` counts agent audio that was really heard; `track` knows of which sentences: the
    yardstick for what the agent may claim after a barge-in.
    """

    def __init__(self) -> None:
        self.track = SentenceTrack()
        self.played_bytes = 0
        self.discarded_bytes = 0
        self._entries: deque[bytes | str] = deque()
        self._queued_bytes = 0

    @property
    def queued_bytes(self) -> int:
        """Bytes waiting to be played."""
        return self._queued_bytes

    @property
    def played_ms(self) -> int:
        """Milliseconds of agent audio heard since the stream began."""
        return self.played_bytes // BYTES_PER_MS

    def queue_audio(self, audio: bytes) -> bool:
        """Queue `audio` of any length; False when ten minutes are full and the rest is lost."""
        room = LIMIT_BYTES - self._queued_bytes
        kept = audio[:room]
        if kept:
            self._entries.append(kept)
            self._queued_bytes += len(kept)
            self.track.queue(kept)
        self.discarded_bytes += len(audio) - len(kept)
        return len(kept) == len(audio)

    def queue_mark(self, name: str) -> bool:
        """Queue a mark; True when nothing is queued before it, so that it is echoed at once."""
        if not self._entries:
            return True
        self._entries.append(name)
        return False

    def clear(self) -> Cleared:
        """Empty the queue."""
        marks = [entry for entry in self._entries if isinstance(entry, str)]
        self.discarded_bytes += self._queued_bytes
        self._entries.clear()
        self._queued_bytes = 0
        return Cleared(marks, self.track.clear())

    def play(self, size: int = FRAME_BYTES) -> Played:
        """Play `size` bytes (at most a frame): what is queued, then silence; and its marks."""
        if not self._entries:
            return Played(SILENCE[:size])
        parts: list[bytes] = []
        marks: list[str] = []
        wanted = size
        while self._entries:
            entry = self._entries[0]
            if isinstance(entry, str):
                marks.append(entry)
                self._entries.popleft()
            elif wanted == 0:
                break
            else:
                parts.append(self._take(entry, wanted))
                wanted -= len(parts[-1])
        heard = size - wanted
        self.played_bytes += heard
        self._queued_bytes -= heard
        self.track.play(heard)
        return Played(b"".join(parts) + SILENCE[:wanted], marks)

    def _take(self, entry: bytes, wanted: int) -> bytes:
        if len(entry) <= wanted:
            self._entries.popleft()
            return entry
        self._entries[0] = entry[wanted:]
        return entry[:wanted]
