"""The model's tools within a conversation, and what stands in the transcript."""

from call_handler.outcome import EndKind, FactClaim
from ringback.v1.call_results_pb2 import Role
from tests.unit.call_handler.dialogue_rig import Talk

FACT = '{"name":"total_price","value":"14.50","quote":"fourteen fifty"}'
CREATE, OUTPUT = "response.create", "conversation.item.create"


def test_a_recorded_fact_is_answered_and_the_agent_goes_on(talk: Talk) -> None:
    talk.response_begins()
    talk.uses_tool("record_fact", FACT)
    assert talk.kinds() == []
    talk.response_ends()
    assert talk.kinds() == [OUTPUT, CREATE]
    assert talk.dialogue.toolbox.claims == [FactClaim("total_price", "14.50", "fourteen fifty")]


def ask(talk: Talk, number: int, question: str) -> None:
    talk.response_begins(f"resp_{number}")
    talk.uses_tool("ask_person", f'{{"question":"{question}"}}', f"call_{number}")
    talk.response_ends(f"resp_{number}")


def test_the_person_is_asked_three_times_in_a_call_and_then_no_more(talk: Talk) -> None:
    for number in range(3):
        ask(talk, number, "Thin or thick?")
        (question,) = talk.dialogue.take_questions()
        talk.dialogue.take_answer(question, "thin", talk.now)
    talk.to_model()
    ask(talk, 3, "And what is your card number?")
    assert talk.dialogue.take_questions() == []
    assert "asked often enough" in str([sent for sent in talk.to_model() if sent["type"] == OUTPUT])


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
    talk.dialogue.check_model(talk.now)
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
