"""An open phone page without the browser, and a product that greets whoever answers."""

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection

from sandbox.speech import SILENCE, Heard, recognise, speak
from tests.integration.sandbox_carrier_rig import Rig

GREETING = "Hello, I am an AI assistant."
STATUS = "/twilio/status/c1"


class Page:
    """An open phone page, without the browser. `frames`: the sound that came so far."""

    def __init__(self, opened: ClientConnection) -> None:
        self.frames: list[bytes] = []
        self.socket = opened

    async def expect(self, event: str) -> dict[str, str]:
        """Give the next message, which must be `event`."""
        async with asyncio.timeout(30):
            while isinstance(raw := await self.socket.recv(), bytes):
                self.frames.append(raw)
        message: dict[str, str] = json.loads(raw)
        assert message["event"] == event, message
        return message

    async def expect_line(self, state: str) -> tuple[str, str]:
        """Give who said the next line of the transcript, and its text."""
        line = await self.expect("line")
        assert line["state"] == state, line
        return line["who"], line["text"]

    async def read_to_the_end(self) -> None:
        """Read until the sandbox closes the socket."""
        async with asyncio.timeout(30):
            async for _ in self.socket:
                pass

    async def do(self, action: str, text: str = "") -> None:
        await self.socket.send(json.dumps({"do": action, "text": text}))


@asynccontextmanager
async def open_page(rig: Rig, *, is_slow: bool = False) -> AsyncIterator[Page]:
    """Open a page and read what it is told at first. `is_slow`: it takes only what is expected."""
    raw = socket.socket()
    if is_slow:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    raw.connect(("127.0.0.1", rig.ports.control))
    url = f"ws://127.0.0.1:{rig.ports.control}/phone"
    async with connect(url, sock=raw, max_queue=1 if is_slow else None) as opened:
        page = Page(opened)
        await page.expect("welcome")
        await page.expect("picked")
        yield page


class Agent:
    """A product's stream end that greets and learns what the callee says and presses."""

    def __init__(self) -> None:
        self.heard: set[str] = set()
        self.sounds: list[bytes] = []
        self.digits = ""
        self.call_sid = ""
        """Empty until its stream has started."""

    async def __call__(self, stream: ServerConnection) -> None:
        async for text in stream:
            message = json.loads(text)
            if message["event"] == "start":
                self.call_sid = message["start"]["callSid"]
                payload = base64.b64encode(speak(GREETING, "agent")).decode()
                media = {"event": "media", "media": {"payload": payload}}
                await stream.send(json.dumps({**media, "streamSid": message["streamSid"]}))
            if message["event"] == "dtmf":
                self.digits += message["dtmf"]["digit"]
            if message["event"] == "media":
                self._listen(base64.b64decode(message["media"]["payload"]))

    def _listen(self, frame: bytes) -> None:
        known = recognise(frame)
        if isinstance(known, Heard):
            self.heard.add(known.text)
        elif frame != SILENCE:
            self.sounds.append(frame)
