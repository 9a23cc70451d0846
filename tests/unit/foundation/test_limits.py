"""The middleware in front of both apps: slow bodies, and who may come in by which name."""

import asyncio
import json
from contextlib import nullcontext

import pytest

from foundation.asgi import App, Message, Receive, Scope, Send
from foundation.limits import PublicHostGate, SlowBodyLimit

PUBLIC = "handler.ringback.test"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer 200 once the whole body is there."""
    if scope["type"] == "http":
        while (await receive()).get("more_body"):
            pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


async def answer_of(app: App, scope: Scope, parts: list[Message]) -> list[Message]:
    sent: list[Message] = []
    incoming = iter(parts)

    async def receive() -> Message:
        try:
            return next(incoming)
        except StopIteration:
            await asyncio.Event().wait()
            raise

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


async def test_a_body_in_time_is_passed_on() -> None:
    sent = await answer_of(
        SlowBodyLimit(echo),
        {"type": "http"},
        [
            {"type": "http.request", "body": b"a", "more_body": True},
            {"type": "http.request", "body": b"b", "more_body": False},
        ],
    )
    assert sent[0]["status"] == 200


async def test_a_body_that_never_ends_is_answered_408() -> None:
    limited = SlowBodyLimit(echo, seconds=0.01)
    sent = await answer_of(
        limited, {"type": "http"}, [{"type": "http.request", "body": b"a", "more_body": True}]
    )
    assert [message.get("status") for message in sent] == [408, None]
    assert json.loads(sent[1]["body"])["message"] == "the body took too long"


async def test_an_app_that_fails_after_the_408_says_no_more() -> None:
    async def fails(scope: Scope, receive: Receive, send: Send) -> None:
        await echo(scope, receive, send)
        raise ValueError("client gone")

    sent = await answer_of(SlowBodyLimit(fails, seconds=0.01), {"type": "http"}, [])
    assert [message.get("status") for message in sent] == [408, None]


class ClientGone(Exception):
    """What a framework raises when it misses the rest of a body."""


async def misses_body(_scope: Scope, receive: Receive, _send: Send) -> None:
    while (message := await receive()).get("more_body"):
        pass
    if message["type"] == "http.disconnect":
        raise ClientGone


async def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_fault_of_ours() -> None:
    parts: list[Message] = [
        {"type": "http.request", "body": b"a", "more_body": True},
        {"type": "http.disconnect"},
    ]
    assert await answer_of(SlowBodyLimit(misses_body), {"type": "http"}, parts) == []


async def test_an_app_that_fails_over_a_whole_body_is_not_hushed_when_the_client_leaves() -> None:
    async def fails(_scope: Scope, receive: Receive, _send: Send) -> None:
        await receive()
        await receive()
        raise ValueError("a bug")

    parts: list[Message] = [
        {"type": "http.request", "body": b"a", "more_body": False},
        {"type": "http.disconnect"},
    ]
    with pytest.raises(ValueError, match="a bug"):
        await answer_of(SlowBodyLimit(fails), {"type": "http"}, parts)


@pytest.mark.parametrize("is_answered", [False, True])
async def test_a_client_that_leaves_in_the_middle_of_its_answer_is_no_fault_of_ours(
    *, is_answered: bool
) -> None:
    async def fails(_scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": not is_answered})
        await receive()
        raise ValueError("nobody listens")

    limited = SlowBodyLimit(fails)
    answering = answer_of(limited, {"type": "http"}, [{"type": "http.disconnect"}])
    with pytest.raises(ValueError, match="nobody") if is_answered else nullcontext():
        await answering


async def test_an_app_that_fails_by_itself_is_not_hushed() -> None:
    async def fails(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        await answer_of(SlowBodyLimit(fails), {"type": "http"}, [])


async def test_an_answered_request_may_wait_for_its_client_for_ever() -> None:
    """Server-sent events wait in receive for the disconnect, long after the answer began."""

    async def streams(_scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        async with asyncio.timeout(0.05):
            await receive()

    with pytest.raises(TimeoutError):
        await answer_of(SlowBodyLimit(streams, seconds=0.01), {"type": "http"}, [])


async def status_through_gate(
    host: str, path: str, *, has_tokens: bool = False, more: list[tuple[bytes, bytes]] | None = None
) -> int:
    gate = PublicHostGate(
        echo, public_hosts={PUBLIC}, public_paths=("/after-stream/",), has_tokens=has_tokens
    )
    headers = [(b"host", host.encode()), *(more or [])]
    scope = {"type": "http", "path": path, "headers": headers}
    sent = await answer_of(gate, scope, [{"type": "http.request", "body": b""}])
    return int(sent[0]["status"])


@pytest.mark.parametrize(
    ("host", "path", "status"),
    [
        ("127.0.0.1:8903", "/order", 200),
        ("localhost", "/order", 200),
        ("[::1]:8903", "/order", 200),
        (PUBLIC, "/after-stream/c1", 200),
        (f"{PUBLIC.upper()}:443", "/after-stream/c1", 200),
        (PUBLIC, "/order", 404),
        (PUBLIC, "/healthz", 404),
        (PUBLIC, "/after-stream", 404),
        ("evil.example.com", "/order", 400),
        ("evil.example.com", "/after-stream/c1", 400),
        ("127.0.0.1.evil.example.com", "/order", 400),
        ("[::1].evil.example.com", "/order", 400),
        ("127.0.0.1:80@evil.example.com", "/order", 400),
        ("[::1", "/order", 400),
        ("", "/order", 400),
    ],
)
async def test_each_host_reaches_its_paths_only(host: str, path: str, status: int) -> None:
    assert await status_through_gate(host, path) == status


@pytest.mark.parametrize(
    "header",
    [b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via"],
)
async def test_a_forwarded_request_is_public_whatever_its_host_says(header: bytes) -> None:
    more = [(header, b"198.51.100.7")]
    assert await status_through_gate("127.0.0.1", "/order", more=more) == 404
    assert await status_through_gate("127.0.0.1", "/after-stream/c1", more=more) == 200


async def test_with_tokens_each_door_asks_for_itself() -> None:
    assert await status_through_gate("handler.internal:8903", "/order", has_tokens=True) == 200


async def test_a_socket_from_a_foreign_host_is_closed_before_it_is_accepted() -> None:
    gate = PublicHostGate(
        echo, public_hosts={PUBLIC}, public_paths=("/media-stream/",), has_tokens=False
    )
    scope = {"type": "websocket", "path": "/media-stream/c/t", "headers": [(b"host", b"evil.test")]}
    sent = await answer_of(gate, scope, [{"type": "websocket.connect"}])
    assert sent == [{"type": "websocket.close", "code": 1008}]
