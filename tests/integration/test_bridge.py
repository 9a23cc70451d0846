"""The bridge between scripted in-process sockets: what passes, and what ends it."""

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from call_handler.bridge import Bridge, BridgeLimits, Dialogue, ModelSocket, Signals
from call_handler.bridge.over import Over
from call_handler.outcome import EndKind
from call_handler.realtime import ModelFault
from telephony.media_messages import BadStreamMessage
from tests.unit.call_handler.dialogue_rig import FACTS, Journal

STOP = json.dumps({"event": "stop", "stop": {}})
LIMITS = BridgeLimits(tick_s=0.01)


def payload(number: int) -> str:
    """Make 20 ms of sound that can be told from any other."""
    return base64.b64encode(number.to_bytes(2, "big") * 80).decode()


def frame(number: int) -> str:
    media = {"track": "inbound", "timestamp": str(number * 20), "payload": payload(number)}
    text = json.dumps({"event": "media", "sequenceNumber": "1", "media": media})
    return text.replace(": ", ":").replace(", ", ",")


class Carrier:
    """The carrier's side: messages are put in, what was sent is kept."""

    def __init__(self) -> None:
        self.incoming: asyncio.Queue[str | Exception | None] = asyncio.Queue()
        self.sent: list[Mapping[str, object]] = []

    def put(self, *messages: str | Exception | None) -> None:
        for message in messages:
            self.incoming.put_nowait(message)

    async def receive(self) -> str | None:
        message = await self.incoming.get()
        if isinstance(message, Exception):
            raise message
        return message

    async def send(self, text: str) -> None:
        self.sent.append(json.loads(text))


class Model:
    """The model's side; `blocks`: its sends hang, like those to a reader that does not read."""

    def __init__(self) -> None:
        self.incoming: asyncio.Queue[str | ModelFault] = asyncio.Queue()
        self.sent: list[Mapping[str, object]] = []
        self.got: asyncio.Condition = asyncio.Condition()
        self.blocks = False
        self.is_closed = False

    def put(self, *events: Mapping[str, object]) -> None:
        for event in events:
            self.incoming.put_nowait(json.dumps(event))

    async def send(self, event: str) -> None:
        if self.blocks:
            await asyncio.Event().wait()
        async with self.got:
            self.sent.append(json.loads(event))
            self.got.notify_all()

    async def receive(self) -> str:
        event = await self.incoming.get()
        if isinstance(event, ModelFault):
            raise event
        return event

    def note_error(self, code: str) -> None:
        self.noted = code

    async def close(self) -> None:
        self.is_closed = True

    async def wait_for(self, count: int) -> None:
        """Wait until so many events were sent to the model."""
        async with self.got:
            await self.got.wait_for(lambda: len(self.sent) >= count)


@dataclass
class Rig:
    """A bridge with its two sides; the model is connected once `gate` is open."""

    limits: BridgeLimits = LIMITS
    carrier: Carrier = field(default_factory=Carrier)
    models: list[Model] = field(default_factory=lambda: [Model(), Model()])
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    signals: Signals = field(default_factory=Signals)
    connections: int = 0

    def __post_init__(self) -> None:
        self.dialogue = Dialogue("MZ1", FACTS, Journal(), self.limits)
        self.bridge = Bridge(self.carrier, self.connect, self.dialogue, self.signals, self.limits)

    @property
    def model(self) -> Model:
        return self.models[0]

    async def connect(self) -> ModelSocket:
        await self.gate.wait()
        self.connections += 1
        return self.models[self.connections - 1]

    async def run(self) -> Over:
        async with asyncio.timeout(10):
            over = await self.bridge.run()
        await self.bridge.close()
        return over


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


async def test_the_agents_voice_reaches_the_callee_unchanged() -> None:
    rig = Rig()
    rig.gate.set()
    sound = bytes(range(256)) * 25
    ids = {"response_id": "resp_1", "item_id": "item_1"}
    delta = base64.b64encode(sound).decode()
    rig.model.put(
        {"type": "response.created", "response": {"id": "resp_1"}},
        {"type": "response.output_audio.delta", **ids, "content_index": 0, "delta": delta},
        {"type": "response.output_audio.done", **ids},
    )
    running = asyncio.create_task(rig.run())
    while sum(message["event"] == "mark" for message in rig.carrier.sent) < 4:
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


async def test_silence_without_a_close_is_noticed() -> None:
    rig = Rig(BridgeLimits(tick_s=0.01, frame_gap_s=0.05))
    rig.carrier.put(frame(0))
    over = await rig.run()
    assert over.fault is not None
    assert (over.kind, over.fault.code) == (EndKind.MEDIA_LOST, "no_frames")


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
    async with asyncio.timeout(5):
        assert not await rig.bridge.collect_late_words()
