"""The tones of telephone keys as u-law audio, for menus: two sines at once, then silence.

Source: ITU-T Q.23 (frequencies), G.711 (u-law).
"""

import math
from functools import cache

KEYS = "0123456789*#ABCD"
PAUSE = "w"
"""Half a second of silence between keys."""
_ROWS = (697, 770, 852, 941)
_COLUMNS = (1209, 1336, 1477, 1633)
_LAYOUT = ("123A", "456B", "789C", "*0#D")
_RATE = 8_000
_TONE_MS, _GAP_MS, _PAUSE_MS = 160, 80, 500
_AMPLITUDE = 9_000  # of each sine, on the 16-bit scale
_SILENCE = b"\xff"
_BIAS, _CLIP = 0x84, 32_635


def dial_tones(digits: str) -> bytes:
    """Give the sound of pressing keys one after the other; each has to be one of KEYS or PAUSE."""
    return b"".join(_sound_of(digit) for digit in digits)


@cache
def _sound_of(digit: str) -> bytes:
    if digit == PAUSE:
        return _SILENCE * (_PAUSE_MS * _RATE // 1_000)
    row = next(index for index, keys in enumerate(_LAYOUT) if digit in keys)
    low, high = _ROWS[row], _COLUMNS[_LAYOUT[row].index(digit)]
    tone = bytes(
        _encode(_AMPLITUDE * (_sine(low, at) + _sine(high, at)))
        for at in range(_TONE_MS * _RATE // 1_000)
    )
    return tone + _SILENCE * (_GAP_MS * _RATE // 1_000)


def _sine(frequency_hz: int, at: int) -> float:
    return math.sin(2 * math.pi * frequency_hz * at / _RATE)


def _encode(sample: float) -> int:
    """Write one sample of the 16-bit scale as u-law."""
    sign = 0x80 if sample < 0 else 0
    size = min(_CLIP, round(abs(sample))) + _BIAS
    exponent = max(0, size.bit_length() - 8)
    mantissa = (size >> (exponent + 3)) & 0x0F
    return ~(sign | exponent << 4 | mantissa) & 0xFF
