"""The HTTP protocol's limits: slow or endless heads end, media streams and slow answers do not."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import ClassVar

import pytest
import uvloop
from websockets.asyncio.client import connect

from foundation.asgi import Receive, Scope, Send
from foundation.drain import Drain
from foundation.header_timer import UNFINISHED_MAX_BYTES, TimedHeaders
from foundation.server import DrainingServer, listen, server_config

TIMER_S = 0.2
LATER_S = 4 * TIMER_S
PATIENT_S = 60.0
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
READ_MAX_BYTES = 262_144  # what a loop reads at once
UPGRADE = REQUEST.replace(
    b"\r\n\r\n",
    b"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
)
SEEN_HEADERS: list[bytes] = []
SEEN: list[tuple[str, bytes]] = []
"""The path and the body of each request."""


class QuickTimer(TimedHeaders):
    """The same protocol, less patient."""

    header_time_s = TIMER_S
    left: ClassVar[asyncio.Event]
    """Set when the app knows that the client of /endless is gone."""


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def in_loop(request: pytest.FixtureRequest) -> Callable[[], asyncio.Runner]:
    return lambda: asyncio.Runner(loop_factory=request.param)


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Echo on a WebSocket; answer a request, slowly under /slow, for ever under /endless."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
    else:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        SEEN.append((scope["path"], body))
        SEEN_HEADERS[:] = [name for name, _ in scope["headers"]]
        if scope["path"] == "/endless":
            await stream_until_gone(receive, send)
            return
        await asyncio.sleep(LATER_S if scope["path"] == "/slow" else 0)  # past a second look, too
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})


async def stream_until_gone(receive: Receive, send: Send) -> None:
    """Answer with pieces until the client is gone, which it says."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    leaving = asyncio.ensure_future(receive())
    while not leaving.done():
        await send({"type": "http.response.body", "body": b"piece", "more_body": True})
        await asyncio.wait({leaving}, timeout=0.01)
    QuickTimer.left.set()


@asynccontextmanager
async def server() -> AsyncIterator[int]:
    QuickTimer.left = asyncio.Event()
    SEEN.clear()
    config = server_config(app)
    config.http = QuickTimer
    config.lifespan = "on"
    draining = DrainingServer(config, Drain(), drain_s=0)
    listener = listen("127.0.0.1", 0)
    listener.listen()
    serving = asyncio.create_task(draining.serve(sockets=[listener]))
    try:
        yield int(listener.getsockname()[1])
    finally:
        draining.should_exit = True
        await serving


async def is_closed_soon(reader: asyncio.StreamReader) -> bool:
    async with asyncio.timeout(PATIENT_S):
        return await reader.read() == b""


def test_slow_headers_are_closed(in_loop: Callable[[], asyncio.Runner]) -> None:
    async def act() -> None:
        async with server() as port:
            opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
            for number, (_, writer) in enumerate(opened):
                writer.write(REQUEST[: number + 1])
            results = await asyncio.gather(*(is_closed_soon(reader) for reader, _ in opened))
            assert all(results)
            for _, writer in opened:
                writer.close()

    with in_loop() as runner:
        runner.run(act())


def test_a_silent_connection_is_closed(in_loop: Callable[[], asyncio.Runner]) -> None:
    async def act() -> None:
        async with server() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert await is_closed_soon(reader)
            writer.close()

    with in_loop() as runner:
        runner.run(act())


def test_the_second_request_of_a_connection_is_timed_too(
    in_loop: Callable[[], asyncio.Runner],
) -> None:
    async def act() -> None:
        async with server() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(REQUEST)
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
            writer.write(REQUEST[:10])
            assert await is_closed_soon(reader)
            writer.close()

    with in_loop() as runner:
        runner.run(act())


def test_a_websocket_outlives_the_timer(in_loop: Callable[[], asyncio.Runner]) -> None:
    async def act() -> None:
        async with server() as port, connect(f"ws://127.0.0.1:{port}/", proxy=None) as socket:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert await is_closed_soon(reader)  # whose time began later
            writer.close()
            await socket.send("still here")
            assert await socket.recv() == "still here"

    with in_loop() as runner:
        runner.run(act())


def test_an_answer_may_take_longer_than_the_timer(in_loop: Callable[[], asyncio.Runner]) -> None:
    async def act() -> None:
        async with server() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(REQUEST.replace(b"/ ", b"/slow "))
            async with asyncio.timeout(PATIENT_S):
                assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
            writer.close()

    with in_loop() as runner:
        runner.run(act())


UNFINISHED = {
    "a head": b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Wide: ",
    "a path": b"GET /",
    "a chunk's line": CHUNKED + b"3;wide=",
    "trailers": CHUNKED + b"0\r\nX-Wide: ",
}
REFUSED = {
    "no Host": REQUEST.replace(b"Host: localhost\r\n", b""),
    "two Hosts": REQUEST.replace(b"\r\n\r\n", b"\r\nHost: elsewhere\r\n\r\n"),
    "two lengths": CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n") + b"0\r\n\r\n",
    "a space before the colon": REQUEST.replace(b"Host:", b"Host :"),
    "many at once": REQUEST.replace(b"/ ", b"/slow ") * 20,
    "a tunnel": b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n",
    "an upgrade before the last answer": REQUEST.replace(b"/ ", b"/slow ") + UPGRADE,
    "an unknown coding": CHUNKED.replace(b": chunked", b": xchunked"),
    "chunks that are coded again": CHUNKED.replace(b": chunked", b": chunked, gzip"),
    "a length with a sign": CHUNKED.replace(b"Transfer-Encoding: chunked", b"Content-Length: +3"),
    "a bare line feed": REQUEST.replace(b"\r\n", b"\n"),
}


async def ask(port: int, *pieces: bytes) -> bytes:
    """Send a request on a connection of its own; give the beginning of its answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    with suppress(ConnectionError):  # what it did not read makes a reset of the server's close
        async with asyncio.timeout(PATIENT_S):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            answer = await reader.read(12)
    writer.close()
    return answer


@pytest.mark.parametrize("begun", UNFINISHED.values(), ids=UNFINISHED)
async def test_what_does_not_end_is_refused_by_its_size(begun: bytes) -> None:
    async with server() as port:
        answer = await ask(port, begun, b"a" * (READ_MAX_BYTES + UNFINISHED_MAX_BYTES))
    assert answer in {b"HTTP/1.1 400", b""}


@pytest.mark.parametrize("request_bytes", REFUSED.values(), ids=REFUSED)
async def test_a_request_that_two_readers_may_read_differently_is_refused(
    request_bytes: bytes,
) -> None:
    async with server() as port:
        assert await ask(port, request_bytes) == b"HTTP/1.1 400"


async def test_a_long_body_is_no_unfinished_head() -> None:
    async with server() as port:
        head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n"
        assert await ask(port, head, b"a" * 200_000) == b"HTTP/1.1 200"


async def test_a_trailer_is_no_header() -> None:
    async with server() as port:
        trailer = b"0\r\nX-Late: yes\r\n\r\n"
        assert await ask(port, CHUNKED, trailer) == b"HTTP/1.1 200"
    assert SEEN_HEADERS == [b"host", b"transfer-encoding"]


def test_an_upgrade_leaves_nothing_of_http_to_the_garbage_collector(
    in_loop: Callable[[], asyncio.Runner],
) -> None:
    async def act() -> None:
        async with server() as port, connect(f"ws://127.0.0.1:{port}/", proxy=None) as socket:
            await socket.send("upgraded")
            assert await socket.recv() == "upgraded"
            assert [one for one in gc.get_objects() if type(one) is QuickTimer] == []

    gc.collect()
    gc.disable()
    try:
        with in_loop() as runner:
            runner.run(act())
    finally:
        gc.enable()


@pytest.mark.parametrize("is_awaited", [False, True], ids=["in one piece", "behind its head"])
async def test_a_body_behind_an_offer_that_is_not_taken_is_that_requests_body(
    *, is_awaited: bool
) -> None:
    body = REQUEST.replace(b"/ ", b"/as-if-asked ")
    wait = b"Expect: 100-continue\r\n" if is_awaited else b""
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n%b" % wait
    head += b"Content-Length: %d\r\n\r\n" % len(body)
    async with server() as port, asyncio.timeout(PATIENT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        if is_awaited:
            writer.write(head)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
            head = b""
        writer.write(head + body + REQUEST.replace(b"/ ", b"/next "))
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        writer.close()
    assert [("/", body), ("/next", b"")] == SEEN


async def test_a_stream_with_a_request_behind_it_learns_that_its_client_is_gone() -> None:
    async with server() as port, asyncio.timeout(PATIENT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST.replace(b"/ ", b"/endless ") + REQUEST)
        await reader.readuntil(b"piece")
        writer.transport.abort()
        await QuickTimer.left.wait()
