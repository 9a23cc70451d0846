"""Who may speak first."""

from tests.unit.call_handler.dialogue_rig import Talk

CREATE = "response.create"


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
