"""The voice agent of before.py, with a result for every call.

What differs from before.py, these words aside, is what adopting the reporting costs.
"""

import asyncio
import json
import os

from fastapi import FastAPI, WebSocket
from websockets.asyncio.client import ClientConnection, connect

from call_reporter import CallReporter

MODEL_URL = os.environ.get("MODEL_URL", "ws://127.0.0.1:8902/v1/realtime")

reporter = CallReporter(os.environ.get("ORCHESTRATOR", "127.0.0.1:8904"), outbox="calls.db")
app = FastAPI(on_startup=[reporter.start], on_shutdown=[reporter.close])


@app.websocket("/media-stream")
async def handle_media_stream(carrier: WebSocket) -> None:  # noqa: C901 - as tutorials have it
    """Let the callee and the model speak with each other until one hangs up."""
    await carrier.accept()
    messages = carrier.iter_text()
    await anext(messages)  # "connected"
    start = json.loads(await anext(messages))["start"]
    async with connect(MODEL_URL) as model, reporter.call(start["callSid"]) as call:

        async def forward_callee() -> None:
            async for text in messages:
                message = json.loads(text)
                if message["event"] == "media":
                    await append_audio(model, message["media"]["payload"])
            await model.close()

        async def forward_model() -> None:
            async for text in model:
                event = json.loads(text)
                if event["type"] == "response.output_audio.delta":
                    await play(carrier, start["streamSid"], event["delta"])
                elif event["type"] == "response.output_audio_transcript.done":
                    call.turn("agent", event["transcript"])
                elif event["type"] == "conversation.item.input_audio_transcription.completed":
                    call.turn("callee", event["transcript"])

        await asyncio.gather(forward_callee(), forward_model())
        call.finish(status="completed")


async def append_audio(model: ClientConnection, payload: str) -> None:
    """Hand what the callee says to the model."""
    await model.send(json.dumps({"type": "input_audio_buffer.append", "audio": payload}))


async def play(carrier: WebSocket, stream_sid: str, payload: str) -> None:
    """Let the callee hear what the model says."""
    media = {"event": "media", "streamSid": stream_sid, "media": {"payload": payload}}
    await carrier.send_text(json.dumps(media))
