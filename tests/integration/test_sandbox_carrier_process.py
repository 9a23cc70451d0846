"""The whole sandbox as a process: it starts, plays a call from both ends, and ends quietly."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from tests.integration.sandbox_carrier_rig import (
    ACCOUNT,
    NUMBER,
    OURS,
    TOKEN,
    TWIML,
    Product,
    running_product,
)

ORDER = {"customer_name": "Ada", "order": "one large margherita", "callback_number": OURS}
SESSION = {
    "type": "session.update",
    "session": {
        "type": "realtime",
        "instructions": f"Order this: {json.dumps(ORDER)}",
        "output_modalities": ["audio"],
        "audio": {
            "input": {
                "format": {"type": "audio/pcmu"},
                "turn_detection": {"type": "server_vad", "interrupt_response": True},
            },
            "output": {"format": {"type": "audio/pcmu"}},
        },
        "tools": [
            {
                "type": "function",
                "name": name,
                "parameters": {
                    "type": "object",
                    "properties": {argument: {"type": "string"} for argument in arguments},
                },
            }
            for name, arguments in (("record_fact", ["name", "value"]), ("end_call", ["reason"]))
        ],
    },
}


def free_base() -> int:
    """Find six ports in a row that are free now."""
    first = 20_000 + os.getpid() % 900 * 10  # test processes look in different places
    for base in range(first, 30_000, 10):
        with contextlib.ExitStack() as stack:
            try:
                for port in range(base, base + 6):
                    stack.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            return base
    raise AssertionError("no free ports")


@asynccontextmanager
async def sandbox_process(
    folder: Path, product: Product
) -> AsyncIterator[tuple[int, asyncio.subprocess.Process]]:
    base = free_base()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sandbox",
        "--port",
        str(base),
        "--data-dir",
        str(folder),
        "--time-factor",
        "2",  # fast, and yet a busy machine keeps up
        "--seed",
        "1",
        "--map",
        f"orchestrator.ringback.test=127.0.0.1:{product.port}",
        "--map",
        f"handler.ringback.test=127.0.0.1:{product.stream_port}",
        env={**os.environ, "TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            await process.stdout.readuntil(b"phone and control")
        yield base, process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


class RelayingHandler:
    """The least Call Handler there can be: bytes across, hang up after end_call."""

    def __init__(self, model_url: str) -> None:
        self.tools: list[tuple[str, dict[str, str]]] = []
        self._url = model_url
        self._stream_sid = ""
        self._goodbye = False

    async def __call__(self, carrier: ServerConnection) -> None:
        headers = {"Authorization": "Bearer x", "X-Client-Request-Id": "c1"}
        async with connect(self._url, additional_headers=headers, compression=None) as model:
            await model.send(json.dumps(SESSION))
            up = asyncio.create_task(self._to_model(carrier, model))
            down = asyncio.create_task(self._to_carrier(model, carrier))
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
            for task in (up, down):
                task.cancel()
            await asyncio.wait({up, down})

    async def _to_model(self, carrier: ServerConnection, model: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in carrier:
                message = json.loads(text)
                self._stream_sid = message.get("streamSid", "")
                if message["event"] == "media":
                    payload = message["media"]["payload"]
                    event = {"type": "input_audio_buffer.append", "audio": payload}
                    await model.send(json.dumps(event))
                if message["event"] == "mark" and self._goodbye:
                    return

    async def _to_carrier(self, model: ClientConnection, carrier: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in model:
                await self._take(json.loads(text), model, carrier)
        await carrier.wait_closed()

    async def _take(
        self, event: dict[str, object], model: ClientConnection, carrier: ServerConnection
    ) -> None:
        match event["type"]:
            case "response.output_audio.delta":
                media = {"event": "media", "media": {"payload": event["delta"]}}
                await carrier.send(json.dumps({**media, "streamSid": self._stream_sid}))
            case "response.function_call_arguments.done":
                name = str(event["name"])
                self.tools.append((name, json.loads(str(event["arguments"]))))
                output = {
                    "type": "function_call_output",
                    "call_id": event["call_id"],
                    "output": "{}",
                }
                await model.send(json.dumps({"type": "conversation.item.create", "item": output}))
                self._goodbye |= name == "end_call"
            case "response.done" if self.tools and self._goodbye:
                mark = {"event": "mark", "mark": {"name": "goodbye"}}
                await carrier.send(json.dumps({**mark, "streamSid": self._stream_sid}))
            case "response.done" if self.tools:
                await model.send('{"type":"response.create"}')
            case _:
                pass


async def place_call(base: int, number: str = NUMBER) -> httpx.Response:
    form = {
        "To": number,
        "From": OURS,
        "Twiml": TWIML,
        "StatusCallback": "https://orchestrator.ringback.test/twilio/status/c1",
    }
    url = f"http://127.0.0.1:{base + 1}/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
    async with httpx.AsyncClient(auth=(ACCOUNT, TOKEN)) as client:
        return await client.post(url, data=form)


@pytest.mark.chaos
async def test_an_order_is_taken_over_both_wires(tmp_path: Path) -> None:
    async with running_product() as product, sandbox_process(tmp_path, product) as (base, _):
        handler = RelayingHandler(f"ws://127.0.0.1:{base + 2}/v1/realtime?model=gpt-realtime-2.1")
        product.handle_stream = handler
        created = await place_call(base)
        await product.wait_for(1, "/twilio/status/c1")
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{base + 5}") as door:
            lines = (await door.get("/control/ledger", params={"call_id": "c1"})).json()["lines"]
    assert created.status_code == 201
    names = [name for name, _ in handler.tools]
    assert names == ["record_fact", "record_fact", "end_call"]
    states = [line for line in lines if line["kind"] == "state"]
    assert (states[-1]["status"], states[-1]["by"]) == ("completed", "twiml")
    said = [line for line in lines if line["kind"] == "said"]
    assert {line["side"] for line in said} == {"agent", "callee"}
    assert all(line["heard_ms"] == line["total_ms"] for line in said)


@pytest.mark.chaos
async def test_it_ends_in_the_midst_of_a_call_without_a_traceback(tmp_path: Path) -> None:
    async with running_product() as product, sandbox_process(tmp_path, product) as (base, process):
        streaming = asyncio.Event()

        async def handle_stream(carrier: ServerConnection) -> None:
            async for _ in carrier:
                streaming.set()

        product.handle_stream = handle_stream
        await place_call(base)
        await streaming.wait()
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            _, errors = await process.communicate()
    assert process.returncode == 0
    assert b"Traceback" not in errors
