"""The sandbox's realtime model: a WebSocket server that speaks the OpenAI Realtime API (GA)."""

import json
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from sandbox.client_events import MOST_AUDIO_BYTES
from sandbox.light.mode import Light
from sandbox.light.session import LightSession
from sandbox.model_ids import ModelIds
from sandbox.model_session import ModelSession
from sandbox.model_wire import ModelWire
from sandbox.protocol_error import ProtocolError
from sandbox.scenario import Scenario
from sandbox.scenarios import SCENARIOS
from sandbox.sentence_track import SentenceTrack
from sandbox.session_schema import MODELS, default_session
from sandbox.session_setup import ModelBooks, SessionSetup

BAD_KEYS = frozenset({"sk-bad", "sk-revoked"})
"""Keys that are refused as the service refuses a wrong one; every other key is taken."""

_PATH = "/v1/realtime"
_DEFAULT_SCENARIO = "order_taken"
_REFUSED_CLOSE = 3000  # with the reason `invalid_request_error.CODE`; seen, not documented


class ScenarioBook(Protocol):
    """Knows which scenario a call plays."""

    def find_scenario(self, call_id: str) -> Scenario | None:
        """Give the scenario of a call; None for a call that nobody placed here."""

    def find_track(self, call_id: str) -> SentenceTrack | None:
        """Give what was played of the agent in a call; None without a stream of it here."""


class RealtimeModel:
    """A running model server. `async with` or `close` ends it with all its sessions."""

    def __init__(
        self, book: ScenarioBook, time_factor: float, books: ModelBooks, light: Light | None = None
    ) -> None:
        """`time_factor`: script seconds per real second. `light`: None unless in the light mode."""
        self.open_sessions = 0
        self._book = book
        self._time_factor = time_factor
        self._books = books
        self._light = light
        self._sessions_of: Counter[str] = Counter()
        self._refused_of: Counter[str] = Counter()
        self._server: Server | None = None

    @property
    def port(self) -> int:
        """Give the port that is listened on; 0 before `listen`."""
        sockets = list(self._server.sockets) if self._server is not None else []
        return int(sockets[0].getsockname()[1]) if sockets else 0

    async def listen(self, host: str, port: int) -> None:
        """Begin to accept connections. `port` 0: a free one. Raises: OSError when it is taken."""
        self._server = await serve(
            self._converse,
            host,
            port,
            process_request=self._judge_request,
            compression=None,
            max_size=MOST_AUDIO_BYTES * 4 // 3 + 1_024,
            close_timeout=2,
            server_header=None,
        )

    async def close(self) -> None:
        """Close every session and stop listening; returns when both are done."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _converse(self, connection: ServerConnection) -> None:
        request = connection.request
        if request is None:  # the library's type; it never calls us without
            return
        call_id = request.headers.get("X-Client-Request-Id")
        scenario = self._scenario(call_id)
        ids = ModelIds(self._seed(call_id))
        wire = ModelWire(connection, ids, stray=scenario.model.stray_events)
        model = _query(request, "model")
        refusal = _refusal(request.headers, model, scenario)
        if refusal is not None:
            await wire.refuse(refusal, None)
            return
        expires_at = int(time.time() + scenario.model.session_max_s)
        session = default_session(ids.mint("sess"), model, expires_at)
        find_track = partial(self._book.find_track, call_id or "")
        setup = SessionSetup(scenario, call_id, session, self._time_factor, self._books, find_track)
        setup = replace(setup, number=self._sessions_of[call_id or ""])
        self.open_sessions += 1
        try:
            if self._light is not None:
                await LightSession(setup, ids, self._light).run(connection)
                return
            with suppress(ConnectionClosed):  # gone without a close frame: the books say so below
                await ModelSession(setup, wire, ids).run(aiter(connection))
        finally:
            self.open_sessions -= 1
            code, reason = connection.close_code, connection.close_reason
            self._books.write("model_socket_closed", call_id=call_id, code=code, reason=reason)

    def _scenario(self, call_id: str | None) -> Scenario:
        found = self._book.find_scenario(call_id) if call_id else None
        return found or SCENARIOS[_DEFAULT_SCENARIO]

    def _seed(self, call_id: str | None) -> str:
        """Give every session its own ids, and the same ones in every run."""
        key = call_id or ""
        self._sessions_of[key] += 1
        return f"{key}:{self._sessions_of[key]}"

    def _judge_request(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer plain HTTP, and refuse an upgrade before it is one."""
        del connection
        path = urlsplit(request.path).path
        if path == "/healthz":
            return _answer(HTTPStatus.OK, {"status": "ok"})
        if path != _PATH:
            return _refused(HTTPStatus.NOT_FOUND, "not_found", f"Invalid URL (GET {path})")
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not key or key in BAD_KEYS:
            return _refused(
                HTTPStatus.UNAUTHORIZED, "invalid_api_key", "Incorrect API key provided."
            )
        return self._refuse_as_scripted(request.headers.get("X-Client-Request-Id"))

    def _refuse_as_scripted(self, call_id: str | None) -> Response | None:
        faults, key = self._scenario(call_id).model, call_id or ""
        is_over = faults.refuse_times is not None and self._refused_of[key] >= faults.refuse_times
        if faults.refuse_status is None or is_over:
            return None
        self._refused_of[key] += 1
        status = HTTPStatus(faults.refuse_status)
        return _refused(status, "refused_by_scenario", "The scenario wants it so.")


def _refusal(headers: Headers, model: str, scenario: Scenario) -> ProtocolError | None:
    """Say what is wrong with an upgrade that is accepted only to be told so."""
    if "OpenAI-Beta" in headers:
        return ProtocolError(
            "beta_api_shape_disabled",
            "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.",
            close_code=4000,
        )
    if model not in MODELS:
        return ProtocolError(
            "model_not_found",
            f"The model '{model}' does not exist or you do not have access to it.",
            "model",
            close_code=_REFUSED_CLOSE,
        )
    code = scenario.model.refuse_code
    if code is not None:
        return ProtocolError(code, "The scenario wants it so.", close_code=_REFUSED_CLOSE)
    return None


def _query(request: Request, key: str) -> str:
    return parse_qs(urlsplit(request.path).query).get(key, [""])[0]


def _refused(status: HTTPStatus, code: str, message: str) -> Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return _answer(status, {"error": error})


def _answer(status: HTTPStatus, body: Mapping[str, object]) -> Response:
    content = json.dumps(body).encode()
    headers = Headers(
        [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(content))),
            ("Connection", "close"),
        ]
    )
    return Response(status.value, status.phrase, headers, content)
