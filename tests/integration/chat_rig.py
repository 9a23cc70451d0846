"""The chat and its page on a real port and a real store, with the calls played by the test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from socket import socket
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from foundation.drain import Drain
from foundation.task_set import TaskSet
from orchestrator.call_results import receive_proto, record_call_result
from orchestrator.calls import CallTimings, Progress, record_progress
from orchestrator.conversation import Chat, Filler, RuleFiller, Surroundings, tell_results
from orchestrator.store import Store
from orchestrator.store.calls import claim_ready_call
from orchestrator.web import WebAccess, mount_web
from ringback.v1 import call_results_pb2 as pb
from tests.rig import NO_TLS

CONTACTS = {"Luigi's": "+14155550100", "Busy Bee Burgers": "+14155550103"}
ORDER = "A large margherita from Luigi's for pick-up, my name is Ada, my number is 415 555 0123"
NONCE = "ab" * 16
HELLO = (pb.ROLE_CALLEE, "Luigi's Pizza, hello?")
DISCLOSURE = (pb.ROLE_AGENT, "Hello, I am an AI assistant calling on behalf of Ada.")
PRICE = (pb.ROLE_CALLEE, "That will be fourteen fifty, ready in twenty minutes.")
TALK = (HELLO, DISCLOSURE, PRICE)
Json = dict[str, Any]


def call_sid(call_id: str) -> str:
    """Make a CallSid that belongs to the call."""
    return "CA" + call_id.replace("-", "")


@dataclass
class ChatRig:
    """The running chat."""

    store: Store
    app: FastAPI
    http: httpx.AsyncClient
    url: str

    async def start(self) -> str:
        """Begin a conversation; return its id."""
        task_id: str = (await self.http.post("/api/tasks", json={})).json()["task_id"]
        return task_id

    async def say(self, task_id: str, text: str) -> Json:
        """Send a message; return the conversation."""
        answer = await self.http.post(f"/api/tasks/{task_id}/messages", json={"text": text})
        assert answer.status_code == 200, answer.text
        task: Json = answer.json()
        return task

    async def show(self, task_id: str) -> Json:
        """Read a conversation."""
        task: Json = (await self.http.get(f"/api/tasks/{task_id}")).json()
        return task

    async def order(self, text: str = ORDER) -> tuple[str, str]:
        """Order and confirm; return the ids of task and call."""
        task_id = await self.start()
        await self.say(task_id, text)
        confirmed = await self.http.post(f"/api/tasks/{task_id}/confirm", json={})
        return task_id, confirmed.json()["call_id"]

    async def talk(self, call_id: str, *lines: tuple[int, str], first: int = 0) -> None:
        """Play the Call Handler: the call is answered and these lines are spoken."""
        await self.store.write(lambda tx: claim_ready_call(tx, call_id, tx.now_us + 60_000_000))
        turns = [pb.TranscriptTurn(role=pb.Role.ValueType(role), text=text) for role, text in lines]
        progress = Progress(
            call_id, call_sid(call_id), pb.CALL_STATUS_IN_PROGRESS, first, turns, NONCE
        )
        await record_progress(self.store, progress, CallTimings())

    async def finish(self, call_id: str, result: pb.CallResult) -> None:
        """Play the Call Handler: report the result."""
        result.call_id = call_id
        result.call_sid = call_sid(call_id)
        if not result.source:
            result.source = pb.SOURCE_HANDLER
        await record_call_result(self.store, receive_proto(result))


def taken(*, with_facts: bool = True) -> pb.CallResult:
    """Build the result of a call in which the shop took the order."""
    result = pb.CallResult(
        status=pb.CALL_STATUS_COMPLETED,
        duration=65,
        end_reason=pb.END_REASON_AGENT_HUNG_UP,
        outcome=pb.OUTCOME_SUCCEEDED,
        transcript_complete=True,
        report_id="handler-1",
    )
    for role, text in TALK:
        result.transcript.add(role=pb.Role.ValueType(role), text=text)
    if with_facts:
        result.facts.add(name="ready_time", value="20 minutes", evidence_turns=[2])
        result.facts.add(name="total_price", value="14.50", evidence_turns=[2])
    return result


def busy() -> pb.CallResult:
    """Build the result of a call that met a busy line."""
    return pb.CallResult(
        status=pb.CALL_STATUS_BUSY,
        end_reason=pb.END_REASON_BUSY,
        outcome=pb.OUTCOME_NOT_REACHED,
        source=pb.SOURCE_PROVIDER,
    )


def build_app(
    store: Store, filler: Filler | None = None, access: WebAccess | None = None
) -> FastAPI:
    """Put the chat together without dialling, RPCs and webhooks."""
    app = FastAPI(max_body_size=65_536)
    app.state.drain = Drain()
    around = Surroundings(CONTACTS, ("US",))
    app.state.chat = Chat(store, filler or RuleFiller(), around, CallTimings())
    app.state.recordings = None
    mount_web(app, access or WebAccess())
    return app


@asynccontextmanager
async def running_chat(
    store: Store,
    filler: Filler | None = None,
    access: WebAccess | None = None,
    *,
    on_port: bool = False,
) -> AsyncIterator[ChatRig]:
    """Run the chat, telling results as the Orchestrator does.

    `on_port`: serve it on a free port, for browsers and streams; else only `rig.http` reaches it.
    """
    app = build_app(store, filler, access)
    tasks = TaskSet()
    teller = tasks.spawn(tell_results(store), name="tell results")
    async with AsyncExitStack() as opened:
        url = await opened.enter_async_context(serving(app)) if on_port else "http://127.0.0.1"
        transport = None if on_port else httpx.ASGITransport(app=app)
        client = httpx.AsyncClient(base_url=url, transport=transport, verify=NO_TLS)
        yield ChatRig(store, app, await opened.enter_async_context(client), url)
    teller.cancel()
    await tasks.close(5.0)


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """Serve an app on a free port; its address."""
    with socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        server = _ReadyServer(uvicorn.Config(app, log_config=None, lifespan="off"))
        running = asyncio.ensure_future(server.serve(sockets=[listener]))
        await server.ready.wait()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            app.state.drain.begin()
            server.should_exit = True
            await running


class _ReadyServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()
