"""How a conversation ends: on purpose, at a limit, by a failing model."""

import pytest

from call_handler.bridge import BridgeLimits
from call_handler.outcome import AgentReason, EndKind
from tests.unit.call_handler.dialogue_rig import Talk

CREATE, OUTPUT = "response.create", "conversation.item.create"
TRUNCATE = "conversation.item.truncate"


def test_the_agent_hangs_up_when_its_goodbye_was_played(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("Goodbye", 600)
    talk.uses_tool("end_call", '{"reason":"done"}')
    talk.response_ends()
    assert talk.dialogue.over is None
    talk.echo_marks()
    assert talk.dialogue.over is not None
    assert talk.dialogue.over.kind is EndKind.AGENT_HUNG_UP
    assert talk.dialogue.toolbox.end_reason is AgentReason.DONE


def test_after_the_end_call_no_answer_is_asked_for(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("Goodbye", 600)
    talk.uses_tool("end_call", '{"reason":"done"}')
    talk.response_ends()
    assert talk.kinds() == [OUTPUT]


def test_the_goodbye_is_not_cut_by_a_goodbye(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("Goodbye", 600)
    talk.uses_tool("end_call", '{"reason":"done"}')
    talk.response_ends()
    talk.to_carrier()
    talk.event("input_audio_buffer.speech_started", item_id="item_c", audio_start_ms=200)
    assert talk.to_carrier() == []


def test_a_goodbye_whose_marks_never_come_back_is_waited_for_5_s(talk: Talk) -> None:
    talk.at(10_000)
    talk.response_begins()
    talk.agent_says("Goodbye", 600)
    talk.uses_tool("end_call", '{"reason":"done"}')
    talk.response_ends()
    talk.at(14_980)
    assert talk.dialogue.over is None
    talk.at(15_000)
    assert talk.dialogue.over is not None


def test_a_long_goodbye_is_heard_to_its_end(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("A long goodbye", 9_000)
    talk.uses_tool("end_call", '{"reason":"done"}')
    talk.response_ends()
    for number in range(1, 45):
        talk.at(number * 200)
        talk.mark(f"1:{number}")
        assert talk.dialogue.over is None
    talk.mark("1:45")
    assert talk.dialogue.over is not None


def test_an_end_call_without_a_word_ends_at_once(talk: Talk) -> None:
    talk.response_begins()
    talk.uses_tool("end_call", '{"reason":"voicemail"}')
    talk.response_ends()
    assert talk.dialogue.over is not None


def test_a_person_who_cancels_lets_the_agent_say_goodbye(talk: Talk) -> None:
    talk.dialogue.say_goodbye(EndKind.PERSON_HUNG_UP)
    talk.dialogue.check_model(talk.now)
    (create,) = talk.to_model()
    assert "goodbye" in str(create["response"])
    talk.response_begins()
    talk.agent_says("Sorry, goodbye", 400)
    talk.response_ends()
    talk.echo_marks()
    assert talk.dialogue.over is not None
    assert talk.dialogue.over.kind is EndKind.PERSON_HUNG_UP


def test_a_cancel_stops_the_running_answer_first(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("One large", 800)
    talk.to_carrier()
    talk.dialogue.say_goodbye(EndKind.PERSON_HUNG_UP)
    assert [message["event"] for message in talk.to_carrier()] == ["clear", "mark"]
    assert talk.kinds() == ["response.cancel"]
    talk.mark("2:clear")
    assert talk.kinds() == [TRUNCATE]
    talk.response_ends(status="cancelled")
    assert talk.kinds() == [CREATE]


def test_the_time_limit_asks_for_a_goodbye_and_ends_the_call() -> None:
    talk = Talk(BridgeLimits(time_limit_ms=60_000))
    talk.response_begins()
    talk.response_ends()
    talk.at(51_980)
    assert talk.kinds() == []
    talk.at(52_000)
    assert talk.kinds() == [CREATE]
    talk.at(57_000)
    assert talk.dialogue.over is not None
    assert talk.dialogue.over.kind is EndKind.TIME_LIMIT


@pytest.mark.parametrize(
    ("clock_ms", "kind"), [(20_000, EndKind.CALLEE_HUNG_UP), (59_500, EndKind.TIME_LIMIT)]
)
def test_a_stop_is_the_callee_or_the_carriers_limit(clock_ms: int, kind: EndKind) -> None:
    talk = Talk(BridgeLimits(time_limit_ms=60_000))
    talk.dialogue.clock_ms = clock_ms
    talk.dialogue.take_stop()
    assert talk.dialogue.over is not None
    assert talk.dialogue.over.kind is kind


def test_what_was_not_heard_at_the_hang_up_was_not_said(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("one two three four five", 1_000)
    talk.at(600)
    talk.mark("1:3")
    talk.dialogue.take_stop()
    talk.dialogue.finish()
    assert talk.texts == ["one two three"]


FAILED = {"error": {"code": "server_error", "message": "Overloaded."}}


def test_a_failed_answer_is_asked_for_once_more(talk: Talk) -> None:
    talk.response_begins()
    talk.response_ends(status="failed", status_details=FAILED)
    assert talk.kinds() == []
    talk.later(0.5)
    assert talk.kinds() == [CREATE]


def test_two_failed_answers_in_a_row_end_the_call(talk: Talk) -> None:
    for response_id in ("resp_1", "resp_2"):
        talk.response_begins(response_id)
        talk.response_ends(response_id, "failed", status_details=FAILED)
        talk.later(0.5)
    over = talk.dialogue.over
    assert over is not None
    assert over.fault is not None
    assert (over.kind, over.fault.code) == (EndKind.MODEL_LOST, "server_error")


def test_failures_with_a_good_answer_between_them_do_not_add_up(talk: Talk) -> None:
    for status in ("failed", "completed", "failed"):
        talk.response_begins(status)
        talk.response_ends(status, status)
        talk.later(0.5)
    assert talk.dialogue.over is None


@pytest.mark.parametrize(
    ("begin", "seconds", "code"),
    [
        (lambda talk: talk.callee_says("Hello?"), 5.1, "no_response"),
        (lambda talk: talk.response_begins(), 10.1, "no_audio"),
        (lambda talk: talk.answers_without_end(), 60.1, "response_never_done"),
    ],
)
def test_a_silent_model_is_given_up(begin: object, seconds: float, code: str, talk: Talk) -> None:
    assert callable(begin)
    begin(talk)
    talk.later(seconds - 0.2)
    assert talk.dialogue.over is None
    talk.later(0.2)
    assert talk.dialogue.over is not None
    assert talk.dialogue.over.fault is not None
    assert talk.dialogue.over.fault.code == code


@pytest.mark.parametrize(
    "event",
    [
        {"type": "a.new.event"},
        {"type": "response.done"},
        {"type": "response.created"},
        {"type": "error"},
        {"type": "error", "error": "x"},
        {"type": "response.output_item.done", "item": []},
        {"type": "input_audio_buffer.speech_started"},
        {"type": "input_audio_buffer.committed", "item_id": 7},
        {"type": "response.output_audio_transcript.done", "item_id": None, "transcript": {}},
        {"type": "conversation.item.input_audio_transcription.completed"},
        {"type": "response.done", "response": {"status": "completed", "output": "x", "usage": 7}},
    ],
)
def test_odd_events_are_passed_over(event: dict[str, object], talk: Talk) -> None:
    talk.dialogue.take_event(event, talk.now)
    assert talk.dialogue.over is None
