"""POST /order with what it must refuse: tokens, fields, contents, numbers, names."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tests.integration.handler_rig import BEARER, ORDER, Handler, running_handler, settings_of
from tests.integration.scripted_carrier import carrier

JSON = {"Content-Type": "application/json"}


@asynccontextmanager
async def refusing_handler(folder: Path) -> AsyncIterator[Handler]:
    """Run a handler whose carrier must never be asked."""
    async with (
        carrier() as (book, _),
        running_handler(settings_of(folder, book.url)) as handler,
    ):
        yield handler
        assert book.requests == []
        assert handler.drain.busy == 0


async def post(handler: Handler, content: bytes, headers: Mapping[str, str]) -> httpx.Response:
    return await handler.client.post("/order", content=content, headers=dict(headers))


TOKENS = [
    ({}, 401),
    ({"Authorization": ""}, 401),
    ({"Authorization": "Bearer"}, 401),
    ({"Authorization": "Bearer wrong"}, 401),
    ({"Authorization": "Basic orchestrators-token"}, 401),
    ({"Authorization": "orchestrators-token"}, 401),
    ({"Authorization": "Bearer orchestrators-toke"}, 401),
    ({"Authorization": "Bearer readers-token"}, 403),
]


async def test_only_the_orchestrators_token_orders(tmp_path: Path) -> None:
    async with refusing_handler(tmp_path) as handler:
        for headers, status in TOKENS:
            refused = await post(handler, json.dumps(dict(ORDER)).encode(), {**JSON, **headers})
            assert refused.status_code == status, headers


BAD_FIELDS: dict[str, list[object]] = {
    "call_id": [..., "", "a/b", "x" * 65, "a\x00b", 7, None],
    "to_number": [..., "", "+" * 100, ["+14155550100"], 14155550100],
    "time_limit_s": [..., 0, 10**23, 1.5, "600", True, -1],
    "ring_timeout_s": [..., 0, 601, None],
    "order_id": ["a b", "x" * 65, 7, None],
    "not_after_s": ["60", True],
    "not_after": ["tomorrow", "2099-01-01T00:00:00", {}],
    "status_callback_url": [
        ...,
        "http://o.test/x",
        "https://o_x.test/x",
        "https://o.test/a b",
        "https://o.test/" + "x" * 500,
    ],
    "stream_status_callback_url": ["ws://o.test/x"],
    "attempt": [0, "1"],
}


async def test_a_bad_field_is_named_and_its_value_is_not_repeated(tmp_path: Path) -> None:
    async with refusing_handler(tmp_path) as handler:
        for field, value in ((name, bad) for name in BAD_FIELDS for bad in BAD_FIELDS[name]):
            refused = await handler.order(**{field: value})
            body = refused.json()
            row = f"{field}={value!r}"
            assert (refused.status_code, body["error"]) == (422, "invalid_order"), row
            assert [each["field"] for each in body["fields"]] == [field], row
            assert set(body["fields"][0]) == {"field", "message"}, row


NO_OBJECTS = [
    *(b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"[" * 5_000, b"{}{}"),
    *(b'{"call_id":"\\ud800"}', b'{"call_id":1e400}', b'{"time_limit_s":NaN}'),
]


async def test_what_is_no_order_in_json_is_refused(tmp_path: Path) -> None:
    async with refusing_handler(tmp_path) as handler:
        for content in NO_OBJECTS:
            refused = await post(handler, content, {**JSON, **BEARER})
            error = refused.json()["error"]
            assert (refused.status_code, error) == (422, "invalid_order"), content[:20]


async def test_another_kind_of_content_is_refused(tmp_path: Path) -> None:
    async with refusing_handler(tmp_path) as handler:
        refused = await post(handler, b"{}", {**BEARER, "Content-Type": "text/plain"})
        assert (refused.status_code, refused.json()["error"]) == (422, "invalid_order")


async def test_a_huge_body_is_cut_off(tmp_path: Path) -> None:
    async with refusing_handler(tmp_path) as handler:
        refused = await post(handler, b"x" * 100_000, {**JSON, **BEARER})
        assert refused.status_code == 413


NUMBERS = [
    *("911", "+1911", ",,911#", "112", "+19005551234", "+442079460123", "+18095551234"),
    *("1-800-FLOWERS", "+14155550100;ext=911", "\u202e+14155550100", "\uff19\uff11\uff11"),
    *("+15005550001", "luigi's"),
]


async def test_a_number_outside_the_policy_is_refused_in_plain_words(tmp_path: Path) -> None:
    async with refusing_handler(tmp_path) as handler:
        for number in NUMBERS:
            refused = await handler.order(to_number=number)
            body = refused.json()
            assert (refused.status_code, body["error"]) == (422, "dial_refused"), number
            assert body["code"] == "number_policy", number
            assert body["message"].endswith("."), number


async def test_a_call_whose_time_has_passed_is_not_placed(tmp_path: Path) -> None:
    async with refusing_handler(tmp_path) as handler:
        refused = await handler.order(not_after="2020-01-01T00:00:00Z")
        assert (refused.status_code, refused.json()["error"]) == (429, "expired")


async def test_orders_do_not_come_in_by_a_public_or_foreign_name(tmp_path: Path) -> None:
    async with refusing_handler(tmp_path) as handler:
        for host, status in (("handler.ringback.test", 404), ("evil.example.com", 400)):
            refused = await post(handler, b"{}", {**JSON, **BEARER, "Host": host})
            assert refused.status_code == status, host
