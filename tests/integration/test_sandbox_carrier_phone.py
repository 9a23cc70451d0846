"""The sandbox phone: a person on the page takes the call instead of the scripted callee."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import InvalidStatus

from sandbox.scenario import RingPlan
from sandbox.speech import Heard, recognise, speak
from tests.integration.sandbox_carrier_rig import NUMBER, OURS, Rig, Talker, running_rig

STATUS = "/twilio/status/c1"
GREETING = "Hello, I am an AI assistant."


class Page:
    """An open phone page, without the browser."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def expect(self, event: str) -> dict[str, str]:
        """Give the next message, which must be `event`."""
        async with asyncio.timeout(10):
            message: dict[str, str] = json.loads(await self._socket.recv())
        assert message["event"] == event
        return message

    async def do(self, action: str, text: str = "") -> None:
        await self._socket.send(json.dumps({"do": action, "text": text}))

    async def close(self) -> None:
        await self._socket.close()


@asynccontextmanager
async def open_page(rig: Rig) -> AsyncIterator[Page]:
    url = f"ws://127.0.0.1:{rig.ports.control}/phone"
    async with connect(url) as socket:
        yield Page(socket)


class Agent:
    """A product's stream end that greets and learns what the callee says."""

    def __init__(self) -> None:
        self.heard: set[str] = set()
        self.digits = ""

    async def __call__(self, socket: ServerConnection) -> None:
        async for text in socket:
            message = json.loads(text)
            if message["event"] == "start":
                payload = base64.b64encode(speak(GREETING, "agent")).decode()
                media = {"event": "media", "media": {"payload": payload}}
                await socket.send(json.dumps({**media, "streamSid": message["streamSid"]}))
            if message["event"] == "dtmf":
                self.digits += message["dtmf"]["digit"]
            if message["event"] == "media":
                known = recognise(base64.b64decode(message["media"]["payload"]))
                self.heard |= {known.text} if isinstance(known, Heard) else set()


async def test_a_person_answers_hears_speaks_and_hangs_up(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([])) as rig, open_page(rig) as page:
        rig.product.handle_stream = agent = Agent()
        await rig.create()
        ringing = await page.expect("ringing")
        await page.do("answer")
        await page.expect("answered")
        await page.expect("speaking")
        heard = await page.expect("heard")
        await page.do("say", "Fourteen fifty.")
        await page.expect("said")
        await page.do("key", "5")
        await rig.product.wait_for(3, STATUS)
        await page.do("hang_up")
        await page.expect("ended")
        last = (await rig.product.wait_for(4, STATUS))[-1].fields
    assert (ringing["number"], ringing["caller"]) == (NUMBER, OURS)
    assert (heard["text"], heard["cut"]) == (GREETING, "")
    assert (agent.heard, agent.digits) == ({"Fourteen fifty."}, "5")
    assert last["CallStatus"] == "completed"


async def test_refusing_is_603(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([])) as rig, open_page(rig) as page:
        await rig.create()
        await page.expect("ringing")
        await page.do("refuse")
        await page.expect("ended")
        last = (await rig.product.wait_for(3, STATUS))[-1].fields
    assert (last["CallStatus"], last["SipResponseCode"]) == ("no-answer", "603")


async def test_letting_it_ring_is_no_answer(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([])) as rig, open_page(rig) as page:
        await rig.create(timeout=5)
        await page.expect("ringing")
        await page.expect("ended")
        last = (await rig.product.wait_for(3, STATUS))[-1].fields
    assert (last["CallStatus"], last["SipResponseCode"]) == ("no-answer", "487")


async def test_a_closed_page_hangs_up_and_the_next_call_is_scripted(tmp_path: Path) -> None:
    callee = Talker([], hang_up_at=3)
    async with running_rig(tmp_path, lambda: callee) as rig:
        async with open_page(rig) as page:
            await rig.create()
            await page.expect("ringing")
            await page.do("answer")
            await page.expect("answered")
        await rig.product.wait_for(4, STATUS)
        await rig.create()
        await rig.product.wait_for(8, STATUS)
    assert len(callee.heard) == 4


async def test_a_busy_line_stays_busy_with_the_page_open(tmp_path: Path) -> None:
    ring = RingPlan(0.1, answers=False, final="busy", sip_code=486)
    async with running_rig(tmp_path, lambda: Talker([]), ring=ring) as rig, open_page(rig):
        await rig.create()
        last = (await rig.product.wait_for(3, STATUS))[-1].fields
    assert last["CallStatus"] == "busy"


async def test_a_page_of_another_site_is_refused(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([])) as rig:
        url = f"ws://127.0.0.1:{rig.ports.control}/phone"
        with pytest.raises(InvalidStatus, match="403"):
            await connect(url, origin="https://elsewhere.test")  # type: ignore[arg-type]


async def test_the_page_and_its_parts_are_served(tmp_path: Path) -> None:
    async with (
        running_rig(tmp_path, lambda: Talker([])) as rig,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{rig.ports.control}") as door,
    ):
        pages = [await door.get(path) for path in ("/", "/phone.js", "/phone.css")]
    assert [page.status_code for page in pages] == [200, 200, 200]
    assert "<h1>Sandbox phone</h1>" in pages[0].text
    assert "javascript" in pages[1].headers["content-type"]
