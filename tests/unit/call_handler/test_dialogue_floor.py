"""Who has the floor: what good manners want is said, hushed or ended, and when."""

from collections.abc import Mapping

import pytest

from call_handler.bridge import BridgeLimits
from call_handler.bridge.wishes import End, Hush, Speak, Stay, Wish
from call_handler.outcome import EndKind
from tests.unit.call_handler.dialogue_rig import Talk

CREATE, CANCEL, OUTPUT = "response.create", "response.cancel", "conversation.item.create"
TRUNCATE = "conversation.item.truncate"


def grant(talk: Talk, *wishes: Wish) -> None:
    talk.dialogue.floor.grant(wishes, talk.dialogue.clock_ms)
    talk.dialogue.check_model(talk.now)


def words_of(events: list[Mapping[str, object]]) -> list[object]:
    """Give the instructions of each `response.create`."""
    creates = [event for event in events if event["type"] == CREATE]
    return [event.get("response") for event in creates]


def test_what_has_to_be_said_is_said_instead_of_the_running_answer(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("One large margherita", 800)
    grant(talk, Speak("Say who you are."))
    assert "clear" in [message["event"] for message in talk.to_carrier()]
    assert talk.kinds() == [CANCEL]
    talk.response_ends(status="cancelled")
    assert words_of(talk.to_model()) == [{"instructions": "Say who you are."}]


def test_what_was_cut_for_it_comes_after_it(talk: Talk) -> None:
    talk.response_begins()
    grant(talk, Speak("Say who you are."))
    talk.response_ends(status="cancelled")
    talk.response_begins("resp_2")
    talk.to_model()
    talk.response_ends("resp_2")
    assert words_of(talk.to_model()) == [None]
    talk.response_begins("resp_3")
    talk.response_ends("resp_3")
    assert talk.kinds() == []


def test_a_callee_who_speaks_meanwhile_is_answered_instead(talk: Talk) -> None:
    talk.response_begins()
    grant(talk, Speak("Say who you are."))
    talk.response_ends(status="cancelled")
    talk.response_begins("resp_2")
    talk.to_model()
    talk.event("input_audio_buffer.speech_started", item_id="item_c", audio_start_ms=0)
    talk.response_ends("resp_2", "cancelled")
    assert talk.kinds() == []


def test_nothing_comes_after_words_that_cut_nothing(talk: Talk) -> None:
    grant(talk, Speak("Say who you are."))
    talk.response_begins()
    talk.to_model()
    talk.response_ends()
    assert talk.kinds() == []


def test_the_agent_does_not_begin_while_the_callee_speaks(talk: Talk) -> None:
    talk.event("input_audio_buffer.speech_started", item_id="item_c", audio_start_ms=0)
    grant(talk, Speak("Say who you are."))
    assert talk.kinds() == []
    talk.event("input_audio_buffer.committed", item_id="item_c")
    assert talk.kinds() == []
    talk.response_begins()
    talk.response_ends()
    assert words_of(talk.to_model()) == [{"instructions": "Say who you are."}]


def test_a_callee_who_never_stops_is_spoken_to_at_last(talk: Talk) -> None:
    talk.event("input_audio_buffer.speech_started", item_id="item_c", audio_start_ms=0)
    grant(talk, Speak())
    talk.later(9.9)
    assert talk.kinds() == []
    talk.later(0.2)
    assert talk.kinds() == [CREATE]


def test_a_goodbye_waits_for_nobody(talk: Talk) -> None:
    talk.event("input_audio_buffer.speech_started", item_id="item_c", audio_start_ms=0)
    grant(talk, End(EndKind.HOLD_LIMIT, "Say goodbye."))
    assert words_of(talk.to_model()) == [{"instructions": "Say goodbye."}]


def test_nobody_hears_a_hushed_agent(talk: Talk) -> None:
    grant(talk, Hush(is_on=True))
    talk.response_begins()
    talk.agent_says("Are you there?", 400)
    assert talk.to_carrier() == []
    assert talk.kinds() == [CANCEL, TRUNCATE]


def test_hushing_cuts_what_is_being_said(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("Of course", 400)
    grant(talk, Hush(is_on=True))
    assert "clear" in [message["event"] for message in talk.to_carrier()]
    assert talk.kinds() == [CANCEL]


def test_a_hushed_agent_is_not_asked_for_answers_until_it_may_speak(talk: Talk) -> None:
    grant(talk, Hush(is_on=True))
    talk.dialogue.floor.responses.want()
    talk.later(1)
    assert talk.kinds() == []
    grant(talk, Hush(is_on=False))
    assert talk.kinds() == [CREATE]


def test_the_last_words_are_said_hushed_or_not(talk: Talk) -> None:
    grant(talk, Hush(is_on=True), End(EndKind.SILENCE_LIMIT, "Say goodbye."))
    assert talk.kinds() == [CREATE]
    talk.response_begins()
    talk.agent_says("Goodbye", 400)
    talk.response_ends()
    talk.echo_marks()
    assert talk.dialogue.over is not None
    assert talk.dialogue.over.kind is EndKind.SILENCE_LIMIT


def test_an_end_without_words_ends_at_once(talk: Talk) -> None:
    grant(talk, End(EndKind.FAX))
    assert talk.dialogue.over is not None
    assert talk.dialogue.over.kind is EndKind.FAX


def test_an_end_that_is_called_off_answers_what_was_said(talk: Talk) -> None:
    grant(talk, End(EndKind.VOICEMAIL, "Leave the message."))
    talk.response_begins()
    talk.agent_says("This is a message", 800)
    talk.to_model()
    grant(talk, Stay())
    assert talk.dialogue.floor.farewell.kind is None
    assert talk.kinds() == [CANCEL]
    talk.response_ends(status="cancelled")
    assert words_of(talk.to_model()) == [None]
    assert talk.dialogue.over is None


@pytest.mark.parametrize("wish", [Speak("Say who you are."), Hush(is_on=True)])
def test_a_goodbye_is_not_disturbed(talk: Talk, wish: Wish) -> None:
    talk.response_begins()
    talk.agent_says("Goodbye", 600)
    talk.uses_tool("end_call", '{"reason":"done"}')
    talk.response_ends()
    talk.to_carrier()
    talk.to_model()
    grant(talk, wish)
    assert (talk.to_carrier(), talk.kinds()) == ([], [])


def test_a_lost_session_takes_its_wishes_along() -> None:
    talk = Talk(BridgeLimits(first_word_ms=2_500))
    talk.response_begins()
    talk.dialogue.floor.responses.want()
    talk.dialogue.model_ready(0)
    talk.later(1)
    assert talk.kinds() == []
    talk.at(2_500)
    assert talk.kinds() == [CREATE]
