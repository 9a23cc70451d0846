"""A relay between Twilio and the model, shaped as the usual sample is; not that sample.

Same shape: json.loads and json.dumps of every frame both ways, base64 decoded and encoded again for
every delta, a mark of one name behind each, a text iterator, two gathered loops without clean-up,
default compression, no uvloop, no httptools. Every line is ours.
"""

import asyncio
import base64
import json
from dataclasses import dataclass, field

import websockets
from fastapi import FastAPI, WebSocket
from websockets.asyncio.client import ClientConnection

from benchmarks.peers.serving import read_model_url, serve

_MARK = "responsePart"
_SESSION = {
    "type": "realtime",
    "model": "gpt-realtime",
    "output_modalities": ["audio"],
    "audio": {
        "input": {"format": {"type": "audio/pcmu"}, "turn_detection": {"type": "server_vad"}},
        "output": {"format": {"type": "audio/pcmu"}, "voice": "alloy"},
    },
    "instructions": "You order a pizza.",
}


@dataclass(slots=True)
class Stream:
    """Is what both loops know of one call."""

    sid: str = ""
    latest_ms: int = 0
    answer_began_ms: int | None = None
    """None between two answers."""
    last_item: str = ""
    marks: list[str] = field(default_factory=list)


def build_app(model_url: str) -> FastAPI:
    """Build the app with its one route."""
    app = FastAPI()

    @app.websocket("/media-stream")
    async def relay(twilio: WebSocket) -> None:
        await twilio.accept()
        headers = {"Authorization": "Bearer none"}
        async with websockets.connect(model_url, additional_headers=headers) as model:
            await model.send(json.dumps({"type": "session.update", "session": _SESSION}))
            stream = Stream()
            await asyncio.gather(hear(twilio, model, stream), speak(twilio, model, stream))

    return app


async def hear(twilio: WebSocket, model: ClientConnection, stream: Stream) -> None:
    """Bring what the callee says to the model."""
    async for text in twilio.iter_text():
        message = json.loads(text)
        match message["event"]:
            case "media":
                stream.latest_ms = int(message["media"]["timestamp"])
                audio = {"type": "input_audio_buffer.append", "audio": message["media"]["payload"]}
                await model.send(json.dumps(audio))
            case "start":
                stream.sid = message["start"]["streamSid"]
            case "mark" if stream.marks:
                stream.marks.pop(0)


async def speak(twilio: WebSocket, model: ClientConnection, stream: Stream) -> None:
    """Bring what the model says to the callee."""
    async for text in model:
        event = json.loads(text)
        if event.get("type") == "response.output_audio.delta" and "delta" in event:
            payload = base64.b64encode(base64.b64decode(event["delta"])).decode()
            media = {"event": "media", "streamSid": stream.sid, "media": {"payload": payload}}
            await twilio.send_json(media)
            if stream.answer_began_ms is None:
                stream.answer_began_ms = stream.latest_ms
            stream.last_item = event.get("item_id") or stream.last_item
            mark = {"event": "mark", "streamSid": stream.sid, "mark": {"name": _MARK}}
            await twilio.send_json(mark)
            stream.marks.append(_MARK)
        elif event.get("type") == "input_audio_buffer.speech_started" and stream.last_item:
            await interrupt(twilio, model, stream)


async def interrupt(twilio: WebSocket, model: ClientConnection, stream: Stream) -> None:
    """Stop an answer that the callee speaks into."""
    if stream.marks and stream.answer_began_ms is not None:
        truncate = {
            "type": "conversation.item.truncate",
            "item_id": stream.last_item,
            "content_index": 0,
            "audio_end_ms": stream.latest_ms - stream.answer_began_ms,
        }
        await model.send(json.dumps(truncate))
        await twilio.send_json({"event": "clear", "streamSid": stream.sid})
        stream.marks.clear()
        stream.last_item, stream.answer_began_ms = "", None


if __name__ == "__main__":
    serve(build_app(read_model_url()))
