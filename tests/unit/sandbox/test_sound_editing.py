"""What is done to a synthesiser's sound before it goes over a telephone."""

import numpy as np
import pytest

from sandbox.mulaw import Samples
from sandbox.sound_editing import for_the_telephone, level, resample, shorten_pauses


def tone(hertz: float, length_s: float, rate_hz: int = 8_000, size: float = 4_500.0) -> Samples:
    at_s = np.arange(int(rate_hz * length_s)) / rate_hz
    return np.asarray(size * np.sqrt(2) * np.sin(2 * np.pi * hertz * at_s))


def loudness(samples: Samples) -> float:
    return float(np.sqrt((samples**2).mean()))


def test_what_a_telephone_carries_passes_and_the_rest_does_not() -> None:
    kept, lost = (resample(tone(hertz, 1.0, 22_050), 22_050) for hertz in (1_000.0, 6_000.0))
    assert len(kept) == 8_000
    assert loudness(kept) == pytest.approx(4_500.0, rel=0.03)
    assert loudness(lost) < 100.0


@pytest.mark.parametrize("size", [30.0, 20_000.0])
def test_every_sentence_is_equally_loud(size: float) -> None:
    sentence = np.concatenate([tone(300.0, 0.4, size=size), np.zeros(4_000)])
    assert loudness(level(sentence)[:3_200]) == pytest.approx(4_500.0, rel=0.05)


def test_silence_stays_silent() -> None:
    assert not for_the_telephone(np.zeros(22_050), 22_050).size
    assert not for_the_telephone(np.zeros(0), 22_050).size


def test_ends_are_trimmed_and_pauses_are_held_to_140_ms() -> None:
    word, gap = tone(300.0, 0.3), np.zeros(4_000)
    edited = shorten_pauses(np.concatenate([gap, word, gap, word, gap]))
    assert len(edited) == len(word) * 2 + 1_120
    assert loudness(edited[: len(word)]) == pytest.approx(4_500.0, rel=0.01)


def test_a_short_pause_is_left_alone() -> None:
    sentence = np.concatenate([tone(300.0, 0.3), np.zeros(800), tone(300.0, 0.3)])
    assert np.array_equal(shorten_pauses(sentence), sentence)
