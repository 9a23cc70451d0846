"""Whatever the model sends, the call goes on or ends, and its result is one that is taken."""

import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from call_handler.outcome import CallEnd, EndKind, HeldCall, build_result
from call_handler.realtime import AudioDelta, read_audio_delta, read_event
from orchestrator.call_results import receive_proto
from ringback.v1.call_results_pb2 import Order
from tests.unit.call_handler.dialogue_rig import FACTS, Talk

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ORDER = Order(call_id="0199aaaa-0000-7000-8000-000000000001", facts=FACTS)
HELD = HeldCall("CA" + "0" * 32, ORDER, NOW, "handler-1", is_test=True)

KINDS = (
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.timeout_triggered",
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.input_audio_transcription.completed",
    "conversation.item.input_audio_transcription.failed",
    "response.created",
    "response.output_audio.delta",
    "response.output_audio_transcript.delta",
    "response.output_audio_transcript.done",
    "response.output_item.done",
    "response.output_audio.done",
    "response.done",
    "error",
    "later.invention",
)
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([-1, 0, 2**32, 10**30, 1.5, "", "\ud800\0", "x" * 5_000, [], {}, [1], {"": 1}]),
)
IDS = st.one_of(st.sampled_from(["item_1", "item_2", "\ud83d", "i" * 500]), ODD)
CLAIM = '{"name":"total_price","value":"\\ud800 14.50","quote":"\\ud800 fourteen fifty"}'
QUESTION = '{"question":"\\ud800?"}'
TOOL = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["function_call", 7]),
        "status": st.just("completed"),
        "call_id": IDS,
        "name": st.one_of(
            st.sampled_from(["record_fact", "end_call", "press_digits", "ask_person"]), ODD
        ),
        "arguments": st.one_of(
            st.sampled_from([CLAIM, "[", '{"value":1}', '{"digits":"1w#"}', QUESTION]),
            ODD,
        ),
    }
)
RESPONSE = st.fixed_dictionaries(
    {
        "id": IDS,
        "status": st.one_of(st.sampled_from(["completed", "failed", "cancelled"]), ODD),
        "status_details": st.one_of(st.just({"error": {"code": "c" * 900, "message": "\0"}}), ODD),
        "output": st.one_of(st.lists(TOOL, max_size=2), ODD),
        "usage": st.one_of(
            st.fixed_dictionaries({"input_tokens": ODD, "input_token_details": ODD}), ODD
        ),
    }
)
EVENTS = st.fixed_dictionaries(
    {"type": st.sampled_from(KINDS)},
    optional={
        "item_id": IDS,
        "response_id": IDS,
        "audio_start_ms": ODD,
        "audio_end_ms": ODD,
        "content_index": ODD,
        "transcript": ODD,
        "delta": st.one_of(st.just(base64.b64encode(bytes(3_200)).decode()), ODD),
        "item": st.one_of(TOOL, ODD),
        "response": st.one_of(RESPONSE, ODD),
        "usage": st.one_of(st.fixed_dictionaries({"input_tokens": ODD, "seconds": ODD}), ODD),
        "error": st.one_of(st.just({"code": "\ud800"}), ODD),
    },
)


def play(talk: Talk, texts: list[str]) -> None:
    """Hand texts in the way the bridge does."""
    for text in texts:
        event = read_audio_delta(text) or read_event(text)
        if isinstance(event, AudioDelta):
            talk.dialogue.take_audio(event)
        elif event is not None:
            talk.dialogue.take_event(event, talk.now)
        talk.echo_marks()


def require_taken(talk: Talk) -> None:
    """Build the call's result and let the Orchestrator's rules judge it."""
    dialogue = talk.dialogue
    dialogue.finish()
    end = CallEnd(
        EndKind.CALLEE_HUNG_UP,
        NOW,
        dialogue.clock_ms,
        dialogue.transcript.turns(),
        tuple(dialogue.toolbox.claims),
        dialogue.toolbox.end_reason,
        dialogue.usage.total(),
        fault=dialogue.over.fault if dialogue.over is not None else None,
    )
    receive_proto(build_result(HELD, end))


@settings(deadline=None)
@given(st.lists(EVENTS, max_size=12))
def test_any_events_leave_a_result_that_is_taken(events: list[dict[str, object]]) -> None:
    talk = Talk()
    play(talk, [json.dumps(event) for event in events])
    require_taken(talk)


@pytest.mark.parametrize(
    "event",
    [
        {"type": KINDS[0], "item_id": "i", "audio_start_ms": 2**32},
        {"type": KINDS[3], "item_id": "i" * 500},
        {"type": KINDS[5], "item_id": "i", "transcript": "\ud800"},
        {"type": "response.done", "response": {"usage": {"input_tokens": 10**30}}},
        {
            "type": "response.done",
            "response": {
                "output": [
                    {
                        "type": "function_call",
                        "status": "completed",
                        "call_id": "c",
                        "name": "record_fact",
                        "arguments": CLAIM,
                    }
                ]
            },
        },
    ],
)
def test_an_event_with_an_impossible_value_costs_no_result(event: dict[str, object]) -> None:
    talk = Talk()
    play(talk, [json.dumps(event), json.dumps({"type": KINDS[3], "item_id": "i"})])
    require_taken(talk)
