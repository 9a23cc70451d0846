"""The bridge between scripted in-process sockets: what passes, and what ends it."""

import asyncio
import base64
import json
from collections.abc import Mapping, Sequence

import pytest

from call_handler.bridge import BridgeLimits
from call_handler.outcome import EndKind
from call_handler.realtime import ModelFault
from telephony.media_messages import BadStreamMessage
from tests.integration.bridge_rig import STOP, Rig, frame, payload


async def test_every_frame_reaches_the_model_byte_for_byte_and_in_order() -> None:
    rig = Rig()
    rig.gate.set()
    running = asyncio.create_task(rig.run())
    rig.carrier.put(*(frame(number) for number in range(50)))
    await rig.model.wait_for(50)
    rig.carrier.put(STOP)
    await running
    assert [event["audio"] for event in rig.model.sent] == [payload(n) for n in range(50)]


async def test_what_the_callee_said_meanwhile_is_kept_for_2_s() -> None:
    rig = Rig()
    running = asyncio.create_task(rig.run())
    rig.carrier.put(*(frame(number) for number in range(120)))
    while rig.dialogue.clock_ms < 119 * 20:
        await asyncio.wait({running}, timeout=0.001)
    rig.gate.set()
    await rig.model.wait_for(100)
    rig.carrier.put(frame(120))
    await rig.model.wait_for(101)
    rig.carrier.put(STOP)
    await running
    sent = [event["audio"] for event in rig.model.sent if "audio" in event]
    assert sent == [payload(number) for number in range(20, 121)]


def spoken(sound: bytes) -> Sequence[Mapping[str, object]]:
    """Say what the model sends when it speaks this sound."""
    ids = {"response_id": "resp_1", "item_id": "item_1"}
    delta = base64.b64encode(sound).decode()
    return (
        {"type": "response.created", "response": {"id": "resp_1"}},
        {"type": "response.output_audio.delta", **ids, "content_index": 0, "delta": delta},
        {"type": "response.output_audio.done", **ids},
    )


async def test_the_agents_voice_reaches_the_callee_unchanged() -> None:
    rig = Rig()
    rig.gate.set()
    sound = bytes(range(256)) * 25
    rig.model.put(*spoken(sound))
    running = asyncio.create_task(rig.run())
    while sum(message["event"] == "mark" for message in rig.carrier.sent) < 5:
        await asyncio.wait({running}, timeout=0.001)
    rig.carrier.put(STOP)
    await running
    played = b""
    for message in rig.carrier.sent:
        if isinstance(media := message.get("media"), dict):
            played += base64.b64decode(media["payload"])
    assert played == sound


@pytest.mark.parametrize(
    ("messages", "kind", "code"),
    [
        ([STOP], EndKind.CALLEE_HUNG_UP, None),
        ([None], EndKind.MEDIA_LOST, "stream_closed"),
        (["{"], EndKind.MEDIA_LOST, "protocol"),
        ([BadStreamMessage("binary")], EndKind.MEDIA_LOST, "protocol"),
        ([ZeroDivisionError()], EndKind.INTERNAL_ERROR, "ZeroDivisionError"),
        ([json.dumps({"event": "news"}), STOP], EndKind.CALLEE_HUNG_UP, None),
    ],
)
async def test_each_end_of_the_carriers_side_is_told(
    messages: list[str | Exception | None], kind: EndKind, code: str | None
) -> None:
    rig = Rig()
    rig.carrier.put(*messages)
    over = await rig.run()
    assert over.kind is kind
    assert (over.fault.code if over.fault else None) == code


async def test_a_stop_ends_the_call_while_the_model_is_still_being_connected() -> None:
    rig = Rig()
    rig.carrier.put(frame(0), STOP)
    assert (await rig.run()).kind is EndKind.CALLEE_HUNG_UP
    assert rig.connections == 0


async def test_a_fault_that_another_try_may_mend_is_tried_once_more() -> None:
    rig = Rig()
    rig.gate.set()
    for model in rig.models:
        model.incoming.put_nowait(ModelFault("connection_lost", "gone", may_reconnect=True))
    over = await rig.run()
    assert over.kind is EndKind.MODEL_LOST
    assert rig.connections == 2
    assert [model.is_closed for model in rig.models] == [True, True]


async def test_once_something_was_said_a_lost_model_ends_the_call() -> None:
    rig = Rig()
    rig.gate.set()
    rig.model.put({"type": "input_audio_buffer.speech_started", "item_id": "item_1"})
    rig.model.incoming.put_nowait(ModelFault("connection_lost", "gone", may_reconnect=True))
    assert (await rig.run()).kind is EndKind.MODEL_LOST
    assert rig.connections == 1


async def test_a_fault_that_no_try_mends_is_not_tried_again() -> None:
    rig = Rig()
    rig.gate.set()
    rig.model.incoming.put_nowait(ModelFault("invalid_api_key", "no", retryable=False))
    assert (await rig.run()).kind is EndKind.MODEL_LOST
    assert rig.connections == 1


async def test_a_model_that_takes_no_more_sound_is_given_up() -> None:
    rig = Rig(BridgeLimits(tick_s=0.01, blocked_s=0.05))
    rig.model.blocks = True
    rig.gate.set()
    rig.carrier.put(frame(0), frame(1))
    over = await rig.run()
    assert over.fault is not None
    assert (over.kind, over.fault.code) == (EndKind.MODEL_LOST, "blocked")


@pytest.mark.parametrize("is_busy", [False, True])
async def test_a_line_that_takes_no_more_sound_is_given_up(is_busy: bool) -> None:
    rig = Rig(BridgeLimits(tick_s=0.01, blocked_s=0.05))
    rig.carrier.blocks = True
    rig.gate.set()
    running = asyncio.create_task(rig.run())
    rig.model.put(*spoken(bytes(8_000)))
    while is_busy and not running.done():  # frames go on coming: only our own sound is stuck
        rig.carrier.put(frame(0))
        await asyncio.wait({running}, timeout=0.005)
    over = await running
    assert over.fault is not None
    assert (over.kind, over.fault.code) == (EndKind.MEDIA_LOST, "blocked")


async def test_silence_without_a_close_is_noticed() -> None:
    rig = Rig(BridgeLimits(tick_s=0.01, frame_gap_s=0.05))
    rig.carrier.put(frame(0))
    over = await rig.run()
    assert over.fault is not None
    assert (over.kind, over.fault.code) == (EndKind.MEDIA_LOST, "no_frames")


async def test_f14_a_stall_of_our_own_is_not_taken_for_a_lost_line() -> None:
    rig = Rig(BridgeLimits(tick_s=0.05, frame_gap_s=0.2))
    loop = asyncio.get_running_loop()
    rig.carrier.put(frame(0))
    running = asyncio.create_task(rig.run())
    while rig.carrier.incoming.qsize():
        await asyncio.wait({running}, timeout=0.001)
    until = loop.time() + 0.4
    while loop.time() < until:
        pass  # nothing of ours runs: frozen
    loop.call_later(0.01, rig.carrier.put, frame(20), STOP)  # was waiting in the socket meanwhile
    over = await running
    assert (over.kind, over.media_ms) == (EndKind.CALLEE_HUNG_UP, 400)


async def test_the_stop_of_the_service_ends_the_call_at_once() -> None:
    rig = Rig()
    rig.signals.stopping.set()
    assert (await rig.run()).kind is EndKind.HANDLER_STOPPED


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"type":"session.pinged"}', "{" * 5_000])
async def test_nonsense_of_the_model_is_passed_over(text: str) -> None:
    rig = Rig()
    rig.gate.set()
    rig.model.incoming.put_nowait(text)
    rig.model.put({"type": "input_audio_buffer.speech_started", "item_id": "item_1"})
    running = asyncio.create_task(rig.run())
    while not rig.dialogue.anything_said:
        await asyncio.wait({running}, timeout=0.001)
    rig.carrier.put(STOP)
    assert (await running).kind is EndKind.CALLEE_HUNG_UP


async def test_no_task_is_left_when_the_bridge_ends() -> None:
    before = asyncio.all_tasks()
    rig = Rig()
    rig.gate.set()
    rig.carrier.put(frame(0), STOP)
    await rig.run()
    assert asyncio.all_tasks() == before


async def test_a_cancelled_bridge_leaves_no_task() -> None:
    before = asyncio.all_tasks()
    rig = Rig()
    rig.gate.set()
    running = asyncio.create_task(rig.run())
    rig.carrier.put(frame(0))
    await rig.model.wait_for(1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert asyncio.all_tasks() == before


async def test_late_words_are_waited_for_only_as_long_as_allowed() -> None:
    rig = Rig(BridgeLimits(tick_s=0.01, late_s=0.05))
    rig.gate.set()
    rig.model.put({"type": "input_audio_buffer.committed", "item_id": "item_1"})
    running = asyncio.create_task(rig.bridge.run())
    while not rig.dialogue.transcript.awaits_text:
        await asyncio.wait({running}, timeout=0.001)
    rig.carrier.put(STOP)
    await running
    async with asyncio.timeout(30):
        assert not await rig.bridge.collect_late_words()
