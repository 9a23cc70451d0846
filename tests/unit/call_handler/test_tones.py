"""The tones of keys: the sandbox's ear, which knows nothing of them, hears the right ones."""

import pytest

from call_handler.bridge.tones import KEYS, dial_tones
from sandbox.tones import ToneEar

FRAME = 160
SILENCE = b"\xff"


def heard(sound: bytes) -> str:
    """Say which keys a receiver hears."""
    ear = ToneEar()
    frames = [sound[start : start + FRAME] for start in range(0, len(sound), FRAME)]
    keys = [ear.hear(frame.ljust(FRAME, SILENCE)) for frame in frames]
    return "".join(key for key in keys if key is not None)


@pytest.mark.parametrize("key", KEYS)
def test_each_key_is_heard_as_itself(key: str) -> None:
    assert heard(dial_tones(key)) == key


def test_keys_are_heard_in_order_and_once_each() -> None:
    assert heard(dial_tones("1122w#0")) == "1122#0"


def test_a_key_is_160_ms_of_tone_and_80_ms_of_silence() -> None:
    sound = dial_tones("5")
    assert len(sound) == 240 * 8
    assert sound[160 * 8 :] == SILENCE * 80 * 8
    assert sound.count(SILENCE) < 80 * 8 + 40


def test_a_pause_is_half_a_second() -> None:
    assert dial_tones("w") == SILENCE * 4_000
