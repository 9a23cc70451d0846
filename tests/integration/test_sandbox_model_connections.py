"""How connections to the sandbox model begin and end: keys, models, the old shape, leaks."""

import asyncio
import json
from typing import cast
from urllib.request import urlopen

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from sandbox.realtime_model import RealtimeModel
from tests.integration.sandbox_model_relay import Books, Event, Line, opened_line, running_model


def _error(event: Event) -> Event:
    return cast("Event", event["error"])


async def _headers(
    model: RealtimeModel, query: str = "?model=gpt-realtime-2.1", **headers: str
) -> Line:
    url = f"ws://127.0.0.1:{model.port}/v1/realtime{query}"
    return Line(await connect(url, additional_headers=headers))


async def test_the_beta_shapes_are_refused_with_close_4000() -> None:
    async with running_model("order_taken") as model:
        line = await _headers(model, **{"Authorization": "Bearer x", "OpenAI-Beta": "realtime=v1"})
        assert _error(await line.receive())["code"] == "beta_api_shape_disabled"
        async with opened_line(model) as flat:
            await flat.send("session.update", session={"voice": "alloy"})
            assert _error(await flat.until("error"))["code"] == "beta_api_shape_disabled"
            for each in (line, flat):
                with pytest.raises(ConnectionClosed) as closed:
                    await each.receive()
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 4000


async def test_an_unknown_model_is_told_so_and_closed() -> None:
    old = "gpt-4o-realtime-preview"
    async with running_model("order_taken") as model, opened_line(model, old) as line:
        assert _error(await line.receive())["code"] == "model_not_found"
        with pytest.raises(ConnectionClosed):
            await line.receive()


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer sk-bad"}])
async def test_a_bad_key_is_refused_at_the_upgrade(headers: dict[str, str]) -> None:
    async with running_model("order_taken") as model:
        with pytest.raises(InvalidStatus) as refused:
            await _headers(model, **headers)
    assert refused.value.response.status_code == 401


async def test_health_is_answered_on_the_same_port() -> None:
    async with running_model("order_taken") as model:
        url = f"http://127.0.0.1:{model.port}/healthz"
        body = await asyncio.to_thread(lambda: urlopen(url, timeout=30).read())
    assert json.loads(body) == {"status": "ok"}


async def test_the_same_call_gets_the_same_ids_in_every_run() -> None:
    ids = []
    for _ in range(2):
        async with running_model("order_taken") as model, opened_line(model) as line:
            ids.append((await line.receive())["event_id"])
    assert ids[0] == ids[1]


async def test_no_session_stays_open_after_the_client_has_gone() -> None:
    books = Books()
    async with running_model("order_taken", books) as model:
        async with opened_line(model) as line:
            await line.configure()
            assert model.open_sessions == 1
        await line.socket.wait_closed()
    assert model.open_sessions == 0
    assert books.of("model_socket_closed")[0]["code"] == 1000


async def test_a_client_that_vanishes_leaves_no_session_and_no_complaint(
    caplog: pytest.LogCaptureFixture,
) -> None:
    books = Books()
    async with running_model("order_taken", books) as model, opened_line(model) as line:
        await line.configure()
        line.socket.transport.abort()
    assert model.open_sessions == 0
    assert books.of("model_socket_closed")[0]["code"] == 1006
    assert caplog.records == []


async def test_a_model_that_resets_the_line_leaves_no_complaint(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with running_model("model_lost") as model, opened_line(model) as line:
        await line.configure()
        await line.send("response.create")
        with pytest.raises(ConnectionClosed):
            await line.until("response.done")
    assert caplog.records == []
