"""A bridge between scripted in-process sockets, for the tests of what passes and what ends it."""

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from call_handler.bridge import (
    Bridge,
    BridgeLimits,
    Dialogue,
    DialogueSetup,
    ModelSocket,
    Signals,
)
from call_handler.outcome import CallEnd
from call_handler.realtime import ModelFault
from tests.unit.call_handler.dialogue_rig import FACTS, Journal

STOP = json.dumps({"event": "stop", "stop": {}})
SETUP = DialogueSetup("MZ1", FACTS)
LIMITS = BridgeLimits(tick_s=0.01)


def payload(number: int) -> str:
    """Make 20 ms of sound that can be told from any other."""
    return base64.b64encode(number.to_bytes(2, "big") * 80).decode()


def frame(number: int, sound: str = "") -> str:
    """Make the carrier's message with 20 ms of sound (base64), by default one of its own."""
    audio = sound or payload(number)
    media = {"track": "inbound", "timestamp": str(number * 20), "payload": audio}
    text = json.dumps({"event": "media", "sequenceNumber": "1", "media": media})
    return text.replace(": ", ":").replace(", ", ",")


class Carrier:
    """The carrier's side: messages are put in, what was sent is kept; `blocks`: sends hang."""

    def __init__(self) -> None:
        self.incoming: asyncio.Queue[str | Exception | None] = asyncio.Queue()
        self.sent: list[Mapping[str, object]] = []
        self.blocks = False

    def put(self, *messages: str | Exception | None) -> None:
        for message in messages:
            self.incoming.put_nowait(message)

    async def receive(self) -> str | None:
        message = await self.incoming.get()
        if isinstance(message, Exception):
            raise message
        return message

    async def send(self, text: str) -> None:
        if self.blocks:
            await asyncio.Event().wait()
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
    setup: DialogueSetup = SETUP

    def __post_init__(self) -> None:
        self.dialogue = Dialogue(self.setup, Journal(), self.limits)
        self.bridge = Bridge(self.carrier, self.connect, self.dialogue, self.signals, self.limits)

    @property
    def model(self) -> Model:
        return self.models[0]

    async def connect(self) -> ModelSocket:
        await self.gate.wait()
        self.connections += 1
        return self.models[self.connections - 1]

    async def run(self) -> CallEnd:
        async with asyncio.timeout(30):
            end = await self.bridge.run()
        await self.bridge.close()
        return end
