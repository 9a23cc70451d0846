"""Hears pure tones on the line: a voicemail's beep, a fax machine's answer.

A pure tone obeys x[n+k] + x[n-k] = 2 cos(k w) x[n]; what is left over tells how impure a frame is.
Two distances k are tried, since speech may pass one of them for a moment, but not both for long.
"""

import base64
import math
from dataclasses import dataclass
from operator import add, mul

FRAME_MS = 20
_RATE = 8_000
_SAMPLES = 80  # of 160: half a frame tells as much for half the work
_FAR, _NEAR = 4, 1  # samples; the far one keeps neighbouring harmonics apart
_IMPURITY = 0.02  # u-law alone makes 0.001
_QUIETEST = 300.0**2  # of 32768, squared: below it nobody means to be heard
_LOWEST_HZ, _HIGHEST_HZ = 350.0, 3_000.0
_DRIFT = 0.04
_SHORTEST_MS = 120
_FAX_HZ = 2_100.0
_FAX_MS = 1_000


@dataclass(slots=True)
class ToneEar:
    """Follows one line, frame by frame, and tells when a tone has ended.

    `hz` and `lasts_ms` tell of the tone that is sounding; 0 while there is none.
    """

    hz: float = 0.0
    lasts_ms: int = 0

    @property
    def is_fax(self) -> bool:
        """Say whether a fax machine's answering tone has lasted long enough to be one (T.30)."""
        return self.lasts_ms >= _FAX_MS and abs(self.hz - _FAX_HZ) < _FAX_HZ * _DRIFT

    def hear(self, payload: str) -> int:
        """Take 20 ms of the line (base64 of u-law) and say how long the tone was that just ended.

        Returns: ms; 0 when none ended, or one too short for a beep.
        """
        try:
            hz = find_tone(base64.b64decode(payload))
        except ValueError:  # no base64: whatever it is, it is no tone
            hz = 0.0
        if hz and abs(hz - self.hz) <= _DRIFT * self.hz:
            self.lasts_ms += FRAME_MS
            return 0
        ended_ms = self.lasts_ms if self.lasts_ms >= _SHORTEST_MS else 0
        self.hz, self.lasts_ms = hz, FRAME_MS if hz else 0
        return ended_ms


def find_tone(audio: bytes) -> float:
    """Give the frequency in Hz when u-law audio is one pure and audible tone, else 0."""
    samples = [_LINEAR[code] for code in audio[:_SAMPLES]]
    power = sum(map(mul, samples, samples))
    if power < _QUIETEST * max(1, len(samples)):
        return 0.0
    if _fit(samples, _FAR) is None:
        return 0.0
    cosine = _fit(samples, _NEAR)
    if cosine is None or abs(cosine) > 1:
        return 0.0
    hz = math.acos(cosine) * _RATE / (2 * math.pi)
    return hz if _LOWEST_HZ <= hz <= _HIGHEST_HZ else 0.0


def _fit(samples: list[int], distance: int) -> float | None:
    """Fit cos(k w) at one distance; None when too much is left over for a pure tone."""
    middle = samples[distance:-distance]
    sums = list(map(add, samples[: -2 * distance], samples[2 * distance :]))
    own, both = sum(map(mul, middle, middle)), sum(map(mul, middle, sums))
    if own <= 0:
        return None
    left_over = sum(map(mul, sums, sums)) - both * both / own
    return both / own / 2 if left_over <= _IMPURITY * own else None


def _decode(code: int) -> int:
    """Decode one byte of u-law to a 16-bit sample. Source: ITU-T G.711."""
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 132 << ((code >> 4) & 7)) - 132
    return -magnitude if code & 0x80 else magnitude


_LINEAR = tuple(_decode(code) for code in range(256))
