"""Keys that the agent presses: tones behind its speech, whole, and the model goes on after them."""

import base64
import json
from collections.abc import Mapping

from call_handler.bridge.tones import dial_tones
from call_handler.outcome import EndKind
from ringback.v1.call_results_pb2 import Role
from tests.unit.call_handler.dialogue_rig import Talk

CREATE, OUTPUT = "response.create", "conversation.item.create"


def presses(talk: Talk, digits: str, function_call_id: str = "call_1") -> None:
    talk.uses_tool("press_digits", json.dumps({"digits": digits}), function_call_id)


def sound(messages: list[Mapping[str, object]]) -> bytes:
    """Join what goes to the callee's ear."""
    media = [message["media"] for message in messages if message["event"] == "media"]
    return b"".join(base64.b64decode(str(each["payload"])) for each in media)  # type: ignore[index]  # an object, see above


def test_the_tones_follow_the_speech_of_their_answer(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("One moment", 400)
    presses(talk, "12")
    talk.response_ends()
    sent = talk.to_carrier()
    assert dial_tones("12") not in sound(sent)
    assert talk.kinds() == []
    talk.echo(sent)
    assert sound(talk.to_carrier()) == dial_tones("12")


def test_the_model_goes_on_when_the_tones_were_played(talk: Talk) -> None:
    talk.response_begins()
    presses(talk, "1")
    talk.response_ends()
    talk.later(1)
    assert talk.kinds() == []
    talk.echo_marks()
    output, create = talk.to_model()
    assert (output["type"], create["type"]) == (OUTPUT, CREATE)
    assert json.loads(str(output["item"]["output"]))["ok"]  # type: ignore[index]  # an object


def test_a_fact_recorded_meanwhile_brings_no_answer_before_the_tones(talk: Talk) -> None:
    talk.response_begins()
    fact = '{"name":"total_price","value":"14.50","quote":"fourteen fifty"}'
    talk.uses_tool("record_fact", fact, "call_0")
    presses(talk, "1")
    talk.response_ends()
    assert talk.kinds() == [OUTPUT]
    talk.echo_marks()
    assert talk.kinds() == [OUTPUT, CREATE]


def test_a_menu_that_talks_does_not_cut_the_tones(talk: Talk) -> None:
    talk.response_begins()
    presses(talk, "1")
    talk.response_ends()
    sent = talk.to_carrier()
    talk.callee_says("For orders press one")
    assert talk.to_carrier() == []
    talk.echo(sent)
    assert talk.kinds()[0] == OUTPUT


def test_a_menu_that_cuts_the_speech_hears_the_tones_at_once(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("One moment please", 1_000)
    presses(talk, "1")
    talk.response_ends()
    talk.to_carrier()
    talk.at(100)
    talk.event("input_audio_buffer.speech_started", item_id="item_c", audio_start_ms=100)
    sent = talk.to_carrier()
    assert [message["event"] for message in sent[:2]] == ["clear", "mark"]
    assert sound(sent) == dial_tones("1")
    talk.mark("2:clear")
    (truncate,) = talk.to_model()
    assert (truncate["item_id"], truncate["audio_end_ms"]) == ("item_a", 100)


def test_speech_waits_until_the_tones_were_played(talk: Talk) -> None:
    talk.response_begins()
    presses(talk, "1")
    talk.response_ends()
    talk.response_begins("resp_2")
    tones = talk.to_carrier()
    talk.agent_says("Hello", 200, item_id="item_b", response_id="resp_2")
    assert talk.to_carrier() == []
    talk.echo(tones)
    assert sound(talk.to_carrier()) == bytes(1_600)


def test_speech_that_waits_behind_tones_and_is_interrupted_was_never_heard(talk: Talk) -> None:
    talk.response_begins()
    presses(talk, "1")
    talk.response_ends()
    talk.response_begins("resp_2")
    talk.agent_says("Hello", 200, item_id="item_b", response_id="resp_2")
    talk.event("input_audio_buffer.speech_started", item_id="item_c", audio_start_ms=100)
    (truncate,) = talk.to_model()
    assert (truncate["item_id"], truncate["audio_end_ms"]) == ("item_b", 0)
    talk.echo_marks()
    assert talk.to_carrier() == []


def test_keys_stand_in_the_transcript_with_their_time(talk: Talk) -> None:
    talk.at(1_000)
    talk.response_begins()
    presses(talk, "1w2")
    talk.response_ends()
    talk.echo_marks()
    keys, tool = talk.dialogue.transcript.turns()
    assert (keys.role, keys.dtmf) == (Role.ROLE_AGENT, "12")
    assert (keys.start_ms, keys.end_ms) == (1_000, 1_980)
    assert (tool.role, tool.tool.name) == (Role.ROLE_TOOL, "press_digits")


def test_two_presses_come_one_after_the_other(talk: Talk) -> None:
    talk.response_begins()
    presses(talk, "1", "call_1")
    presses(talk, "2", "call_2")
    talk.response_ends()
    first = talk.to_carrier()
    assert sound(first) == dial_tones("1")
    talk.echo(first)
    assert talk.kinds() == [OUTPUT]
    second = talk.to_carrier()
    assert sound(second) == dial_tones("2")
    talk.echo(second)
    assert talk.kinds() == [OUTPUT, CREATE]


def test_tones_whose_marks_are_lost_count_as_played_after_a_while(talk: Talk) -> None:
    talk.response_begins()
    presses(talk, "1")
    talk.response_ends()
    talk.at(5_240)
    assert talk.kinds() == [OUTPUT, CREATE]


def test_a_goodbye_waits_for_the_keys_of_its_answer(talk: Talk) -> None:
    talk.response_begins()
    presses(talk, "1")
    talk.uses_tool("end_call", '{"reason":"done"}', "call_2")
    talk.response_ends()
    assert talk.dialogue.over is None
    talk.echo_marks()
    assert talk.dialogue.over is not None
    assert talk.dialogue.over.kind is EndKind.AGENT_HUNG_UP


def test_keys_that_were_never_pressed_stand_in_the_transcript_as_used(talk: Talk) -> None:
    talk.response_begins()
    talk.agent_says("One moment", 400)
    presses(talk, "1")
    talk.response_ends()
    talk.dialogue.finish()
    tool = talk.dialogue.transcript.turns()[-1].tool
    assert (tool.name, tool.output) == ("press_digits", "")
