"""The example that adoption's changed lines are counted in: it really reports its calls."""

import asyncio
import importlib
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from foundation.server import listen
from tests.integration.call_reporter_server import ScriptedResults, serving

WITHIN_S = 10.0
SPOKEN = (
    ("response.output_audio_transcript.done", "Hello, one large margherita, please."),
    ("conversation.item.input_audio_transcription.completed", "That is fourteen fifty."),
)


async def speak(session: ServerConnection) -> None:
    """Play a model: both have spoken as soon as something of the callee was heard."""
    await session.recv()
    for kind, transcript in SPOKEN:
        await session.send(json.dumps({"type": kind, "transcript": transcript}))
    await session.send(json.dumps({"type": "response.output_audio.delta", "delta": "//8="}))
    await session.wait_closed()


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[int]:
    with listen("127.0.0.1", 0) as listener:
        listener.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="websockets-sansio"))
        serving_app = asyncio.create_task(server.serve([listener]))
        yield listener.getsockname()[1]
        server.should_exit = True
        await serving_app


async def test_the_example_reports_the_call_that_it_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_sid, results = f"CA{uuid.uuid4().hex}", ScriptedResults()
    monkeypatch.chdir(tmp_path)  # its outbox
    async with (
        asyncio.timeout(WITHIN_S),
        serving(results) as target,
        serve(speak, "127.0.0.1", 0) as model,
    ):
        monkeypatch.setenv(
            "MODEL_URL", f"ws://127.0.0.1:{next(iter(model.sockets)).getsockname()[1]}"
        )
        monkeypatch.setenv("ORCHESTRATOR", target)
        example = importlib.import_module("benchmarks.adoption_example.after")
        async with running(example.app) as port:
            async with connect(f"ws://127.0.0.1:{port}/media-stream") as carrier:
                start = {"callSid": call_sid, "streamSid": "MZ1"}
                for message in (
                    {"event": "connected"},
                    {"event": "start", "start": start},
                    {"event": "media", "media": {"payload": "//8="}},
                ):
                    await carrier.send(json.dumps(message))
                await carrier.recv()  # what the model said, after both transcripts
            await results.wait_for(lambda: bool(results.stored))

    (result,) = results.stored.values()
    assert result.call_sid == call_sid
    assert [turn.text for turn in result.transcript] == [text for _, text in SPOKEN]
