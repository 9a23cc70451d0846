"""Interruptions: the callee's ears first, then the model's memory, exact to what was played."""

import pytest

from ringback.v1.call_results_pb2 import Role
from tests.unit.call_handler.dialogue_rig import Talk

TRUNCATE = "conversation.item.truncate"


def interrupt(talk: Talk, clock_ms: int, *, after_ms: int = 0) -> list[tuple[object, object]]:
    """Have the callee speak; the `clear` takes effect `after_ms` later. Give what was truncated."""
    talk.at(clock_ms)
    before = talk.dialogue.voice.playout.generation
    talk.event("input_audio_buffer.speech_started", item_id="item_c", audio_start_ms=clock_ms)
    talk.at(clock_ms + after_ms)
    if talk.dialogue.voice.playout.generation > before:
        talk.mark(f"{before + 1}:clear")
    events = [event for event in talk.to_model() if event["type"] == TRUNCATE]
    return [(event["item_id"], event["audio_end_ms"]) for event in events]


def test_a_barge_in_clears_first_and_tells_what_was_heard(talk: Talk) -> None:
    talk.at(5_000)
    talk.to_model()
    talk.response_begins()
    talk.agent_says("One large margherita please for Ada", 2_600)
    talk.at(5_200)
    talk.mark("1:1")
    talk.to_carrier()
    talk.at(5_320)
    talk.event("input_audio_buffer.speech_started", item_id="item_c", audio_start_ms=5_320)
    clear, mark = talk.to_carrier()
    assert clear == {"event": "clear", "streamSid": "MZ1"}
    assert mark["mark"] == {"name": "2:clear"}
    assert talk.to_model() == []
    talk.mark("2:clear")
    (truncate,) = talk.to_model()
    assert (truncate["item_id"], truncate["audio_end_ms"]) == ("item_a", 320)


def test_what_was_played_until_the_clear_came_was_heard(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("One large margherita please for Ada", 2_600)
    assert interrupt(talk, 100, after_ms=80) == [("item_a", 180)]


def test_a_barge_in_after_the_answer_is_done_still_clears_and_truncates(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("One large margherita", 1_000)
    talk.response_ends()
    assert interrupt(talk, 150) == [("item_a", 150)]
    assert "clear" in [message["event"] for message in talk.to_carrier()]


def test_an_answer_heard_to_its_end_meanwhile_is_not_cut(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("Hello", 200)
    talk.response_ends()
    assert interrupt(talk, 180, after_ms=40) == []
    assert not talk.dialogue.transcript.turns()[0].interrupted


def test_speech_after_all_was_played_interrupts_nothing(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("Hello", 400)
    talk.response_ends()
    talk.at(400)
    talk.echo_marks()
    assert interrupt(talk, 500) == []
    assert talk.to_carrier() == []


@pytest.mark.parametrize("gap_ms", [20, 100, 300])
def test_two_barge_ins_in_a_row_cut_the_first_answer_once(talk: Talk, gap_ms: int) -> None:
    talk.response_begins()
    talk.agent_says("One large margherita", 1_000)
    assert interrupt(talk, 200) == [("item_a", 200)]
    assert interrupt(talk, 200 + gap_ms) == []


def test_a_second_barge_in_within_300_ms_cuts_the_second_answer(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("One large margherita", 1_000)
    assert interrupt(talk, 200) == [("item_a", 200)]
    talk.response_ends(status="cancelled")
    talk.response_begins("resp_2")
    talk.agent_says("Sorry, go on", 800, item_id="item_b", response_id="resp_2")
    talk.at(300)
    talk.mark("2:0b")
    assert interrupt(talk, 420) == [("item_b", 120)]


def test_a_barge_in_before_the_last_one_is_settled_keeps_both_apart(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("One large margherita", 1_000)
    talk.at(200)
    talk.event("input_audio_buffer.speech_started", item_id="item_c", audio_start_ms=200)
    talk.response_begins("resp_2")
    talk.agent_says("Sorry", 800, item_id="item_b", response_id="resp_2")
    talk.at(300)
    talk.event("input_audio_buffer.speech_started", item_id="item_d", audio_start_ms=300)
    for mark in ("2:clear", "2:0b", "2:1", "2:2", "2:3", "2:4", "3:clear"):
        talk.mark(mark)
    truncated = [(event["item_id"], event["audio_end_ms"]) for event in talk.to_model()]
    assert truncated == [("item_a", 300), ("item_b", 0)]


def test_a_barge_in_during_a_burst_drops_the_rest_of_it(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("One large", 400)
    assert interrupt(talk, 100) == [("item_a", 100)]
    talk.to_carrier()
    talk.agent_says("margherita", 400)
    talk.agent_says("and more", 400, item_id="item_b")
    assert talk.to_carrier() == []


def test_a_barge_in_right_after_a_clear_cuts_what_has_hardly_begun(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("One large margherita", 1_000)
    interrupt(talk, 200)
    talk.response_ends(status="cancelled")
    talk.response_begins("resp_2")
    talk.agent_says("Sorry", 800, item_id="item_b", response_id="resp_2")
    assert interrupt(talk, 200) == [("item_b", 0)]


def test_items_behind_that_had_not_begun_are_truncated_at_0(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("Hello.", 400)
    talk.agent_says("One large margherita", 800, item_id="item_b")
    assert interrupt(talk, 100) == [("item_a", 100), ("item_b", 0)]
    assert talk.texts == ["", ""]


def test_without_an_echo_the_model_is_told_all_the_same(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("One large margherita", 1_000)
    talk.at(120)
    talk.event("input_audio_buffer.speech_started", item_id="item_c", audio_start_ms=120)
    assert talk.kinds() == []
    talk.at(5_120)
    (truncate,) = talk.to_model()
    assert truncate["audio_end_ms"] == 120


def test_a_barge_in_that_the_hang_up_overtakes_is_settled_at_the_end(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("one two three four five", 1_000)
    talk.at(180)
    talk.event("input_audio_buffer.speech_started", item_id="item_c", audio_start_ms=180)
    talk.dialogue.finish()
    (turn,) = talk.dialogue.transcript.turns()
    assert (turn.text, turn.interrupted, turn.end_ms) == ("one", True, 180)


def test_sound_of_a_cancelled_answer_is_not_played(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("One", 400)
    talk.event("input_audio_buffer.speech_started", item_id="item_c", audio_start_ms=200)
    talk.to_carrier()
    talk.agent_says("large", 400, item_id="item_b")
    assert talk.to_carrier() == []


def test_the_model_is_told_once_of_an_item_that_nobody_heard(talk: Talk) -> None:
    talk.response_begins()
    talk.event("input_audio_buffer.speech_started", item_id="item_c", audio_start_ms=200)
    for _ in range(2):
        talk.agent_says("large", 400, item_id="item_b")
    (truncate,) = talk.to_model()
    assert (truncate["item_id"], truncate["audio_end_ms"]) == ("item_b", 0)


def test_late_sound_of_an_item_that_was_heard_changes_nothing(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("Hello", 400)
    talk.response_ends()
    talk.agent_says("late", 400)
    assert talk.kinds() == []


def test_sound_that_comes_after_its_answer_is_done_is_not_played(talk: Talk) -> None:
    talk.response_begins()
    talk.response_ends()
    talk.agent_says("late", 400)
    assert talk.to_carrier() == []


def test_an_interrupted_turn_holds_what_was_heard_of_it(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("one two three four five", 1_000)
    talk.at(600)
    talk.mark("1:2")
    interrupt(talk, 600)
    talk.event(
        "response.output_audio_transcript.done",
        item_id="item_a",
        transcript="one two three four five",
    )
    (turn,) = talk.dialogue.transcript.turns()
    assert (turn.text, turn.interrupted) == ("one two", True)
    assert talk.journal.turns[0].text == "one two"


def test_words_that_come_while_the_clear_is_on_its_way_were_not_heard(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("one two three four five", 1_000)
    talk.at(180)
    talk.event("input_audio_buffer.speech_started", item_id="item_c", audio_start_ms=180)
    kind = "response.output_audio_transcript.delta"
    talk.event(kind, item_id="item_a", delta=" six seven eight nine ten eleven twelve")
    talk.mark("2:clear")
    assert talk.texts == ["one"]


def test_a_truncate_that_was_refused_is_counted_and_harmless(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("One large margherita", 1_000)
    talk.at(100)
    talk.event("input_audio_buffer.speech_started", item_id="item_c", audio_start_ms=100)
    talk.mark("2:clear")
    (truncate,) = talk.to_model()
    message = "Audio content of 9250ms is already shorter than 57340ms"
    error = {"code": "invalid_value", "message": message, "event_id": truncate["event_id"]}
    talk.event("error", error=error)
    assert talk.dialogue.voice.refused_truncates == 1
    talk.response_ends(status="cancelled")
    talk.response_begins("resp_2")
    talk.agent_says("Hello", 200, item_id="item_b", response_id="resp_2")
    assert talk.dialogue.over is None
    assert [message["event"] for message in talk.to_carrier()][-3:] == ["mark", "media", "mark"]


def test_another_error_counts_as_no_refused_truncate(talk: Talk) -> None:
    talk.event("error", error={"code": "invalid_value", "event_id": "evt_77"})
    assert talk.dialogue.voice.refused_truncates == 0


def test_cancelling_nothing_is_harmless(talk: Talk) -> None:
    talk.event("error", error={"code": "response_cancel_not_active"})
    assert talk.dialogue.over is None


def test_the_turn_ends_when_its_last_sound_was_heard(talk: Talk) -> None:
    talk.at(1_000)
    talk.response_begins()
    talk.agent_says("One large margherita", 1_000)
    interrupt(talk, 1_150, after_ms=40)
    (turn,) = talk.dialogue.transcript.turns()
    assert (turn.role, turn.start_ms, turn.end_ms) == (Role.ROLE_AGENT, 1_000, 1_190)
