"""The phone page's door: its files, and the socket by which an open page and a call meet.

JSON both ways; binary frames are 20 ms of mu-law each: the call's sound to the page, the
microphone's from it.
"""

import asyncio
import json
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from sandbox.abortable_http import hold_little
from sandbox.mulaw import FRAME_BYTES
from sandbox.phone import OpenPage
from sandbox.world import World

PAGE_FOLDER = Path(__file__).parent / "phone_page"
SEND_LIMIT_S = 5.0
MOST_UNSENT_BYTES = 16_384
TOO_SLOW = 1013
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; "
        "object-src 'none'"
    ),
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


class PhoneFiles(StaticFiles):
    """The page's files, with what a browser may load beside them: nothing of other hosts."""

    def __init__(self) -> None:
        super().__init__(directory=PAGE_FOLDER, html=True)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with a file and the headers."""
        response = await super().get_response(path, scope)
        response.headers.update(HEADERS)
        return response


class PhoneDoor:
    """Connects open pages with the phone."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.router = APIRouter()
        self.router.add_api_websocket_route("/phone", self.connect)

    async def connect(self, socket: WebSocket) -> None:
        """Serve one open page until it is closed, or dropped because it does not read."""
        if not _is_own_page(socket):
            await socket.close()
            return
        await socket.accept()
        hold_little(socket, MOST_UNSENT_BYTES)
        page = self._world.phone.open_page()
        works = {"read": self._read(socket, page), "write": _write(socket, page)}
        tasks = [asyncio.create_task(work, name=f"phone {name}") for name, work in works.items()]
        tasks.append(asyncio.create_task(_wait_for_drop(page), name="phone drop"))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._world.phone.close_page(page)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        for task in done:
            task.result()  # a bug in one of them is told
        if page.dropped.is_set():
            await _close_slow(socket)

    async def _read(self, socket: WebSocket, page: OpenPage) -> None:
        """Take what the page sends; what makes no sense is ignored."""
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            frame = message.get("bytes")
            if frame is None:
                self._obey(page, message.get("text") or "")
            elif len(frame) == FRAME_BYTES:
                page.hear_microphone(frame)

    def _obey(self, page: OpenPage, text: str) -> None:
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            return
        if not isinstance(message, dict):
            return
        action, words = message.get("do"), message.get("text", "")
        if not isinstance(action, str) or not isinstance(words, str):
            return
        if action == "pick":
            self._world.phone.pick(self._world.book.scenarios.get(words))
        else:
            page.do(action, words)


def _is_own_page(socket: WebSocket) -> bool:
    """Refuse other sites' pages; a client that is no browser sends no Origin."""
    origin = socket.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == socket.headers.get("host")


async def _write(socket: WebSocket, page: OpenPage) -> None:
    try:
        while True:
            entry = await page.next()
            async with asyncio.timeout(SEND_LIMIT_S):
                if isinstance(entry, bytes):
                    await socket.send_bytes(entry)
                else:
                    await socket.send_json(entry)
    except WebSocketDisconnect:
        return
    except TimeoutError:
        page.dropped.set()


async def _wait_for_drop(page: OpenPage) -> None:
    await page.dropped.wait()


async def _close_slow(socket: WebSocket) -> None:
    """Close the socket of a page that does not read, and so may not read this either."""
    try:
        async with asyncio.timeout(SEND_LIMIT_S):
            await socket.close(TOO_SLOW, "the page does not read")
    except (TimeoutError, WebSocketDisconnect, RuntimeError):
        return  # gone already
