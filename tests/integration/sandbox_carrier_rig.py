"""What the carrier's tests stand on: a small product (webhooks, media stream) and a carrier."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl

from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from sandbox.address_map import Address, AddressMap
from sandbox.callees import Callee, Step
from sandbox.calls import CallBook, Names
from sandbox.carrier import CarrierPorts, run_carrier
from sandbox.carrier_faults import CarrierFaults
from sandbox.ledger import Ledger
from sandbox.scenario import RingPlan, Scenario
from sandbox.script_time import ScriptClock
from sandbox.speech import SILENCE
from sandbox.world import CarrierSettings, World

ACCOUNT, TOKEN = "AC" + "0" * 32, "12345"
NUMBER, OURS = "+14155550100", "+14155550199"
ORCHESTRATOR = "https://orchestrator.ringback.test"
STREAM_URL = "wss://handler.ringback.test/media-stream/c1/t1"
TWIML = (
    f'<Response><Connect><Stream url="{STREAM_URL}"><Parameter name="call_id" value="c1"/>'
    "</Stream></Connect>"
    '<Redirect method="POST">https://orchestrator.ringback.test/after-stream/c1</Redirect>'
    "</Response>"
)
HANGUP = "<Response><Hangup/></Response>"

StreamHandler = Callable[[ServerConnection], Awaitable[None]]


@dataclass(frozen=True)
class Webhook:
    """One request that the product got."""

    path: str
    headers: Mapping[str, str]
    fields: Mapping[str, str]


@dataclass
class Product:
    """Stands for both services: records webhooks, answers by path, lets a test run the stream."""

    port: int = 0
    stream_port: int = 0
    webhooks: list[Webhook] = field(default_factory=list)
    statuses: dict[str, list[int]] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=lambda: {"/after-stream/c1": HANGUP})
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    handle_stream: StreamHandler | None = None

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(
            line.lower().split(": ", 1)[:1] + line.split(": ", 1)[1:] for line in head[1:-2]
        )
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        path = head[0].split(" ")[1]
        async with self.changed:
            fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
            self.webhooks.append(Webhook(path, headers, fields))
            self.changed.notify_all()
        planned = self.statuses.get(path)
        status = planned.pop(0) if planned else 200
        text = self.documents.get(path, "").encode()
        head_text = f"HTTP/1.1 {status} X\r\nContent-Type: text/xml\r\nContent-Length: {len(text)}"
        writer.write(head_text.encode() + b"\r\n\r\n" + text)
        await writer.drain()
        writer.close()

    async def stream(self, socket: ServerConnection) -> None:
        if self.handle_stream is None:
            with suppress(ConnectionClosed):
                async for _ in socket:
                    pass
        else:
            await self.handle_stream(socket)

    async def wait_for(self, count: int, path: str = "") -> list[Webhook]:
        """Wait until `count` webhooks whose path contains `path` have come."""

        def found() -> list[Webhook]:
            return [hook for hook in self.webhooks if path in hook.path]

        async with asyncio.timeout(30), self.changed:
            await self.changed.wait_for(lambda: len(found()) >= count)
        return found()


@dataclass
class Rig:
    """A running carrier with a product at the other end."""

    world: World
    product: Product
    ports: CarrierPorts

    def client(self) -> Client:
        client = Client(ACCOUNT, TOKEN, http_client=TwilioHttpClient(timeout=10))
        client.api.base_url = f"http://127.0.0.1:{self.ports.carrier}"
        return client

    async def create(self, **more: object) -> str:
        """Create a call with twilio-python, as the Call Handler does; gives its SID."""
        arguments: dict[str, object] = {
            "to": NUMBER,
            "from_": OURS,
            "twiml": TWIML,
            "timeout": 60,
            "time_limit": 600,
            "status_callback": f"{ORCHESTRATOR}/twilio/status/c1#rc=5&rp=all",
            "status_callback_method": "POST",
            "status_callback_event": ["initiated", "ringing", "answered", "completed"],
            **more,
        }
        call = await asyncio.to_thread(lambda: self.client().calls.create(**arguments))
        return str(call.sid)

    async def wait_for_lines(self, kind: str, count: int) -> list[Mapping[str, object]]:
        """Wait until the books hold so many lines: one is written after the product's answer."""
        async with asyncio.timeout(30):
            while len(self.lines(kind)) < count:
                await self.world.ledger.settle()
        return self.lines(kind)

    def lines(self, kind: str) -> list[Mapping[str, object]]:
        """Give the ledger's lines of one kind, from the file."""
        text = self.world.ledger.path.read_text().splitlines()
        return [line for line in map(json.loads, text) if line["kind"] == kind]


SETTINGS = CarrierSettings(ACCOUNT, TOKEN, calls_per_s=100)


@dataclass(frozen=True)
class How:
    """How a test wants its carrier to run."""

    factor: float = 20
    settings: CarrierSettings = SETTINGS
    dead: tuple[Address, ...] = ()
    """Replicas of both services at which nobody listens, before the one that lives."""


FAST, REAL_TIME = How(), How(factor=1)


class Talker:
    """A callee that says what it is given, frame by frame, then waits or hangs up."""

    def __init__(
        self, frames: list[bytes], *, hang_up_at: int | None = None, reset_at: int = -1
    ) -> None:
        self.heard: list[bytes] = []
        self._frames = frames
        self._hang_up_at = hang_up_at
        self._reset_at = reset_at

    def step(self, heard: bytes) -> Step:
        self.heard.append(heard)
        at = len(self.heard) - 1
        frame = self._frames[at] if at < len(self._frames) else SILENCE
        return Step(frame, at == self._hang_up_at, at == self._reset_at)


@asynccontextmanager
async def running_product() -> AsyncIterator[Product]:
    product = Product()
    async with AsyncExitStack() as stack:
        server = await asyncio.start_server(product.answer, "127.0.0.1", 0)
        await stack.enter_async_context(server)
        product.port = server.sockets[0].getsockname()[1]
        streams = await stack.enter_async_context(
            serve(product.stream, "127.0.0.1", 0, compression=None)
        )
        product.stream_port = streams.sockets[0].getsockname()[1]
        yield product


@asynccontextmanager
async def running_rig(
    folder: Path,
    callee: Callable[[], Callee],
    *,
    ring: RingPlan | None = None,
    faults: CarrierFaults | None = None,
    how: How = FAST,
) -> AsyncIterator[Rig]:
    scenario = Scenario(
        "order_taken",
        "A test's own scenario.",
        NUMBER,
        ring=ring or RingPlan(answer_after_s=0.2),
        callee=lambda _: callee(),
        carrier=faults or CarrierFaults(),
    )
    async with AsyncExitStack() as stack:
        product = await stack.enter_async_context(running_product())
        ledger = stack.enter_context(Ledger(folder / "ledger.jsonl"))
        addresses = AddressMap(
            {
                "orchestrator.ringback.test": [*how.dead, Address("127.0.0.1", product.port)],
                "handler.ringback.test": [*how.dead, Address("127.0.0.1", product.stream_port)],
            }
        )
        book = CallBook({scenario.name: scenario})
        world = World(how.settings, book, ledger, addresses, (Names(1), ScriptClock(how.factor)))
        ports = await stack.enter_async_context(run_carrier(world, CarrierPorts()))
        yield Rig(world, product, ports)
