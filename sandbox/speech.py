"""What the sandbox speaks, and the table by which it knows its own sentences again.

There is no recognition of sound here: every 20 ms frame of a sentence is unlike every other frame,
so the bytes themselves say which sentence they belong to, and where. A frame that was altered,
cut or padded on its way is known by nobody, and so is noticed.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FRAME_BYTES = 160
FRAME_MS = 20
BYTES_PER_MS = 8
SAMPLE_RATE = 8_000
SILENCE = b"\xff" * FRAME_BYTES

_FRAMES_PER_CHARACTER = 3.4  # 68 ms: a calm speaker
_SHORTEST_FRAMES = 25
_REMEMBERED = 400  # sentences; about 50 MB when every one of them is long


@dataclass(frozen=True, slots=True)
class Heard:
    """One known frame: whose sentence it is, and from where in it."""

    text: str
    voice: str
    offset_ms: int
    """Start of the frame within the sentence."""
    total_ms: int
    """Length of the whole sentence."""


_spoken: OrderedDict[tuple[str, str], bytes] = OrderedDict()
_frames: dict[bytes, Heard] = {}


def speak(text: str, voice: str) -> bytes:
    """Turn a sentence into audio: mu-law, 8 kHz, mono, whole 20 ms frames; nothing for no text.

    The same voice and text give the same bytes in every process. The sentence is known to
    `recognise` from now on, until 400 others have been spoken after it.
    """
    if not text:
        return b""
    key = (voice, text)
    audio = _spoken.get(key)
    if audio is not None:
        _spoken.move_to_end(key)
        return audio
    audio = _synthesise(text, voice)
    _spoken[key] = audio
    _learn(text, voice, audio)
    if len(_spoken) > _REMEMBERED:
        _forget(_spoken.popitem(last=False)[1])
    return audio


def recognise(frame: bytes) -> Heard | None:
    """Say which sentence a 20 ms frame is from; None for silence and for bytes nobody spoke."""
    return _frames.get(frame)


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


def _learn(text: str, voice: str, audio: bytes) -> None:
    total_ms = len(audio) // BYTES_PER_MS
    for start in range(0, len(audio), FRAME_BYTES):
        frame = audio[start : start + FRAME_BYTES]
        _frames[frame] = Heard(text, voice, start // BYTES_PER_MS, total_ms)


def _forget(audio: bytes) -> None:
    for start in range(0, len(audio), FRAME_BYTES):
        _frames.pop(audio[start : start + FRAME_BYTES], None)


def _synthesise(text: str, voice: str) -> bytes:
    """Make speech-like sound: a gliding voice under a syllable rhythm, and breath over it."""
    digest = hashlib.sha256(f"{voice}\n{text}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    frames = max(_SHORTEST_FRAMES, round(len(text) * _FRAMES_PER_CHARACTER))
    at_s = np.arange(frames * FRAME_BYTES) / SAMPLE_RATE
    pitch = 90.0 + hashlib.sha256(voice.encode()).digest()[0] / 2.0
    phase = 2 * np.pi * pitch * (at_s + 0.02 * np.sin(2 * np.pi * 0.7 * at_s))
    tone = np.sin(phase) + np.sin(2 * phase) / 2 + np.sin(3 * phase) / 3
    syllables = 0.7 + 0.3 * np.sin(2 * np.pi * 4.3 * at_s)
    breath = rng.normal(0.0, 0.25, at_s.size)
    samples = 5_000.0 * syllables * (tone + breath)
    return encode_mulaw(samples.astype(np.int32))


def encode_mulaw(samples: NDArray[np.int32]) -> bytes:
    """Encode 16-bit samples as mu-law. Source: ITU-T G.711."""
    biased = np.minimum(np.abs(samples), 32_635) + 132
    exponent = np.floor(np.log2(biased)).astype(np.int32) - 7
    mantissa = (biased >> (exponent + 3)) & 0x0F
    sign = np.where(samples < 0, 0x80, 0)
    codes: NDArray[np.uint8] = (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8)
    return codes.tobytes()


def _squares() -> NDArray[np.float64]:
    """Tabulate the squared 16-bit value of every mu-law byte. Source: ITU-T G.711."""
    code = ~np.arange(256) & 0xFF
    magnitude = (((code & 0x0F) << 3) + 132 << ((code >> 4) & 7)) - 132
    return magnitude.astype(np.float64) ** 2


_SQUARES = _squares()
_QUIET = 200.0  # between a line's hiss and the quietest syllable
