"""A Call Handler's media door with real servers around it: Orchestrator, model, carrier."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from twilio.request_validator import RequestValidator
from websockets.asyncio.client import connect

from call_handler import media_stream
from call_handler.bridge import BridgeLimits
from call_handler.call import CallServices
from call_handler.media_stream import StreamDoor
from call_handler.settings import HandlerSettings
from call_reporter import CallReporter
from foundation.clock import Clock, SystemClock
from foundation.drain import Drain
from foundation.server import server_config
from foundation.task_set import TaskSet
from ringback.v1 import call_results_pb2_grpc as pb_grpc
from telephony.signatures import SignatureKeys
from telephony.stream_token import StreamTokens
from tests.unit.call_handler.call_peers import (
    ACCOUNT,
    CALL_ID,
    SECRET,
    CarrierStream,
    ModelScript,
    ModelSession,
    Orchestrator,
    RecordingCarrier,
    ScriptedModel,
)

UNHURRIED = BridgeLimits(frame_gap_s=60.0)
"""A carrier of these tests sends a few frames and waits: on a slow machine for seconds."""


@dataclass
class CallRig:
    """A handler's media door and everything around it."""

    port: int
    door: StreamDoor
    orchestrator: Orchestrator
    carrier: RecordingCarrier
    model: ScriptedModel

    def path(self) -> str:
        return f"/media-stream/{CALL_ID}/{self.door.tokens.mint(CALL_ID)}"

    @asynccontextmanager
    async def stream(
        self, path: str | None = None, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[CarrierStream]:
        """Open a media stream the way the carrier does."""
        path = path or self.path()
        signature = RequestValidator(SECRET).compute_signature(
            f"wss://handler.ringback.test{path}", {}
        )
        sent = {"X-Twilio-Signature": signature} if headers is None else headers
        url = f"ws://127.0.0.1:{self.port}{path}"
        async with connect(url, additional_headers=sent, compression=None, proxy=None) as socket:
            yield CarrierStream(socket)

    async def settled(self) -> None:
        """Wait until no call is live and none of its tasks is left."""
        async with asyncio.timeout(30):
            await self.door.drain.wait_idle()
            await self.door.services.tasks.wait()


async def talk_nothing(session: ModelSession) -> None:
    """Listen, and say nothing."""
    await session.until_closed()


@asynccontextmanager
async def call_rig(
    data_dir: Path,
    script: ModelScript = talk_nothing,
    limits: BridgeLimits = UNHURRIED,
    clock: Clock | None = None,
) -> AsyncIterator[CallRig]:
    """Start everything on free ports, stop it in reverse order."""
    async with AsyncExitStack() as stack:
        orchestrator = Orchestrator()  # type: ignore[abstract]  # the other RPCs are not called
        target = await stack.enter_async_context(_serve_orchestrator(orchestrator))
        reporter = CallReporter(target, outbox=data_dir / "outbox.db")
        await stack.enter_async_context(reporter)
        model = ScriptedModel(script)
        model_port = await stack.enter_async_context(model.serve())
        settings = HandlerSettings(
            data_dir=data_dir,
            twilio_account_sid=ACCOUNT,
            twilio_auth_token=SecretStr(SECRET),
            openai_base_url=f"http://127.0.0.1:{model_port}/v1",
            silence_s=600,  # most of these callees say little
        )
        clock = clock or SystemClock()
        tasks, drain, carrier = TaskSet(), Drain(), RecordingCarrier()
        stack.callback(carrier.close)
        services = CallServices(
            reporter,
            carrier,
            settings,
            clock,
            tasks,
            drain.stopping,
            limits,
        )
        tokens = StreamTokens(b"k" * 32, clock)
        door = StreamDoor(services, tokens, SignatureKeys((SECRET,)), drain)
        port = await stack.enter_async_context(_serve_door(door))
        rig = CallRig(port, door, orchestrator, carrier, model)
        yield rig
        await rig.settled()


@asynccontextmanager
async def _serve_orchestrator(orchestrator: Orchestrator) -> AsyncIterator[str]:
    server = grpc.aio.server()
    pb_grpc.add_CallResultsServicer_to_server(orchestrator, server)
    target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        yield target
    finally:
        await server.stop(None)


@asynccontextmanager
async def _serve_door(door: StreamDoor) -> AsyncIterator[int]:
    app = FastAPI()
    app.include_router(media_stream.router)
    app.state.stream_door = door
    server = uvicorn.Server(server_config(app))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.wait({serving}, timeout=0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving
