"""Who may speak: the first word, and interruptions."""

from tests.unit.call_handler.dialogue_rig import Talk

CREATE = "response.create"
TRUNCATE = "conversation.item.truncate"


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
