"""Orders over real HTTP: what each answer, and each way of not answering, means."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from orchestrator.call_handler_client import (
    CallHandlerClient,
    OrderAccepted,
    OrderAnswer,
    OrderNotTaken,
    OrderRefused,
    OrderUnknown,
)

TOKEN = "order-token"  # noqa: S105 - a test's
ORDER = {"call_id": "c1", "to_number": "+14155550100"}
Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Listener:
    """A Call Handler that answers as it is told; keeps what it was sent."""

    url: str = ""
    requests: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def listening(behave: Behaviour) -> AsyncIterator[Listener]:
    """Listen on a free port."""
    listener = Listener()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        listener.requests.append(head + await reader.readexactly(length))
        await behave(writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    listener.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield listener


def _answers(line: str, headers: str = "", **body: object) -> Behaviour:
    text = json.dumps(body).encode()

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {line}\r\n{headers}Content-Length: {len(text)}\r\n\r\n".encode())
        writer.write(text)
        await writer.drain()

    return behave


async def _resets(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def _says_nothing(writer: asyncio.StreamWriter) -> None:
    await writer.drain()


async def _order(*urls: str, timeout_s: float = 5.0) -> OrderAnswer:
    client = CallHandlerClient(urls, TOKEN, timeout_s)
    try:
        return await client.place_order(ORDER)
    finally:
        await client.close()


@pytest.mark.parametrize(
    ("behave", "expected"),
    [
        (
            _answers("201 Created", call_id="c1", call_sid="CA1", status="queued"),
            OrderAccepted("CA1"),
        ),
        (_answers("200 OK", call_id="c1", call_sid="CA1", status="queued"), OrderAccepted("CA1")),
        (
            _answers("422 Unprocessable", error="dial_refused", code="21211", message="No number."),
            OrderRefused("21211", "No number."),
        ),
        (
            _answers(
                "422 Unprocessable", error="dial_refused", code="number_policy", message="911"
            ),
            OrderRefused("", "911"),
        ),
        (
            _answers("429 Too Many Requests", "Retry-After: 7\r\n", error="full", message="Full."),
            OrderNotTaken("Full.", 7.0),
        ),
        (_answers("502 Bad Gateway", error="dial_unknown"), OrderUnknown("HTTP 502")),
        (_answers("503 Unavailable"), OrderUnknown("HTTP 503")),
        (_answers("302 Found", "Location: http://127.0.0.1:1/\r\n"), OrderUnknown("HTTP 302")),
        (_answers("201 Created"), OrderUnknown("the answer names no call_sid")),
    ],
)
async def test_each_answer_has_one_meaning(behave: Behaviour, expected: OrderAnswer) -> None:
    async with listening(behave) as listener:
        assert expected == await _order(listener.url)
        assert len(listener.requests) == 1


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "404 Not Found"])
async def test_a_refusal_at_the_handlers_door_dials_nothing(status: str) -> None:
    async with listening(_answers(status)) as listener:
        answer = await _order(listener.url)
    assert isinstance(answer, OrderNotTaken)
    assert "RINGBACK_" in answer.reason


@pytest.mark.parametrize("behave", [_resets, _says_nothing])
async def test_f3_a_connection_that_ends_after_sending_is_unknown_and_not_tried_again(
    behave: Behaviour,
) -> None:
    async with listening(behave) as first, listening(_answers("201 Created")) as second:
        client = CallHandlerClient((second.url, first.url), TOKEN, 5.0)
        answer = await client.place_order(ORDER)  # the turn begins with the second address
        await client.close()
    assert isinstance(answer, OrderUnknown)
    assert (len(first.requests), len(second.requests)) == (1, 0)


async def test_f3_an_answer_that_does_not_come_in_time_is_unknown() -> None:
    never = asyncio.Event()

    async def waits(_writer: asyncio.StreamWriter) -> None:
        await never.wait()

    async with listening(waits) as listener:
        answer = await _order(listener.url, timeout_s=0.2)
        never.set()
    assert isinstance(answer, OrderUnknown)


async def test_f9_a_refused_connection_goes_on_to_the_next_handler() -> None:
    accepted = _answers("201 Created", call_sid="CA1")
    async with listening(accepted) as gone:
        dead_url = gone.url
    async with listening(accepted) as alive:
        for urls in ((dead_url, alive.url), (alive.url, dead_url)):
            assert await _order(*urls) == OrderAccepted("CA1")


async def test_f9_without_any_handler_the_order_is_not_taken() -> None:
    async with listening(_says_nothing) as gone:
        dead_url = gone.url
    answer = await _order(dead_url)
    assert isinstance(answer, OrderNotTaken)


async def test_an_order_carries_its_token_and_its_json() -> None:
    async with listening(_answers("201 Created", call_sid="CA1")) as listener:
        await _order(listener.url)
    head, _, body = listener.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /order HTTP/1.1")
    assert b"Authorization: Bearer order-token" in head
    assert json.loads(body).items() >= ORDER.items()


def _sent(listener: Listener) -> dict[str, object]:
    body: dict[str, object] = json.loads(listener.requests[-1].split(b"\r\n\r\n", 1)[1])
    return body


async def test_each_try_of_an_order_has_an_id_of_its_own() -> None:
    full = _answers("429 Too Many Requests", error="full")
    async with listening(full) as first, listening(full) as second:
        await _order(first.url, second.url)
        await _order(first.url)
        ids = {_sent(first)["order_id"], _sent(second)["order_id"]}
        earlier = json.loads(first.requests[0].split(b"\r\n\r\n", 1)[1])["order_id"]
    assert len({*ids, earlier}) == 3


async def test_f48_the_seconds_left_count_down_while_handlers_are_tried() -> None:
    may_answer = asyncio.Event()
    full = _answers("429 Too Many Requests", error="full")

    async def is_slow(writer: asyncio.StreamWriter) -> None:
        asyncio.get_running_loop().call_later(0.05, may_answer.set)
        await may_answer.wait()
        await full(writer)

    async with listening(is_slow) as first, listening(full) as second:
        client = CallHandlerClient((second.url, first.url), TOKEN, 20.0)
        await client.place_order(ORDER | {"not_after_s": 9.0})
        await client.close()
        first_s, second_s = (float(str(_sent(one)["not_after_s"])) for one in (first, second))
    assert first_s <= 9.0
    assert second_s <= first_s - 0.04


async def test_f14_an_order_may_be_dialled_no_longer_than_its_answer_is_waited_for() -> None:
    async with listening(_answers("201 Created", call_sid="CA1")) as listener:
        client = CallHandlerClient((listener.url,), TOKEN, 5.0)
        await client.place_order(ORDER | {"not_after_s": 300.0})
        await client.close()
    assert _sent(listener)["not_after_s"] == 5.0


async def test_f48_an_order_without_time_left_is_not_sent() -> None:
    async with listening(_answers("201 Created", call_sid="CA1")) as listener:
        client = CallHandlerClient((listener.url,), TOKEN, 5.0)
        answer = await client.place_order(ORDER | {"not_after_s": -0.5})
        await client.close()
    assert isinstance(answer, OrderNotTaken)
    assert listener.requests == []
