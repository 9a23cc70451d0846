"""Which sounds are a voicemail's beep or a fax machine's answer."""

import base64
import math

import pytest

from call_handler.bridge.beep import ToneEar

_RATE = 8_000


def ulaw(sample: float) -> int:
    """Encode one 16-bit sample. Source: ITU-T G.711."""
    magnitude = min(int(abs(sample)), 32_635) + 132
    exponent = magnitude.bit_length() - 8
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    return ~((0x80 if sample < 0 else 0) | (exponent << 4) | mantissa) & 0xFF


def sound(ms: int, *tones: float, level: float = 6_000, glide: float = 0.0) -> bytes:
    """Make the sum of some tones; `glide`: how far their pitch wanders, as a share."""
    samples = []
    for at in range(8 * ms):
        pitch = at + 800 * glide * math.sin(at / 800)
        waves = [math.sin(2 * math.pi * hz * pitch / _RATE) for hz in tones]
        samples.append(ulaw(level * sum(waves) / max(1, len(tones))))
    return bytes(samples)


def beeps(ear: ToneEar, audio: bytes) -> list[int]:
    frames = [audio[start : start + 160] for start in range(0, len(audio), 160)]
    heard = [ear.hear(base64.b64encode(frame).decode()) for frame in frames]
    return [ms for ms in heard if ms]


@pytest.mark.parametrize("hz", [400, 440, 850, 1_000, 1_400, 2_000, 2_500])
@pytest.mark.parametrize("level", [600, 6_000, 30_000])
def test_a_beep_is_heard_when_it_has_ended(hz: float, level: float) -> None:
    heard = beeps(ToneEar(), sound(200) + sound(400, hz, level=level) + sound(100))
    assert [ms // 100 for ms in heard] in ([3], [4])


@pytest.mark.parametrize(
    "audio",
    [
        sound(1_000),
        sound(100, 1_000),
        sound(1_000, 1_000, level=100),
        sound(1_000, 200),
        sound(1_000, 120, 240, 360, 480),
        sound(1_000, 600, 720),
        sound(1_000, 523, 659, 784),
        sound(1_000, 500, 1_500),
        sound(1_000, 440, glide=0.5),
        bytes(range(256)) * 30,
    ],
    ids=[
        "silence",
        "click",
        "hiss",
        "hum",
        "voice",
        "vowel",
        "chord",
        "formants",
        "siren",
        "noise",
    ],
)
def test_what_is_no_beep_is_not_taken_for_one(audio: bytes) -> None:
    assert beeps(ToneEar(), audio + sound(100)) == []


def test_a_fax_answers_with_a_long_tone_of_its_own() -> None:
    ear = ToneEar()
    beeps(ear, sound(900, 2_100))
    assert not ear.is_fax
    beeps(ear, sound(200, 2_100))
    assert ear.is_fax


def test_a_long_tone_of_another_pitch_is_no_fax() -> None:
    ear = ToneEar()
    beeps(ear, sound(2_000, 1_000))
    assert not ear.is_fax


def test_what_is_no_audio_is_no_tone() -> None:
    assert ToneEar().hear("A") == 0
