"""Speech, the table of frames, listening, and voice activity."""

import numpy as np
import pytest
from numpy.typing import NDArray

from sandbox.__main__ import read_arguments
from sandbox.espeak import EspeakMissing
from sandbox.listening import Utterance
from sandbox.speech import (
    FRAME_BYTES,
    SILENCE,
    SentenceBook,
    Sound,
    choose_sound,
    encode_mulaw,
    loudness,
    make_noise,
    recognise,
    speak,
)
from sandbox.voice_activity import SpeechStarted, SpeechStopped, VoiceActivity

VAD = {"threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500}


def _frames(audio: bytes) -> list[bytes]:
    return [audio[at : at + FRAME_BYTES] for at in range(0, len(audio), FRAME_BYTES)]


def test_a_sentence_is_whole_frames_that_are_all_different() -> None:
    frames = _frames(speak("That will be fourteen fifty.", "luigi"))
    assert {len(frame) for frame in frames} == {FRAME_BYTES}
    assert len(set(frames)) == len(frames)
    assert 1_200 <= len(frames) * 20 <= 2_500


def test_the_same_sentence_sounds_the_same_and_another_voice_differs() -> None:
    assert speak("Hello?", "luigi") == speak("Hello?", "luigi")
    assert speak("Hello?", "luigi") != speak("Hello?", "cedar")


def test_every_frame_says_where_it_is_from() -> None:
    frames = _frames(speak("Who is there?", "luigi"))
    heard = [recognise(frame) for frame in frames]
    assert [each.offset_ms for each in heard if each] == list(range(0, len(frames) * 20, 20))
    assert {(each.text, each.voice) for each in heard if each} == {("Who is there?", "luigi")}
    assert {each.total_ms for each in heard if each} == {len(frames) * 20}


@pytest.mark.parametrize("frame", [SILENCE, b"\x00" * 160, b""])
def test_what_nobody_said_is_not_recognised(frame: bytes) -> None:
    assert recognise(frame) is None


@pytest.mark.parametrize("size", [0.0, 4_000.0, 30_000.0])
def test_sentences_that_sound_alike_are_still_told_apart(size: float) -> None:
    book = SentenceBook(lambda _text, _voice: np.full(16_000, size))
    spoken = [book.speak(text, voice) for text in ("Yes.", "No.") for voice in ("luigi", "cedar")]
    frames = [frame for audio in spoken for frame in _frames(audio)]
    assert len(set(frames)) == len(frames) >= 4 * 25
    assert {book.frames[frame].text for frame in frames} == {"Yes.", "No."}


def test_a_voice_without_a_sound_still_takes_its_time() -> None:
    book = SentenceBook(lambda _text, _voice: np.zeros(0))
    assert len(book.speak("Hm.", "luigi")) >= 25 * FRAME_BYTES


def test_a_voice_that_fails_is_replaced_by_noise() -> None:
    def fail(_text: str, _voice: str) -> NDArray[np.float64]:
        raise EspeakMissing("gone")

    book = SentenceBook(fail)
    assert len(book.speak("That will be fourteen fifty.", "luigi")) > 75 * FRAME_BYTES


def test_the_sandbox_speaks_unless_noise_is_wanted() -> None:
    assert read_arguments([]).speech is Sound.SPEECH
    assert read_arguments(["--speech", "noise"]).speech is Sound.NOISE
    assert choose_sound(Sound.NOISE) is Sound.NOISE


def test_an_altered_frame_is_not_recognised() -> None:
    frame = _frames(speak("Who is there?", "luigi"))[0]
    assert recognise(bytes([frame[0] ^ 1]) + frame[1:]) is None


def test_mulaw_matches_the_values_of_the_standard() -> None:
    samples = np.array([0, 32_124, -32_124, 8, -8], dtype=np.int32)
    assert encode_mulaw(samples) == bytes([0xFF, 0x80, 0x00, 0xFE, 0x7E])


def test_silence_has_no_loudness_and_speech_is_above_the_threshold() -> None:
    assert loudness(SILENCE) == 0.0
    noise = SentenceBook(make_noise).speak("Hello, hello?", "luigi")
    assert min(map(loudness, _frames(noise))) > 1_300


def test_an_utterance_gives_the_words_that_were_heard() -> None:
    heard = Utterance()
    for frame in _frames(speak("That will be fourteen fifty.", "luigi")):
        heard.add(frame)
    assert heard.text == "That will be fourteen fifty."
    assert (heard.lost_frames, heard.unknown_frames, heard.has_ended) == (0, 0, True)


def test_a_sentence_that_was_cut_gives_its_first_words() -> None:
    heard = Utterance()
    frames = _frames(speak("one two three four five six seven eight", "luigi"))
    for frame in frames[: len(frames) // 2]:
        heard.add(frame)
    assert heard.text in {"one two three", "one two three four"}
    assert not heard.has_ended


def test_dropped_and_altered_frames_are_counted() -> None:
    heard = Utterance()
    frames = _frames(speak("That will be fourteen fifty.", "luigi"))
    frames[4] = bytes(reversed(frames[4]))
    del frames[10:13]
    for frame in frames:
        heard.add(frame)
    assert (heard.lost_frames, heard.unknown_frames) == (4, 1)


def test_speech_starts_after_60_ms_with_its_padding() -> None:
    vad = VoiceActivity()
    frames = [SILENCE] * 50 + _frames(SentenceBook(make_noise).speak("Hello?", "luigi"))
    happened = [
        (at, what)
        for at, frame in enumerate(frames, start=1)
        if (what := vad.feed(frame, at * 20, VAD)) is not None
    ]
    assert happened == [(53, SpeechStarted(700))]


def test_speech_stops_after_the_sessions_silence() -> None:
    vad = VoiceActivity()
    frames = _frames(speak("Hello?", "luigi")) + [SILENCE] * 40
    happened = [what for at, f in enumerate(frames) if (what := vad.feed(f, at * 20 + 20, VAD))]
    end_ms = len(speak("Hello?", "luigi")) // 8 + 500
    assert happened == [SpeechStarted(0), SpeechStopped(end_ms)]


def test_a_click_is_not_speech() -> None:
    vad = VoiceActivity()
    frames = [*_frames(speak("Hello?", "luigi"))[:2], *[SILENCE] * 40]
    assert [vad.feed(frame, at * 20, VAD) for at, frame in enumerate(frames)] == [None] * 42
