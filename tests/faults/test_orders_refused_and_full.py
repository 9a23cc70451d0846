"""Faults F8 and F9: a definite no of the carrier or of a Call Handler, and who is asked then."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from orchestrator.call_handler_client import (
    CallHandlerClient,
    OrderAccepted,
    OrderAnswer,
    OrderNotTaken,
    OrderRefused,
)
from tests.integration.handler_rig import ORDER, TOKEN, Handler, running_handler, settings_of
from tests.integration.scripted_carrier import CREATED, SID, answer, carrier, refusal


async def order_of(*handlers: Handler) -> OrderAnswer:
    """Order the usual call from the first handler in turn that takes it."""
    urls = [f"http://127.0.0.1:{handler.port}" for handler in handlers]
    client = CallHandlerClient((*urls[-1:], *urls[:-1]), TOKEN, timeout_s=10)
    try:
        return await client.place_order(dict(ORDER))
    finally:
        await client.close()


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (400, 21211, "not valid"),
        (400, 21215, "country"),
        (400, 21214, "cannot reach"),
        (400, 21216, "blocks"),
        (401, 20003, "TWILIO_ACCOUNT_SID"),
        (402, 20005, "Balance too low"),
    ],
)
async def test_f8_a_refusal_for_good_is_told_in_words_and_not_tried_again(
    status: int, code: int, words: str, tmp_path: Path
) -> None:
    async with (
        carrier(refusal(status, code, "Balance too low")) as (book, _),
        running_handler(settings_of(tmp_path, book.url)) as handler,
    ):
        first, again = await order_of(handler), await order_of(handler)
        assert first == again
        assert len(book.requests) == 1
    assert isinstance(first, OrderRefused)
    assert (first.code, words in first.reason) == (str(code), True)


@pytest.mark.parametrize(("status", "code"), [(429, 20429), (429, 10004), (400, 10004)])
async def test_f8_a_carrier_with_too_many_calls_is_asked_again_later(
    status: int, code: int, tmp_path: Path
) -> None:
    async with (
        carrier(refusal(status, code), answer(201, CREATED)) as (book, _),
        running_handler(settings_of(tmp_path, book.url)) as handler,
    ):
        first, again = await order_of(handler), await order_of(handler)
    assert isinstance(first, OrderNotTaken)
    assert again == OrderAccepted(SID)


@pytest.mark.parametrize("is_draining", [False, True], ids=["full", "draining"])
async def test_f9_a_handler_that_takes_none_now_passes_the_order_on(
    is_draining: bool, tmp_path: Path
) -> None:
    async with (
        carrier(answer(201, CREATED)) as (book, _),
        running_handler(settings_of(tmp_path / "1", book.url, max_calls=1)) as busy,
        running_handler(settings_of(tmp_path / "2", book.url)) as idle,
    ):
        if is_draining:
            busy.drain.begin()
        else:
            busy.drain.expect("another call", 60)
        alone = await order_of(busy)
        assert await order_of(busy, idle) == OrderAccepted(SID)
        busy.drain.forget("another call")
        assert len(book.requests) == 1
    assert isinstance(alone, OrderNotTaken)


class Relay:
    """A proxy before a Call Handler that may send a request again of its own accord."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.requests: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one request on, and its answer back."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(x for x in head.lower().split(b"\r\n") if x.startswith(b"content-length:"))
        self.requests.append(head + await reader.readexactly(int(length.split(b":")[1])))
        writer.write(await self.send(self.requests[-1]))
        writer.close()

    async def send(self, request: bytes) -> bytes:
        """Send a request to the handler, for the first time or once more; give the answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.handler.port)
        writer.write(request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        answered = await reader.read()
        writer.close()
        return answered


@asynccontextmanager
async def relayed(handler: Handler) -> AsyncIterator[tuple[Relay, CallHandlerClient]]:
    """Put a relay between the Orchestrator's client and a handler."""
    relay = Relay(handler)
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = CallHandlerClient((f"http://127.0.0.1:{port}",), TOKEN, timeout_s=10)
    async with server:
        yield relay, client
        await client.close()


@pytest.mark.parametrize("comes", ["before the next try", "after it"])
async def test_f9_a_proxy_that_repeats_a_refused_order_does_not_have_it_dialled_twice(
    tmp_path: Path, comes: str
) -> None:
    async with (
        carrier(answer(201, CREATED)) as (book, _),
        running_handler(settings_of(tmp_path, book.url, max_calls=1)) as handler,
        relayed(handler) as (relay, client),
    ):
        handler.drain.expect("another call", 60)
        assert isinstance(await client.place_order(dict(ORDER)), OrderNotTaken)
        handler.drain.forget("another call")
        if comes == "before the next try":
            assert b" 429 " in (await relay.send(relay.requests[0])).partition(b"\r\n")[0]
        assert await client.place_order(dict(ORDER)) == OrderAccepted(SID)
        if comes == "after it":
            assert b" 429 " in (await relay.send(relay.requests[0])).partition(b"\r\n")[0]
        assert b" 200 " in (await relay.send(relay.requests[1])).partition(b"\r\n")[0]
        assert len(book.requests) == 1
