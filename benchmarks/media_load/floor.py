"""The floor: the least that a Python relay can do between carrier and model.

A FastAPI route and a `websockets` client on uvloop, no compression, prefix check and slice both
ways, nothing else: no marks, no transcript, no limits, no report. `--model URL` is where it
connects each stream; it prints `listening PORT`.
"""

import argparse
import asyncio
import json

import uvicorn
from fastapi import FastAPI, WebSocket
from starlette.websockets import WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from benchmarks.harness import SYSTEM_CORE, pin

_MEDIA, _DELTA = '{"event":"media"', '{"type":"response.output_audio.delta"'
_PAYLOAD, _SOUND = '"payload":"', '"delta":"'
_SESSION = {
    "type": "realtime",
    "audio": {
        "input": {"format": {"type": "audio/pcmu"}},
        "output": {"format": {"type": "audio/pcmu"}},
    },
}
_UPDATE = json.dumps({"type": "session.update", "session": _SESSION})


def create_relay(model_url: str) -> FastAPI:
    """Build the relay."""
    app = FastAPI()

    @app.websocket("/media-stream")
    @app.websocket("/media-stream/{call_id}/{token}")
    async def relay(stream: WebSocket) -> None:
        await stream.accept()
        call_id = stream.path_params.get("call_id", "")
        headers = {"Authorization": "Bearer none", "X-Client-Request-Id": call_id}
        async with connect(
            model_url,
            additional_headers=headers,
            compression=None,
            proxy=None,
            max_queue=None,
        ) as model:
            await model.send(_UPDATE)
            stream_sid = await _read_start(stream)
            back = asyncio.create_task(_carry_back(stream, model, stream_sid))
            try:
                await _carry_in(stream, model)
            finally:
                back.cancel()
                await asyncio.gather(back, return_exceptions=True)

    return app


async def _read_start(stream: WebSocket) -> str:
    while True:
        message = json.loads(await stream.receive_text())
        if message["event"] == "start":
            return str(message["start"]["streamSid"])


async def _carry_in(stream: WebSocket, model: ClientConnection) -> None:
    try:
        while True:
            text = await stream.receive_text()
            if text.startswith(_MEDIA):
                begin = text.index(_PAYLOAD) + len(_PAYLOAD)
                sound = text[begin : text.index('"', begin)]
                await model.send(f'{{"type":"input_audio_buffer.append","audio":"{sound}"}}')
    except (WebSocketDisconnect, ConnectionClosed):
        return


async def _carry_back(stream: WebSocket, model: ClientConnection, stream_sid: str) -> None:
    head = f'{{"event":"media","streamSid":"{stream_sid}","media":{{"payload":"'
    async for text in model:
        if isinstance(text, str) and text.startswith(_DELTA):
            begin = text.index(_SOUND) + len(_SOUND)
            await stream.send_text(f'{head}{text[begin : text.index(chr(34), begin)]}"}}}}')


def main() -> None:
    """Serve on the system's core until it is ended."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.media_load.floor")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--model", required=True)
    options = parser.parse_args()
    pin(SYSTEM_CORE)
    config = uvicorn.Config(
        create_relay(options.model),
        port=options.port,
        loop="uvloop",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_level="warning",
        access_log=False,
    )
    listener = config.bind_socket()
    listener.listen(512)
    print("listening", listener.getsockname()[1], flush=True)
    uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    main()
