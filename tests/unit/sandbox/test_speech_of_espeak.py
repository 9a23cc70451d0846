"""Audible speech: that it is well formed. What it sounds like is for ears, never for bytes."""

import pytest

from sandbox.espeak import Espeak, EspeakMissing, load
from sandbox.mulaw import frames_of, loudness
from sandbox.speech import SentenceBook, make_speech
from sandbox.tones import ToneEar
from sandbox.voice_activity import SpeechStarted, SpeechStopped, VoiceActivity
from sandbox.voices import VOICES

VAD = {"threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 400}
LONG = (
    "Good evening, this is Luigi's Pizza, Anna speaking; well, let me see... "
    "One large margherita: that will be fourteen fifty. Twenty minutes, then."
)


@pytest.fixture(scope="module")
def book() -> SentenceBook:
    try:
        load()
    except EspeakMissing as error:
        pytest.skip(f"noise is used where espeak does not load: {error}")
    return SentenceBook(make_speech)


def test_a_sentence_lasts_as_long_as_a_person_needs(book: SentenceBook) -> None:
    assert 5_000 < len(book.speak(LONG, "luigi")) / 8 < 14_000


def test_every_frame_of_every_sentence_is_unlike_all_others(book: SentenceBook) -> None:
    sentences = ("Hello.", "Hello. Who is there?", "Hello. Who is there, please?")
    spoken = [
        frames_of(book.speak(text, voice)) for text in sentences for voice in ("luigi", "marin")
    ]
    frames = [frame for each in spoken for frame in each]
    assert len(set(frames)) == len(frames)
    assert all(frame in book.frames for frame in frames)


def test_listeners_find_no_end_inside_a_sentence(book: SentenceBook) -> None:
    vad = VoiceActivity()
    frames = frames_of(book.speak(LONG, "luigi") + b"\xff" * 160 * 20)
    happened = [what for at, each in enumerate(frames) if (what := vad.feed(each, at * 20, VAD))]
    assert [type(what) for what in happened] == [SpeechStarted, SpeechStopped]


def test_a_sentence_begins_and_ends_with_sound(book: SentenceBook) -> None:
    frames = frames_of(book.speak("Fourteen fifty, please.", "neighbour"))
    assert max(map(loudness, frames[:3])) > 500
    assert max(map(loudness, frames[-4:])) > 200


def test_no_voice_presses_a_key(book: SentenceBook) -> None:
    for voice in ("luigi", "neighbour", "cedar"):
        ear = ToneEar()
        assert not any(map(ear.hear, frames_of(book.speak("One, two, three.", voice))))


def test_a_sentence_without_words_is_still_heard(book: SentenceBook) -> None:
    assert len(book.speak("...", "luigi")) >= 160


@pytest.mark.parametrize("name", VOICES)
def test_every_voice_exists(name: str) -> None:
    assert make_speech("Hm.", name).size


def test_a_voice_that_does_not_exist_is_replaced_by_noise(book: SentenceBook) -> None:
    assert len(book.speak("Hello?", "somebody nobody knows")) > 160


def test_without_the_library_nobody_speaks() -> None:
    with pytest.raises(EspeakMissing, match="is missing: pip install 'ringback\\[sandbox\\]'"):
        Espeak("a_package_that_nobody_has")
