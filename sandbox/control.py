"""The sandbox's own door for tests and people: scenarios, bindings, books, leak check, phone."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse
from starlette.staticfiles import StaticFiles

from sandbox.binding_request import BadBinding, read_binding
from sandbox.phone import OpenPage
from sandbox.world import World

PAGE_FOLDER = Path(__file__).parent / "phone_page"


class ControlApi:
    """The control API. `model_sessions` counts the open sessions of the realtime model."""

    def __init__(self, world: World, model_sessions: Callable[[], int]) -> None:
        self._world = world
        self._model_sessions = model_sessions
        self.router = APIRouter()
        add = self.router.add_api_route
        add("/control/scenarios", self.list_scenarios, methods=["GET"])
        add("/control/bind", self.bind, methods=["POST"])
        add("/control/ledger", self.read_ledger, methods=["GET"])
        add("/control/sessions", self.count_sessions, methods=["GET"])
        self.router.add_api_websocket_route("/phone", self.connect_phone)

    async def list_scenarios(self) -> Response:
        """List what the sandbox can play, each with its own number."""
        scenarios = [
            {
                "name": scenario.name,
                "summary": scenario.summary,
                "number": scenario.number,
                "expected_status": scenario.expected_status,
                "expected_outcome": scenario.expected_outcome,
            }
            for scenario in self._world.book.scenarios.values()
        ]
        return JSONResponse({"scenarios": scenarios})

    async def bind(self, request: Request) -> Response:
        """Bind a scenario to a number, for all calls or the next `count`.

        `ring`, `carrier` and `model` change the scenario: `{"carrier": {"stream": "reset"}}`.
        """
        world = self._world
        try:
            binding = read_binding(await request.body(), world.book.scenarios)
        except BadBinding as error:
            return JSONResponse({"error": str(error)}, error.status)
        world.book.bind(binding.number, binding.scenario, binding.count)
        world.ledger.write("bind", **binding.facts)
        await world.ledger.settle()
        return JSONResponse({"number": binding.number, "scenario": binding.scenario.name})

    async def read_ledger(self, call_id: str | None = None) -> Response:
        """Read the books, of one call or all."""
        return JSONResponse({"lines": self._world.ledger.of_call(call_id)})

    async def count_sessions(self) -> Response:
        """Count what is open: the leak check."""
        counts = {
            "open_model_sessions": self._model_sessions(),
            "open_media_streams": self._world.open_streams,
            "live_calls": self._world.book.live_calls,
        }
        return JSONResponse(counts)

    async def connect_phone(self, socket: WebSocket) -> None:
        """Serve one open phone page."""
        if not _is_own_page(socket):
            await socket.close()
            return
        await socket.accept()
        page = self._world.phone.open_page()
        outgoing = asyncio.create_task(_send_messages(socket, page), name="phone page")
        try:
            while True:
                _obey(page, await socket.receive_text())
        except WebSocketDisconnect:
            return
        finally:
            self._world.phone.close_page(page)
            outgoing.cancel()
            await asyncio.wait({outgoing})


def phone_files() -> StaticFiles:
    """Give the phone page's files, to be mounted at `/`."""
    return StaticFiles(directory=PAGE_FOLDER, html=True)


def _is_own_page(socket: WebSocket) -> bool:
    """Refuse other sites' pages; a client that is no browser sends no Origin."""
    origin = socket.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == socket.headers.get("host")


async def _send_messages(socket: WebSocket, page: OpenPage) -> None:
    with suppress(WebSocketDisconnect):
        while True:
            await socket.send_json(await page.outgoing.get())


def _obey(page: OpenPage, text: str) -> None:
    try:
        message = json.loads(text)
    except ValueError:
        return
    if isinstance(message, dict) and page.person is not None:
        page.person.do(str(message.get("do", "")), str(message.get("text", "")))
