"""A relay on openai-agents: a RealtimeRunner per call, fed and drained by hand.

As its users wire it to Twilio: G.711 both ways, appends of 50 ms (400 bytes), a start buffer of
three of them, a mark of its own name behind each delta, and a playback tracker that is told what
the marks say was heard.
"""

import asyncio
import base64
import json
import time
from dataclasses import dataclass, field

from agents.realtime import (
    RealtimeAgent,
    RealtimePlaybackTracker,
    RealtimeRunner,
    RealtimeSession,
    RealtimeSessionEvent,
)
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from benchmarks.peers.serving import read_model_url, serve

_APPEND_BYTES = 400
_START_APPENDS = 3
_FLUSH_S = 0.05


@dataclass(slots=True)
class Call:
    """Is one call: its sockets, its buffer, and which mark stands behind which audio."""

    twilio: WebSocket
    session: RealtimeSession
    tracker: RealtimePlaybackTracker
    sid: str = ""
    buffer: bytearray = field(default_factory=bytearray)
    appended: int = 0
    flushed_at: float = 0.0
    marks: dict[str, tuple[str, int, bytes]] = field(default_factory=dict)

    async def hear(self) -> None:
        """Bring what the callee says to the model until Twilio is gone."""
        while True:
            message = json.loads(await self.twilio.receive_text())
            match message["event"]:
                case "media":
                    self.buffer += base64.b64decode(message["media"]["payload"])
                    if len(self.buffer) >= _APPEND_BYTES:
                        await self.append()
                case "start":
                    self.sid = message["start"]["streamSid"]
                case "mark":
                    self.note_heard(message["mark"]["name"])

    async def append(self) -> None:
        """Send what is buffered; the first few appends go together."""
        if self.appended == 0 and len(self.buffer) < _APPEND_BYTES * _START_APPENDS:
            return
        audio = bytes(self.buffer)
        self.buffer.clear()
        self.appended += 1
        self.flushed_at = time.monotonic()
        await self.session.send_audio(audio)

    async def append_late(self) -> None:
        """Send what waits in the buffer for too long."""
        while True:
            await asyncio.sleep(_FLUSH_S)
            if self.buffer and time.monotonic() - self.flushed_at > 2 * _FLUSH_S:
                await self.append()

    def note_heard(self, mark: str) -> None:
        """Tell the tracker what a mark says was heard."""
        if mark in self.marks:
            self.tracker.on_play_bytes(*self.marks.pop(mark))

    async def speak(self) -> None:
        """Bring what the model says to the callee."""
        async for event in self.session:
            await self.pass_on(event)

    async def pass_on(self, event: RealtimeSessionEvent) -> None:
        """Send one event of the session to Twilio."""
        if event.type == "audio":
            payload = base64.b64encode(event.audio.data).decode()
            media = {"event": "media", "streamSid": self.sid, "media": {"payload": payload}}
            await self.twilio.send_text(json.dumps(media))
            name = f"audio-{event.item_id}-{time.monotonic_ns()}"
            self.marks[name] = (event.item_id, event.content_index, event.audio.data)
            mark = {"event": "mark", "streamSid": self.sid, "mark": {"name": name}}
            await self.twilio.send_text(json.dumps(mark))
        elif event.type == "audio_interrupted":
            await self.twilio.send_text(json.dumps({"event": "clear", "streamSid": self.sid}))


def build_app(model_url: str) -> FastAPI:
    """Build the app with its one route."""
    app = FastAPI()
    agent = RealtimeAgent(name="caller", instructions="You order a pizza.")

    @app.websocket("/media-stream")
    async def relay(twilio: WebSocket) -> None:
        await twilio.accept()
        tracker = RealtimePlaybackTracker()
        session = await RealtimeRunner(agent).run(
            model_config={
                "url": model_url,
                "api_key": "none",
                "playback_tracker": tracker,
                "initial_model_settings": {
                    "input_audio_format": "g711_ulaw",
                    "output_audio_format": "g711_ulaw",
                    "turn_detection": {"type": "semantic_vad", "interrupt_response": True},
                    "tracing": None,
                },
            }
        )
        await session.enter()
        call = Call(twilio, session, tracker)
        tasks = [asyncio.create_task(work) for work in (call.speak(), call.append_late())]
        try:
            await call.hear()
        except WebSocketDisconnect:
            return  # nobody closes the session: the usual example leaves its tasks, too
        finally:
            app.state.tasks = [*getattr(app.state, "tasks", []), *tasks]

    return app


if __name__ == "__main__":
    serve(build_app(read_model_url()))
