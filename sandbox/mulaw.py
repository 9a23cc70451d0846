"""Mu-law at 8 kHz, the sound of the telephone: its frames, its silence, its loudness.

One frame is 160 bytes and 20 ms. Source of the encoding: ITU-T G.711.
"""

import numpy as np
from numpy.typing import NDArray

FRAME_BYTES = 160
FRAME_MS = 20
BYTES_PER_MS = 8
SAMPLE_RATE = 8_000
SILENCE = b"\xff" * FRAME_BYTES

Samples = NDArray[np.float64]
"""Sound on the 16-bit scale, one number a sample."""

_CLIP = 32_635
_BIAS = 132


def encode_mulaw(samples: NDArray[np.int32]) -> bytes:
    """Encode 16-bit samples as mu-law."""
    biased = np.minimum(np.abs(samples), _CLIP) + _BIAS
    exponent = np.floor(np.log2(biased)).astype(np.int32) - 7
    mantissa = (biased >> (exponent + 3)) & 0x0F
    sign = np.where(samples < 0, 0x80, 0)
    codes: NDArray[np.uint8] = (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8)
    return codes.tobytes()


def decode_mulaw(audio: bytes) -> NDArray[np.int16]:
    """Decode mu-law to 16-bit samples."""
    return _VALUES[np.frombuffer(audio, dtype=np.uint8)]


def encode_frames(samples: Samples) -> bytes:
    """Encode sound as whole 20 ms frames; what the last one lacks is silence."""
    audio = encode_mulaw(samples.astype(np.int32))
    return audio + b"\xff" * (-len(audio) % FRAME_BYTES)


def frames_of(audio: bytes) -> list[bytes]:
    """Cut sound into its 20 ms frames."""
    return [audio[at : at + FRAME_BYTES] for at in range(0, len(audio), FRAME_BYTES)]


def is_loud(frame: bytes) -> bool:
    """Say whether a frame holds anything but mu-law silence."""
    return frame != SILENCE and loudness(frame) > _QUIET


def loudness(frame: bytes) -> float:
    """Give the root mean square of mu-law samples on the 16-bit scale; 0 for no samples."""
    if not frame or frame == SILENCE:
        return 0.0
    return float(np.sqrt(_SQUARES[np.frombuffer(frame, dtype=np.uint8)].mean()))


def noise(length: int, seed: int) -> bytes:
    """Give `length` bytes of noise, the same ones for the same seed."""
    return np.random.default_rng(seed).bytes(length)


def _values() -> NDArray[np.int16]:
    """Tabulate the 16-bit value of every mu-law byte."""
    code = ~np.arange(256) & 0xFF
    magnitude = (((code & 0x0F) << 3) + _BIAS << ((code >> 4) & 7)) - _BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


_VALUES = _values()
_SQUARES = _VALUES.astype(np.float64) ** 2
_QUIET = 200.0  # between a line's hiss and the quietest syllable
