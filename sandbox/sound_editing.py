"""Turns what a synthesiser gives into telephone speech: 8 kHz, level, without long silences.

Pure: samples in, samples out, on the 16-bit scale.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from sandbox.mulaw import SAMPLE_RATE, Samples

LONGEST_PAUSE_MS = 140
"""A listener that waits 300 ms for the end of a sentence must not find one in its middle."""

_BLOCK_MS = 10
_BLOCK = SAMPLE_RATE * _BLOCK_MS // 1_000
_CUT_OFF_HZ = 3_600.0
_TAPS = 63
_LEVEL = 4_500.0  # root mean square of the parts that sound
_LOUDEST = 30_000.0
_QUIET_SHARE = 0.09  # of the level; below it a block is a pause


def for_the_telephone(samples: Samples, rate_hz: int) -> Samples:
    """Give the sound at 8 kHz and at the level of a telephone, its silences cut short."""
    if not samples.size:
        return samples
    return shorten_pauses(level(resample(samples, rate_hz)))


def resample(samples: Samples, rate_hz: int) -> Samples:
    """Bring sound from `rate_hz` (more than 8 kHz) to 8 kHz, without what 8 kHz cannot carry."""
    smooth = np.convolve(samples, _low_pass(rate_hz), mode="same")
    count = int(len(samples) * SAMPLE_RATE / rate_hz)
    # Between samples that lie this close, a straight line is near enough.
    at = np.arange(count) * (rate_hz / SAMPLE_RATE)
    return np.asarray(np.interp(at, np.arange(len(smooth)), smooth))


def level(samples: Samples) -> Samples:
    """Make a sentence as loud as all others, its pauses not counted."""
    sounding = samples[np.abs(samples) > np.abs(samples).max() / 20]
    loudness = float(np.sqrt((sounding**2).mean())) if sounding.size else 0.0
    if loudness == 0.0:
        return samples
    return np.clip(samples * (_LEVEL / loudness), -_LOUDEST, _LOUDEST)


def shorten_pauses(samples: Samples) -> Samples:
    """Cut silence from both ends, and what is over 140 ms from every pause in between."""
    blocks = samples[: len(samples) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    sounds = np.sqrt((blocks**2).mean(axis=1)) > _QUIET_SHARE * _LEVEL
    if not sounds.any():
        return samples[:0]
    first, last = int(sounds.argmax()), len(sounds) - int(sounds[::-1].argmax())
    return blocks[first:last][_kept(sounds[first:last])].reshape(-1)


def _kept(sounds: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say which blocks stay: those that sound, and of each pause the first 140 ms."""
    number = np.arange(len(sounds))
    last_sound = np.maximum.accumulate(np.where(sounds, number, 0))
    return np.asarray(number - last_sound <= LONGEST_PAUSE_MS // _BLOCK_MS)


@cache
def _low_pass(rate_hz: int) -> Samples:
    """Build a windowed sinc that lets pass what is below 3.6 kHz."""
    cut_off = _CUT_OFF_HZ / rate_hz
    at = np.arange(_TAPS) - _TAPS // 2
    taps = 2 * cut_off * np.sinc(2 * cut_off * at) * np.hamming(_TAPS)
    return np.asarray(taps / taps.sum())
