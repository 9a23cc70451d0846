"""The yardstick: what was played of each sentence, to the byte, whatever it came in."""

import random

import pytest

from sandbox.playback import PlaybackBuffer
from sandbox.sentence_track import SentenceTrack, Stale
from sandbox.speech import speak

A, B = "I would like one large margherita.", "That is for Ana Kim, please."
AUDIO_A, AUDIO_B = speak(A, "cedar"), speak(B, "cedar")


def queued(*payloads: bytes) -> SentenceTrack:
    track = SentenceTrack()
    for payload in payloads:
        track.queue(payload)
    return track


def cut(audio: bytes, size: int) -> list[bytes]:
    return [audio[at : at + size] for at in range(0, len(audio), size)]


@pytest.mark.parametrize("size", [1, 7, 160, 161, 1_600, 999_999])
def test_played_bytes_are_counted_exactly_in_pieces_of_any_size(size: int) -> None:
    track = queued(*cut(AUDIO_A + AUDIO_B, size))
    track.play(len(AUDIO_A) + 1_234)
    assert track.played_ms(A, 0) == len(AUDIO_A) / 8
    assert track.played_ms(B, 0) == 1_234 / 8


def test_what_is_played_before_it_is_known_is_counted_when_it_is() -> None:
    track = queued(AUDIO_A[:100])
    track.play(100)
    assert track.played_ms(A, 0) == 0
    track.queue(AUDIO_A[100:400])
    track.play(50)
    assert track.played_ms(A, 0) == 150 / 8


def test_a_clear_names_the_sentence_it_cut() -> None:
    track = queued(AUDIO_A, AUDIO_B)
    track.play(len(AUDIO_A) + 800)
    saying = track.clear()
    assert saying is not None
    assert (saying.text, saying.voice, saying.played_ms) == (B, "cedar", 100)


@pytest.mark.parametrize("played", [0, len(AUDIO_A)])
def test_a_clear_between_sentences_cuts_none(played: int) -> None:
    track = queued(AUDIO_A)
    track.play(played)
    assert track.clear() is None


def test_after_a_clear_nothing_of_before_is_played() -> None:
    track = queued(AUDIO_A)
    track.play(800)
    track.clear()
    track.queue(AUDIO_B)
    track.play(400)
    assert (track.played_ms(A, 0), track.played_ms(B, 0)) == (100, 50)


def test_the_rest_of_a_cut_sentence_is_stale_once_for_each_stretch() -> None:
    track = queued(AUDIO_A[:4_800])
    track.play(1_600)
    track.clear()
    for payload in (AUDIO_A[4_800:6_400], AUDIO_A[6_400:8_000], AUDIO_B, AUDIO_A[8_000:9_600]):
        track.queue(payload)
    assert track.stale == [Stale(A, 600), Stale(A, 1_000)]


def test_a_sentence_that_waited_behind_the_cut_one_is_stale_too() -> None:
    track = queued(AUDIO_A, AUDIO_B[:1_600])
    track.play(1_600)
    track.clear()
    track.queue(AUDIO_B[1_600:])
    assert track.stale == [Stale(B, 200)]


def test_a_stale_stretch_is_known_wherever_it_begins() -> None:
    track = queued(AUDIO_A[:1_600])
    track.play(800)
    track.clear()
    track.queue(b"\x01" * 320)
    track.queue(AUDIO_A[2_005:3_600])
    assert [stretch.text for stretch in track.stale] == [A]


def test_a_sentence_said_again_is_not_stale_and_is_counted_anew() -> None:
    track = queued(AUDIO_A)
    track.play(1_600)
    track.clear()
    before = track.times_said(A)
    track.queue(AUDIO_A)
    track.play(800)
    assert (track.stale, before) == ([], 1)
    assert (track.played_ms(A, 0), track.played_ms(A, 1)) == (200, 100)


def test_a_sentence_that_never_came_was_not_played() -> None:
    assert queued(AUDIO_A).played_ms(B, 0) == 0
    assert queued(AUDIO_A).played_ms(A, 1) == 0


def test_unknown_audio_takes_its_time_and_belongs_to_nobody() -> None:
    track = queued(b"\x01" * 1_000, AUDIO_A)
    track.play(1_800)
    assert track.played_ms(A, 0) == 100


def test_altered_audio_in_a_sentence_is_counted_for_nobody() -> None:
    broken = AUDIO_A[:1_600] + b"\x01" * 320 + AUDIO_A[1_920:4_800]
    track = queued(broken)
    track.play(len(broken))
    assert track.played_ms(A, 0) == (4_800 - 320) / 8


def test_a_random_barge_in_is_measured_to_the_byte() -> None:
    choose = random.Random(4)  # noqa: S311 - must be repeatable, guards nothing
    for _ in range(50):
        buffer, rest, played = PlaybackBuffer(), AUDIO_A + AUDIO_B, 0
        target = choose.randrange(1, len(rest)) // 160 * 160
        while played < target:
            size = choose.randrange(1, 4_000)
            buffer.queue_audio(rest[:size])
            rest = rest[size:]
            steps = min(buffer.queued_bytes, target - played) // 160
            for _ in range(steps):
                buffer.play()
            played += steps * 160
        told = [buffer.track.played_ms(text, 0) for text in (A, B)]
        in_a = min(played, len(AUDIO_A))
        assert told == [in_a / 8, (played - in_a) / 8]
