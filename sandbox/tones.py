"""The sounds of a telephone that are not speech: keys, beep, hold music, fax; and an ear for keys.

Everything here is mu-law in whole 20 ms frames. Keys: ITU-T Q.23 and Q.24.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from sandbox.mulaw import (
    BYTES_PER_MS,
    FRAME_BYTES,
    SAMPLE_RATE,
    SILENCE,
    Samples,
    decode_mulaw,
    encode_frames,
    frames_of,
)

ROWS = (697, 770, 852, 941)
COLUMNS = (1209, 1336, 1477, 1633)
KEYS = ("123A", "456B", "789C", "*0#D")
"""The key of a row and a column."""
TONE_MS, GAP_MS = 160, 80
PAUSES_MS = {"w": 500, "W": 1_000}
BEEP_HZ = 1_000
FAX_HZ = 2_100
"""The answer tone of a fax machine."""

_KEY_LEVEL = 6_000.0
_LEVEL = 8_000.0
_MELODY_HZ = (262, 330, 392, 523, 392, 330, 294, 349, 440, 587, 440, 349)
_NOTE_MS = 500

_made: set[bytes] = set()


def dial_tones(digits: str) -> bytes:
    """Press keys: 160 ms of tone and 80 ms of silence for each; `w` waits 0.5 s, `W` 1 s.

    Raises: ValueError for anything that is no key.
    """
    return b"".join(_press(digit) for digit in digits)


@cache
def beep(length_ms: int) -> bytes:
    """Give the tone after which an answering machine records: 1,000 Hz."""
    return _made_of(_sine(BEEP_HZ, length_ms) * _LEVEL)


@cache
def fax_tone(length_ms: int) -> bytes:
    """Give the tone with which a fax machine answers: 2,100 Hz."""
    return _made_of(_sine(FAX_HZ, length_ms) * _LEVEL)


def hold_music(length_ms: int) -> bytes:
    """Give music for waiting: a tune of 6 s, again and again; its first frame begins the tune."""
    tune = _tune()
    length = -(-length_ms * BYTES_PER_MS // FRAME_BYTES) * FRAME_BYTES
    return (tune * (length // len(tune) + 1))[:length]


def is_tone(frame: bytes) -> bool:
    """Say whether a frame is of a sound made here: loud, and yet nobody speaks."""
    return frame in _made


class ToneEar:
    """Hears keys in 20 ms frames: Goertzel's filter at the eight frequencies of a keyboard.

    A key counts once however long it is pressed, from 40 ms on; speech and music do not pass.
    """

    def __init__(self) -> None:
        self._last = SILENCE
        self._candidate: str | None = None
        self._pressed: str | None = None
        self._is_idle = True

    def hear(self, frame: bytes) -> str | None:
        """Take the next 20 ms; give the key whose press has just been understood, if any."""
        if frame == SILENCE and self._is_idle:
            return None
        digit: str | None = None
        # Windows of 20 ms every 10 ms: a press need not begin where a frame begins.
        for window in (self._last[_HALF:] + frame[:_HALF], frame):
            digit = self._follow(_key_in(window)) or digit
        self._is_idle = self._last == SILENCE == frame
        self._last = frame
        return digit

    def _follow(self, key: str | None) -> str | None:
        candidate, self._candidate = self._candidate, key
        if key != candidate or key == self._pressed:
            return None
        self._pressed = key
        return key


def _press(digit: str) -> bytes:
    if digit in PAUSES_MS:
        return SILENCE * (PAUSES_MS[digit] // 20)
    for row, keys in zip(ROWS, KEYS, strict=True):
        if digit in keys and digit:
            column = COLUMNS[keys.index(digit)]
            tone = _sine(row, TONE_MS) + _sine(column, TONE_MS)
            return _made_of(tone * _KEY_LEVEL) + SILENCE * (GAP_MS // 20)
    raise ValueError(f"{digit!r} is no key")


@cache
def _tune() -> bytes:
    notes = [_note(hertz) for hertz in _MELODY_HZ]
    return _made_of(np.concatenate(notes) * _LEVEL / 2)


def _note(hertz: int) -> Samples:
    """Give one plucked note: a tone, its octave, and its fading."""
    fading = np.exp(-np.arange(SAMPLE_RATE * _NOTE_MS // 1_000) / (SAMPLE_RATE * 0.3))
    return np.asarray((_sine(hertz, _NOTE_MS) + _sine(2 * hertz, _NOTE_MS) / 3) * fading)


def _sine(hertz: int, length_ms: int) -> Samples:
    at_s = np.arange(SAMPLE_RATE * length_ms // 1_000) / SAMPLE_RATE
    return np.asarray(np.sin(2 * np.pi * hertz * at_s))


def _made_of(samples: Samples) -> bytes:
    """Encode a sound and remember its frames as none of speech."""
    audio = encode_frames(samples)
    _made.update(frames_of(audio))
    return audio


def _key_in(window: bytes) -> str | None:
    """Name the key that sounds through a whole window of 20 ms."""
    samples = decode_mulaw(window).astype(np.float64)
    energy = float(samples @ samples) / len(samples)
    if energy < _LEAST_ENERGY:
        return None
    # The energy of a pure tone shows up whole at its frequency.
    powers = np.abs(_FILTERS @ samples) ** 2 * 2 / len(samples) ** 2
    rows, columns = powers[: len(ROWS)], powers[len(ROWS) :]
    row, column = int(rows.argmax()), int(columns.argmax())
    low, high = float(rows[row]), float(columns[column])
    is_even = low < _MOST_TWIST * high and high < _MOST_TWIST * low
    return KEYS[row][column] if is_even and low + high > _LEAST_SHARE * energy else None


def _filters() -> NDArray[np.complex128]:
    at_s = np.arange(FRAME_BYTES) / SAMPLE_RATE
    hertz = np.array([*ROWS, *COLUMNS], dtype=np.float64)
    return np.asarray(np.exp(-2j * np.pi * np.outer(hertz, at_s)))


_HALF = FRAME_BYTES // 2
_FILTERS = _filters()
_LEAST_ENERGY = 250.0**2  # on the 16-bit scale: 42 dB below full scale
_LEAST_SHARE = 0.82  # of a window's energy in the two tones; what fills half of it has half
_MOST_TWIST = 6.3  # 8 dB between the two tones
