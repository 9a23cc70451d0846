"""What is done when a machine answers: voicemail, fax, and what only looked like one."""

import base64

import pytest

from call_handler.bridge.conduct import ConductRules
from call_handler.bridge.wishes import End, Hush, Speak, Stay, say_exactly
from call_handler.outcome import AgentReason, EndKind
from tests.unit.call_handler.conduct_rig import DUTY, GREETING, MESSAGE, Call
from tests.unit.call_handler.test_beep import sound

HANG_UP = End(EndKind.VOICEMAIL)
LEAVE = End(EndKind.VOICEMAIL, say_exactly(MESSAGE))
ON, OFF = Hush(is_on=True), Hush(is_on=False)


def with_message() -> Call:
    return Call(ConductRules(DUTY, message=MESSAGE))


def play(call: Call, audio: bytes) -> None:
    """Let the callee's side sound, frame by frame."""
    for start in range(0, len(audio), 160):
        payload = base64.b64encode(audio[start : start + 160]).decode()
        if call.conduct.listens:
            call.conduct.frame(payload, call.clock_ms)
            call.wishes += call.conduct.wishes()
        call.wait(20)


def test_a_voicemail_silences_the_agent_and_is_hung_up_on() -> None:
    call = Call()
    assert call.callee(GREETING) == [ON]
    assert call.wait(2_000) == [HANG_UP]


def test_a_greeting_that_goes_on_is_still_a_voicemail() -> None:
    call = Call()
    call.callee(GREETING)
    call.callee("We will call you back. Goodbye.", 500)
    call.wait(2_000)
    assert call.end == HANG_UP


@pytest.mark.parametrize("rig", [Call, with_message])
def test_a_person_who_picks_up_during_the_greeting_is_talked_to(rig: type[Call]) -> None:
    call = rig()
    call.callee(GREETING)
    call.callee("Hello? Wait, I am here!", 600)
    assert call.wishes == [ON, OFF, Speak()]
    assert call.wait(20_000) == []


def test_a_greeting_in_the_first_person_does_not_pick_up() -> None:
    call = with_message()
    call.callee("This is Mario's voicemail. Leave a message.")
    call.callee("I am at the sea until Monday, and I have left my oven at home.")
    assert call.wishes == [ON]


def test_who_has_talked_to_us_is_not_hung_up_on_for_a_word() -> None:
    call = Call()
    call.callee("Luigi's, hello?")
    call.callee("No, I have none left. Who is it for?")
    call.callee("Then leave your name and number, we are unable to take your call for long.")
    assert call.wait(10_000) == []


def test_a_greeting_that_names_no_recorder_is_given_time() -> None:
    call = Call()
    call.callee("We cannot take your call.")
    assert call.wait(2_900) == []
    assert call.wait(200) == [HANG_UP]


def test_whom_the_carrier_takes_for_a_person_is_not_hung_up_on_for_a_word() -> None:
    call = Call()
    call.carrier("human")
    call.callee("We cannot take your call for long.")
    assert call.wait(10_000) == []


def test_who_puts_us_through_to_a_voicemail_is_gone() -> None:
    call = Call()
    call.callee("Luigi's, hello?")
    call.callee("He is not here, I am afraid. I put you through.")
    call.callee("Please leave your message after the beep.")
    call.wait(3_000)
    assert call.end == HANG_UP


def test_one_breath_may_hold_the_greeting_and_the_person() -> None:
    call = Call()
    assert call.callee("Please leave a message after the... hello? I am here.") == []


def test_the_carriers_machine_start_ends_nothing() -> None:
    call = Call()
    call.carrier("machine_start")
    call.callee("Luigi's, hello?")
    assert call.wait(20_000) == []


def test_the_carrier_errs_about_a_person() -> None:
    call = with_message()
    call.carrier("machine_end_beep")
    call.callee("Luigi's, hello?")
    assert call.wait(20_000) == []


def test_the_carrier_is_believed_when_nothing_speaks_against_it() -> None:
    call = Call()
    call.callee("You have reached Luigi's.")
    call.carrier("machine_end_beep")
    call.wait(5_000)
    assert call.wishes == [ON, HANG_UP]


def test_the_message_is_left_after_the_beep() -> None:
    call = with_message()
    assert call.callee(GREETING) == [ON]
    play(call, sound(400, 1_000))
    assert call.end is None
    play(call, sound(400))
    assert call.wishes == [ON, OFF, LEAVE]


@pytest.mark.parametrize("word", ["machine_end_beep", "machine_end_silence", "machine_end_other"])
def test_the_message_is_left_when_the_carrier_heard_the_greetings_end(word: str) -> None:
    call = with_message()
    call.callee(GREETING)
    call.carrier(word)
    assert call.wait(400) == [OFF, LEAVE]


def test_the_carriers_word_may_come_before_the_words_of_the_greeting() -> None:
    call = with_message()
    call.carrier("machine_end_beep")
    call.callee(GREETING)
    call.wait(400)
    assert call.end == LEAVE


def test_without_a_beep_the_message_is_left_after_some_silence() -> None:
    call = with_message()
    call.callee(GREETING)
    assert call.wait(3_600) == []
    assert call.wait(500) == [OFF, LEAVE]


def test_nothing_is_said_into_a_greeting_that_goes_on() -> None:
    call = with_message()
    call.callee(GREETING)
    for _ in range(5):
        call.wait(3_000)
        call.callee("Our opening hours are eleven to ten.", 3_000)
    assert call.end is None


def test_a_greeting_without_end_is_hung_up_on() -> None:
    call = with_message()
    call.callee(GREETING)
    call.conduct.callee_sounded(call.clock_ms)
    call.wait(60_000)
    assert call.end == HANG_UP


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_message_counts_as_left_when_it_was_heard_to_its_end(is_whole: bool) -> None:
    call = with_message()
    call.callee(GREETING)
    call.wait(5_000)
    call.agent(MESSAGE, is_whole=is_whole)
    assert call.conduct.left_message is is_whole


def test_what_the_agent_said_into_the_greeting_is_no_message() -> None:
    call = with_message()
    call.agent("Hello, I am an AI assistant calling on behalf of Ada.")
    call.callee(GREETING)
    assert not call.conduct.left_message


def test_a_person_who_picks_up_during_the_message_is_talked_to() -> None:
    call = with_message()
    call.callee(GREETING)
    call.wait(5_000)
    assert call.callee("Hello? I am here now.") == [Stay()]
    call.wait(35_000)
    assert [wish.kind for wish in call.wishes if isinstance(wish, End)] == [
        EndKind.VOICEMAIL,
        EndKind.SILENCE_LIMIT,
    ]


def test_the_agent_may_not_end_the_call_before_the_message() -> None:
    call = with_message()
    call.callee("You have reached Luigi's.")
    assert not call.conduct.allows_end(AgentReason.VOICEMAIL, call.clock_ms)
    call.wait(5_000)
    assert call.wishes == [ON, OFF, LEAVE]


@pytest.mark.parametrize("reason", list(AgentReason))
def test_the_agent_may_end_any_call_without_a_message(reason: AgentReason) -> None:
    assert Call().conduct.allows_end(reason, 0)


def test_the_carriers_fax_ends_a_call_without_words() -> None:
    call = Call()
    call.carrier("fax")
    assert call.wait(2_000) == [End(EndKind.FAX)]


def test_the_carriers_fax_does_not_end_a_talk() -> None:
    call = Call()
    call.callee("Luigi's, hello?")
    call.carrier("fax")
    assert call.wait(10_000) == []


def test_a_fax_that_the_carrier_missed_is_heard() -> None:
    call = Call()
    call.conduct.callee_sounded(0)
    play(call, sound(1_500, 2_100))
    assert call.wishes == [End(EndKind.FAX)]


def test_nobody_listens_for_tones_in_a_talk() -> None:
    call = Call()
    call.callee("Luigi's, hello?")
    call.conduct.callee_sounded(call.clock_ms)
    assert not call.conduct.listens
