"""A Call Handler in miniature for tests of the sandbox model: relays, truncates, answers tools."""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Self, cast

from websockets.asyncio.client import ClientConnection, connect

from sandbox.callees import Callee
from sandbox.realtime_model import RealtimeModel
from sandbox.scenario import Scenario
from sandbox.scenarios import SCENARIOS
from sandbox.sentence_track import SentenceTrack
from sandbox.speech import FRAME_BYTES, FRAME_MS, SILENCE, recognise

Event = dict[str, object]
DETAILS = {
    "customer_name": "Ana Kim",
    "order": "one large margherita",
    "delivery": "pick-up",
    "callback_number": "+14155550142",
}
HOUR_S = 3_600.0
TOOLS = [
    {"type": "function", "name": name, "description": name, "parameters": {"type": "object"}}
    for name in ("end_call", "record_fact")
]
SESSION: Event = {
    "type": "realtime",
    "output_modalities": ["audio"],
    "instructions": "You order food by telephone. The order: " + json.dumps(DETAILS),
    "audio": {
        "input": {
            "format": {"type": "audio/pcmu"},
            "transcription": {"model": "gpt-transcribe", "language": "en"},
            "turn_detection": {"type": "server_vad", "silence_duration_ms": 500},
        },
        "output": {"format": {"type": "audio/pcmu"}, "voice": "cedar"},
    },
    "tools": TOOLS,
}


class Books:
    """Keeps what the sandbox would write into its ledger."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, Mapping[str, object]]] = []

    def write(self, kind: str, **facts: object) -> None:
        self.lines.append((kind, facts))

    def of(self, kind: str) -> list[Mapping[str, object]]:
        return [facts for each, facts in self.lines if each == kind]


@dataclass
class OneScenario:
    """A book in which every call plays the same scenario, and has the same track."""

    scenario: Scenario
    track: SentenceTrack | None = None

    def find_scenario(self, call_id: str) -> Scenario | None:
        del call_id
        return self.scenario

    def find_track(self, call_id: str) -> SentenceTrack | None:
        del call_id
        return self.track


@asynccontextmanager
async def running_model(
    scenario: Scenario | str,
    books: Books | None = None,
    time_factor: float = 200.0,
    track: SentenceTrack | None = None,
) -> AsyncIterator[RealtimeModel]:
    chosen = SCENARIOS[scenario] if isinstance(scenario, str) else scenario
    if chosen.model.session_max_s == HOUR_S:  # an hour of the test, not of its quick calls
        chosen = replace(chosen, model=replace(chosen.model, session_max_s=HOUR_S * time_factor))
    book = OneScenario(chosen, track)
    async with RealtimeModel(book, time_factor, books or Books()) as model:
        await model.listen("127.0.0.1", 0)
        yield model


@dataclass
class Line:
    """One connection to the model: sends, and keeps every event that comes."""

    socket: ClientConnection
    events: list[Event] = field(default_factory=list)
    _sent: int = 0

    async def send(self, kind: str, **fields: object) -> str:
        self._sent += 1
        event_id = f"evt_{self._sent}"
        await self.socket.send(json.dumps({"type": kind, "event_id": event_id, **fields}))
        return event_id

    async def receive(self) -> Event:
        event = cast("Event", json.loads(await self.socket.recv()))
        self.events.append(event)
        return event

    async def until(self, kind: str) -> Event:
        """Receive up to the next event of this type."""
        while (event := await self.receive())["type"] != kind:
            pass
        return event

    async def settle(self) -> list[Event]:
        """Receive everything that what was sent so far has caused by itself."""
        begin = len(self.events)
        event_id = await self.send("conversation.item.retrieve", item_id="no such item")
        while not _quotes(await self.receive(), event_id):
            pass
        self.events.pop()
        return self.events[begin:]

    async def configure(self, session: Event = SESSION) -> Event:
        await self.send("session.update", session=session)
        return await self.until("session.updated")

    async def say(self, audio: bytes, silence_ms: int = 0) -> None:
        audio += SILENCE * (silence_ms // 20)
        payload = base64.b64encode(audio).decode()
        await self.send("input_audio_buffer.append", audio=payload)

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event["type"] == kind]

    def types(self) -> list[str]:
        return [str(event["type"]) for event in self.events]


@asynccontextmanager
async def opened_line(model: RealtimeModel, name: str = "gpt-realtime-2.1") -> AsyncIterator[Line]:
    url = f"ws://127.0.0.1:{model.port}/v1/realtime?model={name}"
    headers = {"Authorization": "Bearer sk-test", "X-Client-Request-Id": "c1"}
    async with connect(url, additional_headers=headers, compression=None) as socket:
        yield Line(socket)


class Relay:
    """Feeds a callee and the model to each other, 20 ms by 20 ms, with no clock at all."""

    def __init__(self, line: Line, callee: Callee) -> None:
        self.line = line
        self.callee = callee
        self.tools: list[tuple[str, dict[str, str]]] = []
        self.agent_said: list[str] = []
        self.media_ms = 0
        self.ended_by = ""
        self._playout = b""
        self._item_id = ""
        self._played_ms = 0
        self._is_ending = False

    async def run(self, most_ms: int = 120_000) -> Self:
        while not self.ended_by and self.media_ms < most_ms:
            await self._tick()
        return self

    async def _tick(self) -> None:
        self.media_ms += 20
        heard = self._playout[:FRAME_BYTES] or SILENCE
        self._played_ms += 20 if self._playout else 0
        self._playout = self._playout[FRAME_BYTES:]
        known = recognise(heard)
        if known is not None and known.offset_ms + FRAME_MS >= known.total_ms:
            self.agent_said.append(known.text)
        step = self.callee.step(heard)
        if step.hang_up or step.reset:
            self.ended_by = "callee" if step.hang_up else "line"
            return
        await self.line.say(step.frame)
        await self._take(await self.line.settle())
        if self._is_ending and not self._playout:
            self.ended_by = "agent"

    async def _take(self, events: list[Event]) -> None:
        open_responses = 0
        for event in events:
            open_responses += event["type"] == "response.created"
            open_responses -= event["type"] == "response.done"
            await self._heed(event)
        while open_responses > 0:
            event = await self.line.receive()
            open_responses -= event["type"] == "response.done"
            await self._heed(event)

    async def _heed(self, event: Event) -> None:
        match event["type"]:
            case "response.output_audio.delta":
                if event["item_id"] != self._item_id:
                    self._item_id, self._played_ms = str(event["item_id"]), 0
                self._playout += base64.b64decode(str(event["delta"]))
            case "input_audio_buffer.speech_started" if self._playout:
                self._playout = b""
                await self.line.send(
                    "conversation.item.truncate",
                    item_id=self._item_id,
                    content_index=0,
                    audio_end_ms=self._played_ms,
                )
            case "response.done":
                await self._answer_tools(cast("Event", event["response"]))

    async def _answer_tools(self, response: Event) -> None:
        items = cast("list[dict[str, str]]", response["output"])
        calls = [item for item in items if item["type"] == "function_call"]
        for item in calls:
            self.tools.append((item["name"], json.loads(item["arguments"])))
            self._is_ending = self._is_ending or item["name"] == "end_call"
            output = {"type": "function_call_output", "call_id": item["call_id"], "output": "ok"}
            await self.line.send("conversation.item.create", item=output)
        if response["status"] == "failed" or (calls and not self._is_ending):
            await self.line.send("response.create")
            await self._take(await self.line.settle())


def _quotes(event: Event, event_id: str) -> bool:
    error = event.get("error")
    return isinstance(error, dict) and error.get("event_id") == event_id
