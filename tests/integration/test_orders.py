"""POST /order: one call per call_id, definite noes, unknowns, and what is refused at the door."""

import asyncio
from pathlib import Path
from urllib.parse import parse_qs
from xml.etree import ElementTree as ET

import pytest

from call_reporter import CallReporter
from foundation.clock import SystemClock
from telephony.stream_token import StreamTokens, load_stream_key
from tests.integration.handler_rig import (
    HANDLER_URL,
    NOBODY,
    ORDER,
    running_handler,
    settings_of,
)
from tests.integration.scripted_carrier import (
    CREATED,
    SID,
    Answer,
    answer,
    carrier,
    close_silently,
    refusal,
)

CALL_ID = str(ORDER["call_id"])
PLACED = {"call_id": CALL_ID, "call_sid": SID, "status": "queued"}


async def test_an_order_dials_with_the_call_id_in_every_address(tmp_path: Path) -> None:
    async with (
        carrier(answer(201, CREATED)) as (book, _),
        running_handler(settings_of(tmp_path, book.url)) as handler,
    ):
        placed = await handler.order()
        assert (placed.status_code, placed.json()) == (201, PLACED)
        assert handler.drain.expected() == {CALL_ID: SID}
    form = {
        name: values for name, values in parse_qs(book.requests[0][2]).items() if name != "Twiml"
    }
    assert form == {
        "To": ["+14155550100"],
        "From": ["+14155550199"],
        "Timeout": ["60"],
        "TimeLimit": ["600"],
        "StatusCallback": [f"{ORDER['status_callback_url']}#rc=5&rp=all"],
        "StatusCallbackMethod": ["POST"],
        "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
    }
    root = ET.fromstring(parse_qs(book.requests[0][2])["Twiml"][0])  # noqa: S314 - our own document
    stream = root[0][0]
    assert stream.attrib["statusCallback"] == ORDER["stream_status_callback_url"]
    prefix = f"wss://handler.ringback.test/media-stream/{CALL_ID}/"
    assert stream.attrib["url"].startswith(prefix)
    tokens = StreamTokens(load_stream_key(tmp_path / "stream.key"), SystemClock())
    assert tokens.verify(CALL_ID, stream.attrib["url"].removeprefix(prefix))
    assert root[1].text == f"{HANDLER_URL}/after-stream/{CALL_ID}"


async def test_an_order_hands_on_where_the_carrier_tells_more(tmp_path: Path) -> None:
    asked = {
        "answering_callback_url": "https://orchestrator.ringback.test/twilio/answered/019ab-c1",
        "recording_callback_url": "https://orchestrator.ringback.test/twilio/recording/019ab-c1",
    }
    async with (
        carrier(answer(201, CREATED)) as (book, _),
        running_handler(settings_of(tmp_path, book.url)) as handler,
    ):
        assert (await handler.order(**asked)).status_code == 201
    form = parse_qs(book.requests[0][2])
    assert form["AsyncAmdStatusCallback"] == [f"{asked['answering_callback_url']}#rc=5&rp=all"]
    assert form["RecordingStatusCallback"] == [f"{asked['recording_callback_url']}#rc=5&rp=all"]


@pytest.mark.parametrize("name", ["answering_callback_url", "recording_callback_url"])
async def test_a_callback_that_is_no_https_address_is_refused(tmp_path: Path, name: str) -> None:
    async with (
        carrier() as (_, _),
        running_handler(settings_of(tmp_path, "http://127.0.0.1:9")) as handler,
    ):
        refused = await handler.order(**{name: "http://169.254.169.254/"})
        assert refused.status_code == 422
        assert name in refused.text


async def test_a_repeat_gets_the_first_answer_and_does_not_dial(tmp_path: Path) -> None:
    async with carrier(answer(201, CREATED)) as (book, _):
        async with running_handler(settings_of(tmp_path, book.url)) as handler:
            assert (await handler.order()).status_code == 201
            repeat = await handler.order(to_number="+14155550101")
            assert (repeat.status_code, repeat.json()) == (200, PLACED)
        async with running_handler(settings_of(tmp_path, book.url)) as restarted:
            repeat = await restarted.order()
            assert (repeat.status_code, repeat.json()) == (200, PLACED)
        assert len(book.requests) == 1


async def test_ten_orders_at_once_are_one_call(tmp_path: Path) -> None:
    async with (
        carrier(answer(201, CREATED)) as (book, _),
        running_handler(settings_of(tmp_path, book.url)) as handler,
    ):
        answers = await asyncio.gather(*(handler.order() for _ in range(10)))
        assert sorted(each.status_code for each in answers) == [200] * 9 + [201]
        assert all(each.json() == PLACED for each in answers)
        assert len(book.requests) == 1


async def test_an_order_that_a_dead_process_began_is_unknown_and_never_dialled(
    tmp_path: Path,
) -> None:
    async with CallReporter(NOBODY, outbox=tmp_path / "handler-outbox.db") as dead:
        await dead.remember_order(CALL_ID, b"{}")
    async with (
        carrier() as (book, _),
        running_handler(settings_of(tmp_path, book.url)) as handler,
    ):
        unknown = await handler.order()
        assert (unknown.status_code, unknown.json()["error"]) == (502, "dial_unknown")
        assert book.requests == []


@pytest.mark.parametrize(
    ("script", "code", "permanent"),
    [(refusal(400, 21211), "21211", True), (refusal(401, 20003), "20003", False)],
)
async def test_a_refusal_stays_a_refusal(
    tmp_path: Path, script: Answer, code: str, permanent: bool
) -> None:
    async with (
        carrier(script) as (book, _),
        running_handler(settings_of(tmp_path, book.url)) as handler,
    ):
        for refused in (await handler.order(), await handler.order()):
            body = refused.json()
            assert refused.status_code == 422
            assert (body["error"], body["code"]) == ("dial_refused", code)
            assert body["permanent"] is permanent
            assert body["message"].endswith(".")
        assert handler.drain.busy == 0
        assert len(book.requests) == 1


async def test_a_busy_carrier_may_be_asked_again(tmp_path: Path) -> None:
    script = (refusal(429, 20429), refusal(400, 10004), answer(201, CREATED))
    async with (
        carrier(*script) as (book, _),
        running_handler(settings_of(tmp_path, book.url)) as handler,
    ):
        for _ in range(2):
            later = await handler.order()
            assert (later.status_code, later.json()["error"]) == (429, "carrier_busy")
            assert int(later.headers["retry-after"]) > 0
        assert (await handler.order()).status_code == 201
        assert (await handler.order()).status_code == 200
        assert len(book.requests) == 3


@pytest.mark.parametrize("script", [refusal(500, 20500), close_silently])
async def test_an_unknown_dial_is_never_tried_again(tmp_path: Path, script: Answer) -> None:
    async with (
        carrier(script) as (book, _),
        running_handler(settings_of(tmp_path, book.url)) as handler,
    ):
        for unknown in (await handler.order(), await handler.order()):
            assert (unknown.status_code, unknown.json()["error"]) == (502, "dial_unknown")
        assert len(book.requests) == 1


async def test_a_full_handler_says_so_with_429(tmp_path: Path) -> None:
    async with (
        carrier(answer(201, CREATED)) as (book, _),
        running_handler(settings_of(tmp_path, book.url, max_calls=1)) as handler,
    ):
        assert (await handler.order()).status_code == 201
        full = await handler.order(call_id="another")
        assert (full.status_code, full.json()["error"]) == (429, "full")
        assert full.headers["retry-after"] == "2"


async def test_a_draining_handler_says_so_with_429(tmp_path: Path) -> None:
    async with (
        carrier() as (book, _),
        running_handler(settings_of(tmp_path, book.url)) as handler,
    ):
        handler.drain.begin()
        draining = await handler.order()
        assert (draining.status_code, draining.json()["error"]) == (429, "draining")
        ready = await handler.client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "draining")
        assert (await handler.client.get("/healthz")).json() == {"status": "ok"}


async def test_without_its_outbox_the_handler_takes_no_orders(tmp_path: Path) -> None:
    async with (
        carrier() as (book, _),
        running_handler(settings_of(tmp_path, book.url)) as handler,
    ):
        await handler.app.state.reporter.close()
        refused = await handler.order()
        assert (refused.status_code, refused.json()["error"]) == (429, "disk")
        assert book.requests == []


async def test_without_an_account_nothing_is_dialled(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "http://127.0.0.1:9", twilio_account_sid="")
    async with running_handler(settings) as handler:
        refused = await handler.order()
        assert (refused.status_code, refused.json()["code"]) == (422, "not_configured")
