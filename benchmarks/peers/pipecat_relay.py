"""A relay on pipecat: its Twilio serializer, its FastAPI transport, its realtime service.

An 8 kHz pipeline, as telephony wants it; the model side of it speaks PCM of 24 kHz, which is what
its service asks for. A disconnect cancels the call's task. It logs errors only.
"""

import json
import sys

from fastapi import FastAPI, WebSocket
from loguru import logger
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.workers.runner import WorkerRunner

from benchmarks.peers.serving import read_model_url, serve

_RATE = 8_000


async def conduct(twilio: WebSocket, stream_sid: str, model_url: str) -> None:
    """Run one call's pipeline to its end."""
    serializer = TwilioFrameSerializer(
        stream_sid, params=TwilioFrameSerializer.InputParams(auto_hang_up=False)
    )
    transport = FastAPIWebsocketTransport(
        websocket=twilio,
        params=FastAPIWebsocketParams(
            audio_in_enabled=True,
            audio_out_enabled=True,
            add_wav_header=False,
            serializer=serializer,
        ),
    )
    properties = events.SessionProperties(instructions="You order a pizza.")
    settings = OpenAIRealtimeLLMService.Settings(session_properties=properties)
    model = OpenAIRealtimeLLMService(api_key="none", base_url=model_url, settings=settings)
    worker = PipelineWorker(
        Pipeline([transport.input(), model, transport.output()]),
        params=PipelineParams(audio_in_sample_rate=_RATE, audio_out_sample_rate=_RATE),
    )

    @transport.event_handler("on_client_disconnected")  # type: ignore[untyped-decorator]  # theirs
    async def end(_transport: FastAPIWebsocketTransport, _client: WebSocket) -> None:
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


def build_app(model_url: str) -> FastAPI:
    """Build the app with its one route."""
    app = FastAPI()

    @app.websocket("/media-stream")
    async def relay(twilio: WebSocket) -> None:
        await twilio.accept()
        stream_sid = ""
        while not stream_sid:
            message = json.loads(await twilio.receive_text())
            if message["event"] == "start":
                stream_sid = message["start"]["streamSid"]
        await conduct(twilio, stream_sid, model_url)

    return app


if __name__ == "__main__":
    logger.remove()
    logger.add(sys.stderr, level="ERROR")
    serve(build_app(read_model_url()))
