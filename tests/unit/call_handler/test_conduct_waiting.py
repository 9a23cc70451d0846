"""How long the agent waits: in silence, on hold, while the person is asked."""

import pytest

from call_handler.bridge.conduct import ConductRules
from call_handler.bridge.farewell import GOODBYES
from call_handler.bridge.wishes import End, Hush, Speak
from call_handler.outcome import EndKind
from tests.unit.call_handler.conduct_rig import DISCLOSED, DUTY, Call

SILENCE = End(EndKind.SILENCE_LIMIT, GOODBYES[EndKind.SILENCE_LIMIT])
HUSH = Hush(is_on=True, lets_finish=True)
HOLD = End(EndKind.HOLD_LIMIT, GOODBYES[EndKind.HOLD_LIMIT])


def greeted() -> Call:
    call = Call()
    call.callee("Luigi's, hello?")
    call.agent(DISCLOSED)
    return call


def test_a_callee_who_never_speaks_is_waited_for_30_s() -> None:
    call = Call()
    assert call.wait(29_980) == []
    assert call.wait(20) == [SILENCE]


def test_silence_counts_from_the_end_of_the_agents_answer() -> None:
    call = greeted()
    assert call.wait(29_980) == []
    assert call.wait(20) == [SILENCE]


def test_asking_into_the_silence_does_not_make_it_shorter() -> None:
    call = greeted()
    for _ in range(3):
        call.wait(6_000)
        call.conduct.nudged(call.clock_ms)
        call.agent("Are you still there?")
    assert call.end is None
    call.wait(30_000 - 3 * (6_000 + 60 * 20))
    assert call.end == SILENCE


def test_nobody_is_told_of_silence_while_the_agent_speaks() -> None:
    call = Call()
    call.callee("Luigi's, hello?")
    for _ in range(40):
        call.conduct.agent_sounds(call.clock_ms)
        assert call.wait(1_000) == []
    call.agent("That was all of the order.")
    assert call.wait(29_900) == []
    assert call.wait(100) == [SILENCE]


@pytest.mark.parametrize("words", ["Luigi's.", "Thanks for waiting.", "Go ahead.", "Next!"])
def test_who_comes_back_to_a_queue_in_few_words_is_heard(words: str) -> None:
    call = Call()
    call.callee("Your call is important to us, please stay on the line.")
    call.wait(20_000)
    assert call.callee(words) == [Hush(is_on=False), Speak()]


def test_when_a_long_noise_is_over_the_agent_may_speak_again() -> None:
    call = greeted()
    call.conduct.callee_sounded(call.clock_ms)
    assert call.wait(20_000) == [HUSH]
    call.conduct.callee_hushed(call.clock_ms)
    assert call.wait(5_100) == [Hush(is_on=False), Speak()]


def test_whoever_speaks_breaks_the_silence() -> None:
    call = greeted()
    call.wait(29_000)
    call.callee("Sorry, I am back.")
    assert call.wait(28_000) == []


def test_a_callee_who_is_still_speaking_is_not_silent() -> None:
    call = greeted()
    assert call.callee("Well, so much to tell.", 11_000) == []
    assert call.wait(28_000) == []


def test_the_callee_owes_no_word_while_the_person_is_asked() -> None:
    call = greeted()
    call.conduct.person_asked(call.clock_ms)
    assert call.wait(60_000) == []
    call.conduct.person_answered(call.clock_ms)
    assert call.wait(29_980) == []
    assert call.wait(20) == [SILENCE]


def test_a_menu_is_left_without_a_goodbye() -> None:
    call = Call()
    call.callee("For orders, press one.")
    call.wait(31_000)
    assert call.end == End(EndKind.SILENCE_LIMIT)


def test_on_hold_the_agent_may_answer_and_is_silent_then() -> None:
    call = greeted()
    call.callee("One moment, please.")
    assert call.wait(3_900) == []
    assert call.wait(200) == [HUSH]


def test_hold_is_no_silence_and_has_a_limit_of_its_own() -> None:
    call = greeted()
    call.callee("Please hold.")
    assert call.wait(239_000) == [HUSH]
    assert call.wait(1_000) == [Hush(is_on=False), HOLD]


def test_who_comes_back_from_hold_is_answered() -> None:
    call = greeted()
    call.callee("Please hold.")
    call.wait(60_000)
    assert call.callee("Yes, we have that.")[-2:] == [Hush(is_on=False), Speak()]
    assert call.wait(29_000) == []


def test_who_comes_back_soon_is_answered_without_our_doing() -> None:
    call = greeted()
    call.callee("One moment.")
    call.wait(1_000)
    assert call.callee("Yes, we have that.") == []


def test_announcements_of_a_queue_do_not_begin_the_hold_anew() -> None:
    call = Call()
    call.callee("Your call is important to us.")
    for _ in range(7):
        call.wait(30_000)
        call.callee("Please stay on the line.")
        call.callee("Try our new Calabrese, this week with a free bottle of red wine.")
    assert call.end is None
    call.wait(30_000)
    assert call.end == HOLD


def test_music_without_words_is_hold() -> None:
    call = greeted()
    call.conduct.callee_sounded(call.clock_ms)
    assert call.wait(100_000) == [HUSH]
    call.wait(140_000)
    assert call.end == HOLD


def test_music_in_pieces_is_hold() -> None:
    call = greeted()
    for _ in range(10):
        call.callee("", 7_000)
        call.wait(1_000)
    assert call.wishes == [HUSH]
    call.wait(5_000)
    call.wait(30_000)
    assert call.end is not None
    assert call.end.kind is EndKind.SILENCE_LIMIT


def test_a_noise_whose_words_never_come_is_no_hold() -> None:
    call = greeted()
    call.conduct.callee_sounded(call.clock_ms)
    call.wait(800)
    call.conduct.callee_hushed(call.clock_ms)
    call.wait(30_000)
    assert call.wishes == [SILENCE]


def test_the_limits_are_settings() -> None:
    call = Call(ConductRules(DUTY, silence_ms=5_000, hold_ms=10_000))
    call.wait(5_000)
    assert call.end == SILENCE
