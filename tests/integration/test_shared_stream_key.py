"""Two Call Handlers behind one address: each lets in the streams of the other's dials."""

from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pytest
from twilio.request_validator import RequestValidator
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from telephony.stream_token import load_stream_key
from tests.integration.handler_rig import AUTH_TOKEN, Handler, running_handler, settings_of
from tests.integration.scripted_carrier import CREATED, answer, carrier


async def dial_at_one_and_stream_to_the_other(folder: Path, keys: Sequence[Path | None]) -> bool:
    """Order a call from the first; say whether the second lets its stream in."""
    async with carrier(answer(201, CREATED)) as (book, _):
        settings = [
            settings_of(folder / str(number), book.url, stream_key_file=key)
            for number, key in enumerate(keys)
        ]
        async with running_handler(settings[0]) as first, running_handler(settings[1]) as second:
            assert (await first.order()).status_code == 201
            twiml = parse_qs(book.requests[0][2])["Twiml"][0]
            stream_url = ET.fromstring(twiml)[0][0].attrib["url"]  # noqa: S314 - our own document
            return await is_let_in(second, stream_url)


async def is_let_in(handler: Handler, stream_url: str) -> bool:
    """Open a stream as the carrier does; say whether the upgrade was accepted."""
    signature = RequestValidator(AUTH_TOKEN).compute_signature(stream_url, {})
    try:
        async with connect(
            f"ws://handler.ringback.test{urlsplit(stream_url).path}",
            additional_headers={"X-Twilio-Signature": signature},
            host="127.0.0.1",
            port=handler.port,
            proxy=None,
        ):
            return True
    except InvalidStatus as refusal:
        return refusal.response.status_code != HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("is_shared", [True, False], ids=["one-key", "a-key-each"])
async def test_f12_a_replica_with_the_same_key_lets_the_stream_in(
    tmp_path: Path, is_shared: bool
) -> None:
    key = tmp_path / "shared.key"
    load_stream_key(key)
    keys = [key, key] if is_shared else [key, None]
    assert await dial_at_one_and_stream_to_the_other(tmp_path, keys) is is_shared
