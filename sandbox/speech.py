"""What the sandbox speaks, and the table by which it knows its own sentences again.

There is no recognition of sound here: every 20 ms frame of a sentence is unlike every other frame,
so the bytes themselves say which sentence they belong to, and where. A frame that was altered,
cut or padded on its way is known by nobody, and so is noticed.

Sentences are spoken by espeak-ng where it was asked for and loads, else as speech-like noise.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from sandbox.espeak import EspeakMissing, load
from sandbox.mulaw import (
    BYTES_PER_MS,
    FRAME_BYTES,
    FRAME_MS,
    SAMPLE_RATE,
    SILENCE,
    Samples,
    encode_frames,
    encode_mulaw,
    frames_of,
    is_loud,
    loudness,
    noise,
)
from sandbox.sound_editing import for_the_telephone
from sandbox.voices import voice_of

__all__ = [  # who speaks needs the frames of it as well
    "BYTES_PER_MS",
    "FRAME_BYTES",
    "FRAME_MS",
    "SAMPLE_RATE",
    "SILENCE",
    "Heard",
    "SentenceBook",
    "Sound",
    "audio_of",
    "choose_sound",
    "encode_mulaw",
    "is_loud",
    "loudness",
    "make_noise",
    "make_speech",
    "noise",
    "recognise",
    "speak",
]

_FRAMES_PER_CHARACTER = 3.4  # 68 ms: a calm speaker
_SHORTEST_FRAMES = 25
_REMEMBERED = 1_000  # sentences; about 100 MB when every one of them is long
_HISS = 12.0  # on the 16-bit scale, 68 dB below full scale: makes even two pauses differ
_TRIES = 5


class Sound(StrEnum):
    """How sentences sound."""

    SPEECH = "speech"
    """Words that a person understands."""
    NOISE = "noise"
    """Noise of about the right length: cheaper, and the same bytes in every process."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One known frame: whose sentence it is, and from where in it."""

    text: str
    voice: str
    offset_ms: int
    """Start of the frame within the sentence."""
    total_ms: int
    """Length of the whole sentence."""


Synthesiser = Callable[[str, str], Samples]
"""Makes the samples (8 kHz) of a text in a voice."""


class SentenceBook:
    """The sentences spoken so far, and their frames."""

    def __init__(self, synthesise: Synthesiser) -> None:
        self.synthesise = synthesise
        self.frames: dict[bytes, Heard] = {}
        self._spoken: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    def speak(self, text: str, voice: str) -> bytes:
        """Give the sentence's audio, made now or remembered."""
        key = (voice, text)
        audio = self._spoken.get(key)
        if audio is not None:
            self._spoken.move_to_end(key)
            return audio
        audio = self._make(text, voice)
        self._spoken[key] = audio
        self._learn(text, voice, audio)
        if len(self._spoken) > _REMEMBERED:
            self._forget(self._spoken.popitem(last=False)[1])
        return audio

    def audio_of(self, text: str, voice: str) -> bytes:
        """Give the audio of a remembered sentence; empty when it is forgotten."""
        return self._spoken.get((voice, text), b"")

    def _make(self, text: str, voice: str) -> bytes:
        """Make audio of which no frame is known yet; noise for what gives no sound as speech."""
        seed = hashlib.sha256(f"{voice}\n{text}".encode()).digest()
        rng = np.random.default_rng(int.from_bytes(seed[:8], "big"))
        samples = self._synthesised(text, voice)
        for attempt in range(_TRIES):
            hiss = rng.normal(0.0, _HISS * 2**attempt, samples.size)
            audio = encode_frames(samples + hiss)
            if audio and self._is_new(audio):
                return audio
        return encode_frames(make_noise(text, voice))

    def _synthesised(self, text: str, voice: str) -> Samples:
        try:
            return self.synthesise(text, voice)
        except EspeakMissing:
            return make_noise(text, voice)

    def _is_new(self, audio: bytes) -> bool:
        frames = frames_of(audio)
        return len(set(frames)) == len(frames) and self.frames.keys().isdisjoint(frames)

    def _learn(self, text: str, voice: str, audio: bytes) -> None:
        total_ms = len(audio) // BYTES_PER_MS
        for number, frame in enumerate(frames_of(audio)):
            self.frames[frame] = Heard(text, voice, number * FRAME_MS, total_ms)

    def _forget(self, audio: bytes) -> None:
        for frame in frames_of(audio):
            self.frames.pop(frame, None)


def choose_sound(sound: Sound) -> Sound:
    """Choose how sentences sound that are not spoken yet; noise until this is called.

    Returns: what it will be: noise where the library for speech does not load.
    """
    _book.synthesise = make_noise
    if sound is Sound.NOISE:
        return Sound.NOISE
    try:
        load()
    except EspeakMissing:
        return Sound.NOISE
    _book.synthesise = make_speech
    return Sound.SPEECH


def speak(text: str, voice: str) -> bytes:
    """Turn a sentence into audio: mu-law, 8 kHz, mono, whole 20 ms frames; nothing for no text.

    The same voice and text give the same bytes again while the sentence is known to `recognise`:
    until 1,000 others have been spoken after it.
    """
    return _book.speak(text, voice) if text else b""


def recognise(frame: bytes) -> Heard | None:
    """Say which sentence a 20 ms frame is from; None for silence and for bytes nobody spoke."""
    return _book.frames.get(frame)


def audio_of(text: str, voice: str) -> bytes:
    """Give the whole audio of a sentence that was recognised; empty when it is forgotten."""
    return _book.audio_of(text, voice)


def make_speech(text: str, voice: str) -> Samples:
    """Make speech that a person understands. Raises: EspeakMissing."""
    espeak = load()
    return for_the_telephone(espeak.speak(text, voice_of(voice)), espeak.rate_hz)


def make_noise(text: str, voice: str) -> Samples:
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
    return np.asarray(5_000.0 * syllables * (tone + breath))


_book = SentenceBook(make_noise)
