"""Keys, beep, music and fax: what the ear for keys hears, and what nobody takes for words."""

import pytest

from sandbox.listening import Utterance
from sandbox.mulaw import FRAME_BYTES, SILENCE, frames_of, is_loud
from sandbox.speech import speak
from sandbox.tones import ToneEar, beep, dial_tones, fax_tone, hold_music
from sandbox.voice_activity import VoiceActivity

EVERY_KEY = "0123456789*#ABCD"
VAD = {"threshold": 0.5, "silence_duration_ms": 500}


def keys_in(audio: bytes) -> str:
    ear = ToneEar()
    padded = audio + b"\xff" * (-len(audio) % FRAME_BYTES)
    return "".join(filter(None, map(ear.hear, frames_of(padded + SILENCE * 3))))


def tone_of(key: str, length_ms: int) -> bytes:
    """Give the loud part of a key's press, cut short or made longer."""
    return (dial_tones(key)[: 160 * 8] * 3)[: length_ms * 8]


def test_every_key_is_heard_once_and_in_order() -> None:
    assert keys_in(dial_tones(EVERY_KEY)) == EVERY_KEY


def test_the_same_key_twice_is_two_presses() -> None:
    assert keys_in(dial_tones("1100")) == "1100"


def test_a_key_held_long_is_one_press() -> None:
    assert keys_in(tone_of("5", 480)) == "5"


@pytest.mark.parametrize("late_ms", range(0, 20, 3))
def test_forty_milliseconds_are_enough_wherever_they_begin(late_ms: int) -> None:
    assert keys_in(b"\xff" * (late_ms * 8) + tone_of("7", 40)) == "7"


def test_twenty_milliseconds_are_no_press() -> None:
    assert keys_in(b"\xff" * 40 + tone_of("7", 20)) == ""


def test_a_pause_is_silence_of_its_length() -> None:
    assert dial_tones("w") == SILENCE * 25
    assert dial_tones("W") == SILENCE * 50


@pytest.mark.parametrize("digits", ["E", "1 2", "x"])
def test_what_is_no_key_is_refused(digits: str) -> None:
    with pytest.raises(ValueError, match="is no key"):
        dial_tones(digits)


@pytest.mark.parametrize("sound", [beep(400), fax_tone(3_000), hold_music(12_000)])
def test_other_sounds_press_no_key(sound: bytes) -> None:
    assert keys_in(sound) == ""


def test_speech_presses_no_key() -> None:
    sentences = ("That will be fourteen fifty.", "Luigi's Pizza, hello?", "One, two, three, four.")
    for voice in ("luigi", "cedar", "person"):
        assert [keys_in(speak(sentence, voice)) for sentence in sentences] == ["", "", ""]


@pytest.mark.parametrize("sound", [beep(400), fax_tone(3_000), hold_music(12_000), dial_tones("5")])
def test_a_sound_is_loud_and_nobody_speaks(sound: bytes) -> None:
    heard, vad = Utterance(), VoiceActivity()
    frames = frames_of(sound)
    happened = [vad.feed(frame, at * 20, VAD) for at, frame in enumerate(frames)]
    for frame in frames:
        heard.add(frame)
    assert any(map(is_loud, frames))
    assert {len(frame) for frame in frames} == {FRAME_BYTES}
    assert set(happened) == {None}
    assert (heard.text, heard.loud_frames, heard.unknown_frames) == ("", 0, 0)


def test_music_has_the_length_that_was_asked_for() -> None:
    assert len(hold_music(7_010)) == 7_020 * 8
    assert hold_music(60_000).startswith(hold_music(7_000))
