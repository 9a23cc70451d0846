"""Connecting to the model: what is fatal, what is worth another try, and what is kept for it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from call_handler.realtime import (
    EventWriter,
    ModelFault,
    ModelSettings,
    RealtimeModel,
    SessionPlan,
)

PLAN = SessionPlan("Order a pizza.", [])
Script = Callable[[ServerConnection], Awaitable[None]]


async def created(socket: ServerConnection) -> dict[str, object]:
    """Begin a session; give the session that is asked for."""
    await socket.send(json.dumps({"type": "session.created", "session": {}}))
    session: dict[str, object] = json.loads(await socket.recv())["session"]
    return session


async def granted(socket: ServerConnection) -> None:
    session = await created(socket)
    await socket.send(json.dumps({"type": "a.new.event"}))
    await socket.send(json.dumps({"type": "session.updated", "session": session}))


async def granted_otherwise(socket: ServerConnection) -> None:
    session = await created(socket)
    session["audio"] = {"input": {"format": {"type": "audio/pcm", "rate": 24000}}}
    await socket.send(json.dumps({"type": "session.updated", "session": session}))
    await socket.wait_closed()


async def refused(socket: ServerConnection) -> None:
    await created(socket)
    error = {"type": "invalid_request_error", "code": "unknown_parameter", "message": "No."}
    await socket.send(json.dumps({"type": "error", "error": error}))
    await socket.wait_closed()


async def refused_at_once(socket: ServerConnection) -> None:
    error = {"code": "model_not_found", "message": "No such model."}
    await socket.send(json.dumps({"type": "error", "error": error}))
    await socket.close(1000)


async def rate_limited(socket: ServerConnection) -> None:
    error = {"type": "rate_limit_error", "code": "rate_limit_exceeded", "message": "Slow down."}
    await socket.send(json.dumps({"type": "error", "error": error}))
    await socket.close(1000)


async def without_funds(socket: ServerConnection) -> None:
    await created(socket)
    await socket.send(json.dumps({"type": "error", "error": {"code": "insufficient_quota"}}))
    await socket.wait_closed()


async def silent(socket: ServerConnection) -> None:
    await created(socket)
    await socket.wait_closed()


async def closed_at_once(socket: ServerConnection) -> None:
    await socket.close(1011)


@asynccontextmanager
async def model(
    script: Script, status: HTTPStatus | None = None
) -> AsyncIterator[tuple[ModelSettings, list[Request]]]:
    """Serve a scripted model; give the settings that reach it, and the upgrades it saw."""
    upgrades: list[Request] = []

    def refuse(socket: ServerConnection, request: Request) -> Response | None:
        upgrades.append(request)
        return None if status is None else socket.respond(status, "no")

    async with serve(script, "127.0.0.1", 0, process_request=refuse) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        url = f"http://127.0.0.1:{port}/v1"
        yield ModelSettings(url, "the-key", "m 1", session_timeout_s=0.2), upgrades


async def connect(settings: ModelSettings) -> RealtimeModel:
    return await RealtimeModel.connect(settings, "call-1", PLAN, EventWriter())


async def test_it_connects_the_way_the_sdk_does() -> None:
    async with model(granted) as (settings, upgrades):
        await (await connect(settings)).close()
    (upgrade,) = upgrades
    assert upgrade.path == "/v1/realtime?model=m+1"
    assert upgrade.headers["Authorization"] == "Bearer the-key"
    assert upgrade.headers["X-Client-Request-Id"] == "call-1"
    assert "OpenAI-Beta" not in upgrade.headers
    assert "Sec-WebSocket-Extensions" not in upgrade.headers


@pytest.mark.parametrize(
    ("script", "code", "retryable", "may_reconnect"),
    [
        (granted_otherwise, "session_differs", False, False),
        (refused, "unknown_parameter", False, False),
        (refused_at_once, "model_not_found", False, False),
        (rate_limited, "rate_limit_exceeded", True, False),
        (without_funds, "insufficient_quota", False, False),
        (silent, "session_not_updated", True, True),
        (closed_at_once, "close_1011", True, True),
    ],
)
async def test_a_session_that_is_not_granted_is_a_fault(
    script: Script, code: str, retryable: bool, may_reconnect: bool
) -> None:
    async with model(script) as (settings, _):
        with pytest.raises(ModelFault) as caught:
            await connect(settings)
    fault = caught.value
    assert (fault.code, fault.retryable, fault.may_reconnect) == (code, retryable, may_reconnect)


@pytest.mark.parametrize(
    ("status", "code", "may_reconnect"),
    [
        (HTTPStatus.UNAUTHORIZED, "invalid_api_key", False),
        (HTTPStatus.FORBIDDEN, "invalid_api_key", False),
        (HTTPStatus.NOT_FOUND, "model_not_found", False),
        (HTTPStatus.TOO_MANY_REQUESTS, "http_429", False),
        (HTTPStatus.INTERNAL_SERVER_ERROR, "http_500", True),
        (HTTPStatus.SERVICE_UNAVAILABLE, "http_503", True),
    ],
)
async def test_a_refused_upgrade_is_a_fault(
    status: HTTPStatus, code: str, may_reconnect: bool
) -> None:
    async with model(granted, status) as (settings, _):
        with pytest.raises(ModelFault) as caught:
            await connect(settings)
    assert (caught.value.code, caught.value.may_reconnect) == (code, may_reconnect)


async def test_nobody_there_is_a_fault() -> None:
    with pytest.raises(ModelFault, match="could not be reached"):
        await connect(ModelSettings("http://127.0.0.1:9/v1"))


@pytest.mark.parametrize(
    ("close", "code"), [(1000, "close_1000"), (1001, "session_expired"), (4000, "close_4000")]
)
async def test_the_end_of_a_session_is_never_a_clean_end(close: int, code: str) -> None:
    async def ends(socket: ServerConnection) -> None:
        await granted(socket)
        await socket.close(close)

    async with model(ends) as (settings, _):
        session = await connect(settings)
        with pytest.raises(ModelFault) as caught:
            await session.receive()
        await session.close()
    assert caught.value.code == code


async def test_the_error_before_the_close_says_more_than_the_close() -> None:
    async def ends(socket: ServerConnection) -> None:
        await granted(socket)
        await socket.close(1011)

    async with model(ends) as (settings, _):
        session = await connect(settings)
        session.note_error("insufficient_quota")
        with pytest.raises(ModelFault, match="1011") as caught:
            await session.receive()
    assert (caught.value.code, caught.value.retryable) == ("insufficient_quota", False)
    assert not caught.value.may_reconnect


async def test_an_error_that_was_harmless_does_not_explain_a_close() -> None:
    async def ends(socket: ServerConnection) -> None:
        await granted(socket)
        await socket.close(1011)

    async with model(ends) as (settings, _):
        session = await connect(settings)
        session.note_error("response_cancel_not_active")
        with pytest.raises(ModelFault) as caught:
            await session.receive()
    assert caught.value.code == "close_1011"


async def test_binary_messages_are_passed_over() -> None:
    async def sends_binary(socket: ServerConnection) -> None:
        await granted(socket)
        await socket.send(b"\x00")
        await socket.send("text")
        await socket.wait_closed()

    async with model(sends_binary) as (settings, _):
        session = await connect(settings)
        assert await session.receive() == "text"
        await session.close()


async def test_we_close_with_1000() -> None:
    closed: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    async def watches(socket: ServerConnection) -> None:
        await granted(socket)
        await socket.wait_closed()
        closed.set_result(socket.close_code)

    async with model(watches) as (settings, _):
        await (await connect(settings)).close()
        assert await closed == 1000


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("https://api.openai.com/v1", "wss://api.openai.com/v1/realtime?model=m"),
        ("http://127.0.0.1:8902/v1/", "ws://127.0.0.1:8902/v1/realtime?model=m"),
    ],
)
def test_the_address_is_made_from_the_base_url(base_url: str, url: str) -> None:
    assert ModelSettings(base_url, model="m").url == url
