"""The frames of the load: labelled, made beforehand, and known again byte for byte.

A frame's base64 text begins with 24 characters that are its label, call number and sequence number
as digits: any such text is the base64 of 18 bytes. What follows is one of 50 bodies by sequence
number, so that bytes of a neighbour never pass for one's own.
"""

import base64
import random
from collections import deque
from dataclasses import dataclass, field

BODIES = 50
FRAME_MS = 20
_LABEL_BYTES = 18
_TOLERANCE_MS = 20


@dataclass(frozen=True, slots=True)
class Coding:
    """How sound is coded: u-law 8 kHz, or PCM16 24 kHz for who transcodes."""

    name: str
    bytes_per_ms: int


PCMU, PCM24 = Coding("audio/pcmu", 8), Coding("audio/pcm", 48)
CODINGS = {"pcmu": PCMU, "pcm24": PCM24}


class Voice:
    """Speaks the frames of one kind: `ms` long each, in one coding."""

    def __init__(self, ms: int, coding: Coding = PCMU) -> None:
        self.ms = ms
        size = ms * coding.bytes_per_ms - _LABEL_BYTES
        dice = random.Random(ms)  # noqa: S311 - noise, the same in each run
        self._bodies = [base64.b64encode(dice.randbytes(size)) for _ in range(BODIES)]

    def frame(self, call: int, sequence: int) -> bytes:
        """Give the base64 text of one frame."""
        return b"%08d%016d%b" % (call, sequence, self._bodies[sequence % BODIES])


def call_of(text: bytes) -> int:
    """Read the call's number from the label of a frame; -1 when it has none."""
    label = text[:24]
    return int(label[:8]) if len(label) == 24 and label.isdigit() else -1  # noqa: PLR2004


@dataclass(slots=True)
class Way:
    """One direction of one call: what was sent, and whether it came.

    `spans_ms`: the time on the way of each frame that was sent while `is_counting`.
    """

    is_exact: bool = True
    bytes_per_ms_out: int = PCMU.bytes_per_ms
    sent: int = 0
    received: int = 0
    wrong: int = 0
    is_counting: bool = False
    spans_ms: list[float] = field(default_factory=list)
    _waiting: deque[tuple[float, bytes, bool]] = field(default_factory=deque)
    _part: bytes = b""
    _owed_ms: float = 0.0

    def note_sent(self, at_s: float, text: bytes) -> None:
        """Note a frame that goes out now."""
        self.sent += 1
        self._waiting.append((at_s, text, self.is_counting))

    def note_received(self, at_s: float, text: bytes, frame_ms: int) -> None:
        """Note sound that came: a frame, a part of one, or sound cut anew."""
        if not self.is_exact:
            self._count_by_length(at_s, text, frame_ms)
            return
        whole = self._part + text
        if not self._waiting:
            self.wrong += 1
        elif whole == self._waiting[0][1]:
            self._part = b""
            self._arrived(at_s)
        elif self._waiting[0][1].startswith(whole):
            self._part = whole
        else:
            self._take_stray(at_s, whole)

    @property
    def missing(self) -> int:
        """Count what was sent and has not come."""
        return len(self._waiting)

    def _arrived(self, at_s: float) -> None:
        sent_s, _, counts = self._waiting.popleft()
        self.received += 1
        if counts:
            self.spans_ms.append((at_s - sent_s) * 1_000)

    def _take_stray(self, at_s: float, whole: bytes) -> None:
        """Take what was not expected next: a later frame, or something altered."""
        self.wrong += 1
        self._part = b""
        if any(text == whole for _, text, _ in self._waiting):
            while self._waiting[0][1] != whole:
                self._waiting.popleft()
            self._arrived(at_s)

    def _count_by_length(self, at_s: float, text: bytes, frame_ms: int) -> None:
        size = len(text) // 4 * 3 - text[-2:].count(b"=")
        self._owed_ms += size / self.bytes_per_ms_out
        while self._waiting and self._owed_ms >= frame_ms - _TOLERANCE_MS / 2:
            self._owed_ms -= frame_ms
            self._arrived(at_s)
