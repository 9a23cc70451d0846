"""A relay on twilio-agent-connect: its voice channel with its OpenAI realtime provider.

The model's address is fixed in the package, so `websockets.connect` is led to ours; its telemetry,
on unless told otherwise, is off. It sends no marks.
"""

import logging
import os

os.environ["TAC_ANALYTICS_DISABLED"] = "true"  # before it is imported

from collections.abc import Mapping

import websockets
from fastapi import FastAPI, WebSocket
from tac import TAC, TACConfig
from tac.channels.voice import VoiceChannel
from tac.channels.voice.media_streams.openai_realtime import provider
from tac.channels.voice.media_streams.openai_realtime.config import OpenAIRealtimeProviderConfig
from tac.channels.voice.media_streams.openai_realtime.provider import (
    TWILIO_AUDIO_FORMAT_FOR_REALTIME,
)
from tac.server.fastapi_server import FastAPIWebSocketAdapter

from benchmarks.peers.serving import read_model_url, serve

_NONE = "none"
"""Stands for every secret: nobody is asked."""
_SESSION = {
    "type": "realtime",
    "model": "gpt-realtime",
    "instructions": "You order a pizza.",
    "audio": {
        "input": {"format": TWILIO_AUDIO_FORMAT_FOR_REALTIME},
        "output": {"format": TWILIO_AUDIO_FORMAT_FOR_REALTIME},
    },
}


class LedAstray:
    """Stands where the provider has `websockets`, and connects to our model."""

    def __init__(self, model_url: str) -> None:
        self._model_url = model_url

    def __getattr__(self, name: str) -> object:
        """Give everything else as it is."""
        return getattr(websockets, name)

    def connect(self, _url: str, additional_headers: Mapping[str, str]) -> websockets.connect:
        """Connect to our model."""
        return websockets.connect(self._model_url, additional_headers=dict(additional_headers))


def build_app(model_url: str) -> FastAPI:
    """Build the app with its one route."""
    provider.websockets = LedAstray(model_url)
    tac = TAC(
        TACConfig(
            account_sid=f"AC{'0' * 32}",
            auth_token=_NONE,
            api_key=f"SK{'0' * 32}",
            api_secret=_NONE,
            phone_number="+14155550199",
            voice_public_domain="benchmark.ringback.test",
        )
    )
    logging.getLogger("tac").setLevel(
        logging.ERROR
    )  # it wants INFO, and logs to stdout, two lines a call
    config = OpenAIRealtimeProviderConfig(openai_api_key="none", default_session_config=_SESSION)
    channel = VoiceChannel(tac, config=config)
    app = FastAPI()

    @app.websocket("/media-stream")
    async def relay(twilio: WebSocket) -> None:
        await channel.handle_websocket(FastAPIWebSocketAdapter(twilio))

    return app


if __name__ == "__main__":
    serve(build_app(read_model_url()))
