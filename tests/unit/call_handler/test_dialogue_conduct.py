"""The rules of conduct in a conversation: what reaches the model, the callee and the result."""

import base64
from datetime import UTC, datetime

import pytest

from call_handler.bridge.conduct import ConductRules
from call_handler.bridge.dialogue import DialogueSetup
from call_handler.bridge.ending import describe_end
from call_handler.bridge.over import Over
from call_handler.outcome import CallEnd, EndKind
from tests.unit.call_handler.conduct_rig import DISCLOSED, DUTY, GREETING, MESSAGE
from tests.unit.call_handler.dialogue_rig import FACTS, Talk
from tests.unit.call_handler.test_beep import sound

CANCEL, CREATE = "response.cancel", "response.create"


def talk_under(rules: ConductRules) -> Talk:
    return Talk(setup=DialogueSetup("MZ1", FACTS, rules=rules))


@pytest.fixture
def talk() -> Talk:
    return talk_under(ConductRules(DUTY))


@pytest.fixture
def with_message() -> Talk:
    return talk_under(ConductRules(DUTY, message=MESSAGE))


def pass_time(talk: Talk, until_ms: int, audio: bytes = b"") -> None:
    """Let the carrier's clock go on frame by frame; `audio` is what the callee's side sounds."""
    for start in range(talk.dialogue.clock_ms + 20, until_ms + 1, 20):
        talk.at(start)
        frame, audio = audio[:160], audio[160:]
        talk.dialogue.take_frame(base64.b64encode(frame or b"\xff" * 160).decode())


def instructions(talk: Talk) -> list[str]:
    """Take the instructions of the answers that were asked for."""
    return [str(event.get("response", "")) for event in talk.to_model() if event["type"] == CREATE]


def end_of(talk: Talk) -> CallEnd:
    over = talk.dialogue.over
    assert isinstance(over, Over)
    return describe_end(over, talk.dialogue, datetime(2026, 11, 23, tzinfo=UTC))


def test_an_agent_that_talks_to_a_voicemail_is_cut_off_and_the_call_ended(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("Hello, I would like to order", 3_000)
    talk.to_carrier()
    talk.callee_says(GREETING)
    assert "clear" in [message["event"] for message in talk.to_carrier()]
    pass_time(talk, 3_000)
    assert end_of(talk).kind is EndKind.VOICEMAIL
    assert not end_of(talk).left_message


def test_what_the_model_answers_to_a_voicemail_is_cancelled(with_message: Talk) -> None:
    with_message.callee_says(GREETING)
    with_message.to_model()
    with_message.response_begins()
    assert with_message.kinds() == [CANCEL]
    with_message.agent_says("Hello", 400)
    assert with_message.to_carrier() == []


def test_a_message_is_left_after_the_beep_and_the_call_ended(with_message: Talk) -> None:
    talk = with_message
    talk.callee_says(GREETING)
    pass_time(talk, 2_000, sound(500) + sound(400, 1_000))
    (told,) = instructions(talk)
    assert f'exactly the following words, nothing before and nothing after them: "{MESSAGE}"' in (
        told.replace("\\", "")
    )
    talk.response_begins()
    talk.agent_says(MESSAGE, 1_000)
    talk.event("input_audio_buffer.speech_started", item_id="item_b", audio_start_ms=2_500)
    talk.event("response.output_audio.done", item_id="item_a")
    talk.response_ends()
    talk.echo_marks()
    assert end_of(talk).kind is EndKind.VOICEMAIL
    assert end_of(talk).left_message


def test_the_agents_own_end_waits_for_the_message(with_message: Talk) -> None:
    with_message.response_begins()
    with_message.uses_tool("end_call", '{"reason":"voicemail"}')
    with_message.response_ends()
    assert with_message.dialogue.over is None
    pass_time(with_message, 5_000)
    assert MESSAGE in instructions(with_message)[-1]


def test_the_carriers_word_is_part_of_the_end(talk: Talk) -> None:
    talk.dialogue.take_answered_by("machine_start", talk.now)
    talk.dialogue.take_stop()
    assert end_of(talk).answered_by_word == "machine_start"


@pytest.fixture
def on_hold(talk: Talk) -> Talk:
    talk.callee_says("Please hold.")
    talk.response_begins()
    talk.agent_says("Of course.", 600)
    talk.response_ends()
    talk.echo_marks()
    pass_time(talk, 10_000)
    talk.to_model()
    return talk


def test_on_hold_the_models_nudges_are_cancelled(on_hold: Talk) -> None:
    on_hold.response_begins("resp_2")
    assert on_hold.kinds() == [CANCEL]
    on_hold.response_ends("resp_2", "cancelled")
    assert on_hold.kinds() == []


def test_who_is_back_from_hold_is_answered_by_the_model_itself(on_hold: Talk) -> None:
    on_hold.callee_says("Yes, what can I get you?", "item_d")
    on_hold.response_begins("resp_2")
    assert on_hold.kinds() == []
    on_hold.agent_says("A pizza.", 200, item_id="item_b", response_id="resp_2")
    assert on_hold.to_carrier() != []


def test_who_is_back_from_hold_is_answered_although_their_words_come_late(on_hold: Talk) -> None:
    on_hold.event("input_audio_buffer.speech_started", item_id="item_d", audio_start_ms=9_000)
    on_hold.event("input_audio_buffer.speech_stopped", item_id="item_d", audio_end_ms=9_900)
    on_hold.event("input_audio_buffer.committed", item_id="item_d")
    on_hold.response_begins("resp_2")
    on_hold.response_ends("resp_2", "cancelled")
    assert on_hold.kinds() == [CANCEL]
    on_hold.event(
        "conversation.item.input_audio_transcription.completed",
        item_id="item_d",
        transcript="Yes, what can I get you?",
    )
    assert on_hold.kinds() == [CREATE]


def test_silence_ends_with_a_goodbye(talk: Talk) -> None:
    talk.callee_says("Hello?")
    pass_time(talk, 31_000)
    (told,) = instructions(talk)
    assert "say goodbye" in told
    talk.response_begins()
    talk.agent_says("I hear nobody. Goodbye.", 800)
    talk.response_ends()
    talk.echo_marks()
    assert end_of(talk).kind is EndKind.SILENCE_LIMIT


def test_a_pitch_without_disclosure_is_followed_by_one(talk: Talk) -> None:
    talk.callee_says("Luigi's, hello?")
    talk.response_begins()
    talk.agent_says("Hi, one margherita, please.", 400)
    talk.event("response.output_audio.done", item_id="item_a")
    talk.response_ends()
    talk.echo_marks()
    assert "calling on behalf of Ada Lovelace" in instructions(talk)[-1]


def test_a_pitch_with_disclosure_is_followed_by_nothing(talk: Talk) -> None:
    talk.callee_says("Luigi's, hello?")
    talk.response_begins()
    talk.agent_says(DISCLOSED, 400)
    talk.event("response.output_audio.done", item_id="item_a")
    talk.response_ends()
    talk.echo_marks()
    assert instructions(talk) == []


def test_an_unwanted_caller_takes_leave_by_itself(talk: Talk) -> None:
    talk.callee_says("Do not call here again.")
    talk.response_begins()
    talk.agent_says("I am sorry, we will not. Goodbye.", 600)
    talk.event("response.output_audio.done", item_id="item_a")
    talk.response_ends()
    talk.echo_marks()
    assert end_of(talk).kind is EndKind.OPT_OUT


def test_words_that_could_not_be_written_down_are_no_music(talk: Talk) -> None:
    for start in range(1_000, 40_000, 4_000):
        pass_time(talk, start)
        talk.event("input_audio_buffer.speech_started", item_id=f"item_{start}")
        pass_time(talk, start + 3_000)
        talk.event("input_audio_buffer.speech_stopped", item_id=f"item_{start}")
        failed = "conversation.item.input_audio_transcription.failed"
        talk.event(failed, item_id=f"item_{start}")
    talk.to_model()
    talk.response_begins()
    assert talk.kinds() == []
