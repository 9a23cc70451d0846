"""Scripted callees, fed frame by frame without a clock."""

from collections.abc import Iterator

import pytest

from sandbox.callees import Step
from sandbox.callees.interrupters import broken_line
from sandbox.callees.leavers import hanging_up_person
from sandbox.callees.machines import answering_machine
from sandbox.callees.order_taker import order_taker
from sandbox.callees.scripted import ScriptedCallee
from sandbox.callees.wordings import CONFIRMATION
from sandbox.listening import Utterance
from sandbox.speech import FRAME_BYTES, SILENCE, noise, speak
from sandbox.variation import Variation

PLAIN = Variation()
OPENING = "Hello, I am an AI assistant calling on behalf of Ana Kim, to order a pizza."


def _frames(audio: bytes) -> Iterator[bytes]:
    for at in range(0, len(audio), FRAME_BYTES):
        yield audio[at : at + FRAME_BYTES]


def _live(callee: ScriptedCallee, heard: bytes = b"", quiet_ms: int = 0) -> list[Step]:
    frames = [*_frames(heard), *[SILENCE] * (quiet_ms // 20)]
    return [callee.step(frame) for frame in frames]


def _words(steps: list[Step]) -> str:
    heard = Utterance()
    for step in steps:
        heard.add(step.frame)
    return heard.text


def _first_sound_ms(steps: list[Step]) -> int:
    return next(at for at, step in enumerate(steps) if step.frame != SILENCE) * 20


def test_the_callee_greets_400_ms_after_the_answer() -> None:
    steps = _live(order_taker(PLAIN), quiet_ms=3_000)
    assert _first_sound_ms(steps) == 380
    assert _words(steps) == "Luigi's Pizza, hello?"


def test_the_callee_lets_the_agent_finish_before_it_answers() -> None:
    callee = order_taker(PLAIN)
    _live(callee, quiet_ms=2_500)
    during = _live(callee, speak(OPENING, "cedar"))
    after = _live(callee, quiet_ms=5_000)
    assert {step.frame for step in during} == {SILENCE}
    assert _first_sound_ms(after) == 280
    assert _words(after) == CONFIRMATION


def test_a_sentence_that_breaks_off_is_answered_after_a_while() -> None:
    callee = order_taker(PLAIN)
    _live(callee, quiet_ms=2_500)
    _live(callee, speak(OPENING, "cedar")[: 100 * FRAME_BYTES])
    assert _first_sound_ms(_live(callee, quiet_ms=3_000)) == 2_480


def test_sound_that_nobody_knows_is_an_answer_too() -> None:
    callee = order_taker(PLAIN)
    _live(callee, quiet_ms=2_500)
    _live(callee, noise(100 * FRAME_BYTES, seed=1))
    assert _words(_live(callee, quiet_ms=6_000)) == CONFIRMATION


def test_a_callee_repeats_itself_when_asked() -> None:
    callee = order_taker(PLAIN)
    _live(callee, quiet_ms=2_500)
    _live(callee, speak(OPENING, "cedar"), quiet_ms=5_000)
    again = _live(callee, speak("Sorry, I did not understand that.", "cedar"), quiet_ms=5_000)
    assert _words(again) == CONFIRMATION


def test_a_callee_nobody_talks_to_asks_three_times_and_hangs_up() -> None:
    steps = _live(order_taker(PLAIN), quiet_ms=60_000)
    assert _words(steps).count("Is anybody there?") == 3
    assert sum(step.hang_up for step in steps) >= 1


def test_a_callee_whose_lines_are_said_hangs_up_on_a_dead_line() -> None:
    callee = order_taker(PLAIN)
    _live(callee, quiet_ms=2_500)
    _live(callee, speak(OPENING, "cedar"), quiet_ms=5_000)
    steps = _live(callee, quiet_ms=20_000)
    assert callee.is_done
    assert any(step.hang_up for step in steps)


@pytest.mark.parametrize("callee", [hanging_up_person(PLAIN)])
def test_a_callee_can_hang_up_in_the_middle_of_a_sentence(callee: ScriptedCallee) -> None:
    _live(callee, quiet_ms=2_500)
    steps = _live(callee, speak(OPENING, "cedar"))
    assert [at * 20 for at, step in enumerate(steps) if step.hang_up] == [1_980]


def test_a_line_can_break_at_the_end_of_a_sentence() -> None:
    callee = broken_line(PLAIN)
    _live(callee, quiet_ms=2_500)
    steps = _live(callee, speak(OPENING, "cedar"), quiet_ms=3_000)
    assert sum(step.reset for step in steps) == 1
    assert _words(steps) == "Let me see, that would be"


def test_a_machine_says_its_text_and_hangs_up() -> None:
    steps = _live(answering_machine(PLAIN), quiet_ms=30_000)
    assert "leave a message" in _words(steps)
    assert any(step.hang_up for step in steps)


def test_the_same_callee_does_the_same_twice() -> None:
    assert _live(order_taker(PLAIN), quiet_ms=4_000) == _live(order_taker(PLAIN), quiet_ms=4_000)
