"""What the bridge does at each message: barge-in, tools, failed answers, goodbyes."""

import pytest

from call_handler.bridge import BridgeLimits
from call_handler.outcome import AgentReason, EndKind, FactClaim
from ringback.v1.call_results_pb2 import Role
from tests.unit.call_handler.dialogue_rig import Talk

FACT = '{"name":"total_price","value":"14.50"}'
CREATE, OUTPUT = "response.create", "conversation.item.create"
TRUNCATE = "conversation.item.truncate"


@pytest.fixture
def talk() -> Talk:
    return Talk()


# -- the first word ------------------------------------------------------------------------------


def test_silence_at_the_start_makes_the_agent_speak_first(talk: Talk) -> None:
    talk.at(2_400)
    assert talk.kinds() == []
    talk.at(2_500)
    talk.at(2_520)
    assert talk.kinds() == [CREATE]


def test_a_callee_who_speaks_is_not_spoken_over(talk: Talk) -> None:
    talk.event("input_audio_buffer.speech_started", item_id="item_c", audio_start_ms=300)
    talk.at(2_500)
    assert talk.kinds() == []


# -- interruptions -------------------------------------------------------------------------------


def test_a_barge_in_clears_first_and_tells_what_was_heard(talk: Talk) -> None:
    talk.at(5_000)
    talk.to_model()
    talk.response_begins()
    talk.agent_says("One large margherita please for Ada", 2_600)
    talk.at(5_200)
    talk.dialogue.take_mark("1:1")
    talk.to_carrier()
    talk.at(5_320)
    talk.event("input_audio_buffer.speech_started", item_id="item_c", audio_start_ms=5_320)
    assert talk.to_carrier() == [{"event": "clear", "streamSid": "MZ1"}]
    (truncate,) = talk.to_model()
    assert truncate["type"] == TRUNCATE
    assert (truncate["item_id"], truncate["audio_end_ms"]) == ("item_a", 320)


def test_a_barge_in_after_the_answer_is_done_still_clears_and_truncates(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("One large margherita", 1_000)
    talk.response_ends()
    talk.at(300)
    talk.to_carrier()
    talk.event("input_audio_buffer.speech_started", item_id="item_c", audio_start_ms=300)
    assert [message["event"] for message in talk.to_carrier()] == ["clear"]
    assert talk.kinds() == [TRUNCATE]


def test_speech_after_all_was_played_interrupts_nothing(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("Hello", 400)
    talk.response_ends()
    talk.at(400)
    talk.echo_marks()
    talk.event("input_audio_buffer.speech_started", item_id="item_c", audio_start_ms=500)
    assert (talk.to_carrier(), talk.to_model()) == ([], [])


def test_two_barge_ins_in_a_row_truncate_once(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("One large margherita", 1_000)
    talk.at(200)
    for _ in range(2):
        talk.event("input_audio_buffer.speech_started", item_id="item_c", audio_start_ms=200)
    assert talk.kinds() == [TRUNCATE]


def test_sound_of_a_cancelled_answer_is_not_played(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("One", 400)
    talk.event("input_audio_buffer.speech_started", item_id="item_c", audio_start_ms=200)
    talk.to_carrier()
    talk.agent_says("large", 400, item_id="item_b")
    assert talk.to_carrier() == []


def test_sound_that_comes_after_its_answer_is_done_is_not_played(talk: Talk) -> None:
    talk.response_begins()
    talk.response_ends()
    talk.agent_says("late", 400)
    assert talk.to_carrier() == []


def test_an_interrupted_turn_holds_what_was_heard_of_it(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("one two three four five", 1_000)
    talk.at(600)
    talk.dialogue.take_mark("1:2")
    talk.event("input_audio_buffer.speech_started", item_id="item_c", audio_start_ms=600)
    talk.event(
        "response.output_audio_transcript.done",
        item_id="item_a",
        transcript="one two three four five",
    )
    (turn,) = talk.dialogue.transcript.turns()
    assert (turn.text, turn.interrupted) == ("one two", True)
    assert talk.journal.turns[0].text == "one two"


def test_a_truncate_that_was_refused_goes_on(talk: Talk) -> None:
    message = "Audio content of 9250ms is already shorter than 57340ms"
    talk.event("error", error={"code": "invalid_value", "message": message})
    talk.response_begins()
    talk.agent_says("Hello", 200)
    assert talk.dialogue.over is None
    assert [message["event"] for message in talk.to_carrier()] == ["media", "mark"]


def test_cancelling_nothing_is_harmless(talk: Talk) -> None:
    talk.event("error", error={"code": "response_cancel_not_active"})
    assert talk.dialogue.over is None


# -- tools ---------------------------------------------------------------------------------------


def test_a_recorded_fact_is_answered_and_the_agent_goes_on(talk: Talk) -> None:
    talk.response_begins()
    talk.uses_tool("record_fact", FACT)
    assert talk.kinds() == []
    talk.response_ends()
    assert talk.kinds() == [OUTPUT, CREATE]
    assert talk.dialogue.toolbox.claims == [FactClaim("total_price", "14.50")]


def test_two_facts_of_one_answer_make_one_new_answer(talk: Talk) -> None:
    talk.response_begins()
    talk.uses_tool("record_fact", FACT, "call_1")
    talk.uses_tool("record_fact", FACT, "call_2")
    talk.response_ends()
    assert talk.kinds() == [OUTPUT, OUTPUT, CREATE]


def test_one_use_of_a_tool_told_twice_is_run_once(talk: Talk) -> None:
    talk.response_begins()
    talk.uses_tool("record_fact", FACT)
    talk.uses_tool("record_fact", FACT)
    talk.response_ends()
    assert talk.kinds() == [OUTPUT, CREATE]


def test_an_interrupted_use_of_a_tool_is_left_alone(talk: Talk) -> None:
    talk.response_begins()
    item = {"type": "function_call", "status": "incomplete", "call_id": "call_1", "arguments": "{"}
    talk.event("response.output_item.done", item=item)
    talk.response_ends(status="cancelled", output=[item])
    assert talk.kinds() == []


def test_no_second_answer_is_asked_for_while_one_runs(talk: Talk) -> None:
    talk.response_begins()
    talk.uses_tool("record_fact", FACT)
    talk.response_ends()
    talk.to_model()
    talk.event("error", error={"code": "conversation_already_has_active_response"})
    talk.response_begins("resp_2")
    talk.later(1)
    assert talk.kinds() == []


def test_a_tool_output_is_not_lost_when_an_answer_began_before_it(talk: Talk) -> None:
    talk.response_begins()
    talk.uses_tool("record_fact", FACT)
    talk.response_ends()
    talk.to_model()
    talk.response_begins("resp_2")  # the callee spoke: this answer does not know the output
    talk.output_added()
    talk.event("error", error={"code": "conversation_already_has_active_response"})
    talk.later(1)
    assert talk.kinds() == []
    talk.response_ends("resp_2")
    assert talk.kinds() == [CREATE]


def test_an_answer_that_knows_the_output_makes_another_one_needless(talk: Talk) -> None:
    talk.response_begins()
    talk.uses_tool("record_fact", FACT)
    talk.response_ends()
    talk.to_model()
    talk.output_added()
    talk.response_begins("resp_2")  # the callee spoke, after the output had come in
    talk.event("error", error={"code": "conversation_already_has_active_response"})
    talk.response_ends("resp_2")
    talk.later(1)
    assert talk.kinds() == []


def test_a_goodbye_that_met_a_running_answer_is_asked_for_again(talk: Talk) -> None:
    talk.dialogue.say_goodbye(EndKind.PERSON_HUNG_UP)
    talk.dialogue.ask_if_wanted(talk.now)
    talk.to_model()
    talk.response_begins()
    talk.event("error", error={"code": "conversation_already_has_active_response"})
    talk.response_ends()
    talk.later(1)
    (create,) = talk.to_model()
    assert "goodbye" in str(create["response"])


def test_tools_stand_in_the_transcript(talk: Talk) -> None:
    talk.response_begins()
    talk.uses_tool("record_fact", FACT)
    talk.response_ends()
    (turn,) = talk.dialogue.transcript.turns()
    assert (turn.role, turn.tool.name, turn.tool.arguments) == (
        Role.ROLE_TOOL,
        "record_fact",
        FACT,
    )


# -- ends ----------------------------------------------------------------------------------------


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
        talk.dialogue.take_mark(f"1:{number}")
        assert talk.dialogue.over is None
    talk.dialogue.take_mark("1:45")
    assert talk.dialogue.over is not None


def test_an_end_call_without_a_word_ends_at_once(talk: Talk) -> None:
    talk.response_begins()
    talk.uses_tool("end_call", '{"reason":"voicemail"}')
    talk.response_ends()
    assert talk.dialogue.over is not None


def test_a_person_who_cancels_lets_the_agent_say_goodbye(talk: Talk) -> None:
    talk.dialogue.say_goodbye(EndKind.PERSON_HUNG_UP)
    talk.dialogue.ask_if_wanted(talk.now)
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
    assert [message["event"] for message in talk.to_carrier()] == ["clear"]
    assert talk.kinds() == [TRUNCATE, "response.cancel"]
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
    talk.dialogue.take_mark("1:3")
    talk.dialogue.take_stop()
    talk.dialogue.finish()
    assert talk.texts == ["one two three"]


# -- the model fails -----------------------------------------------------------------------------

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


# -- the transcript ------------------------------------------------------------------------------


def test_turns_stand_in_the_order_of_speech_although_words_come_late(talk: Talk) -> None:
    talk.event("input_audio_buffer.committed", item_id="item_c")
    talk.response_begins()
    talk.agent_says("I am an AI assistant", 400)
    talk.response_ends()
    assert not talk.dialogue.transcript.is_complete
    talk.event(
        "conversation.item.input_audio_transcription.completed",
        item_id="item_c",
        transcript="Hello?",
    )
    assert talk.texts == ["Hello?", "I am an AI assistant"]
    assert talk.dialogue.transcript.is_complete


def test_words_that_were_not_understood_leave_a_gap(talk: Talk) -> None:
    talk.event("input_audio_buffer.committed", item_id="item_c")
    talk.event("conversation.item.input_audio_transcription.failed", item_id="item_c")
    assert talk.texts == [""]
    assert not talk.dialogue.transcript.is_complete
    assert not talk.dialogue.transcript.awaits_text


def test_times_count_from_the_start_of_the_stream(talk: Talk) -> None:
    talk.dialogue.model_ready(1_500)
    talk.callee_says("Hello?")
    (turn,) = talk.dialogue.transcript.turns()
    assert (turn.start_ms, turn.end_ms) == (1_600, 2_400)


def test_a_committed_silence_is_nobodys_turn(talk: Talk) -> None:
    talk.event("input_audio_buffer.timeout_triggered", item_id="item_s")
    talk.event("input_audio_buffer.committed", item_id="item_s")
    assert talk.texts == []


def test_keys_stand_in_the_transcript(talk: Talk) -> None:
    talk.dialogue.take_key("5")
    assert talk.dialogue.transcript.turns()[0].dtmf == "5"


def test_usage_is_summed_over_all_answers_and_unknown_stays_unknown(talk: Talk) -> None:
    assert talk.dialogue.usage.total() is None
    usage = {"input_tokens": 10, "output_tokens": 5, "input_token_details": {"cached_tokens": 3}}
    for response_id in ("resp_1", "resp_2"):
        talk.response_begins(response_id)
        talk.response_ends(response_id, usage=usage)
    total = talk.dialogue.usage.total()
    assert total is not None
    assert (total.input_tokens, total.cached_input_tokens, total.output_tokens) == (20, 6, 10)
    assert not total.HasField("output_audio_tokens")
