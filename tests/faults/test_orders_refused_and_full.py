"""Faults F8 and F9: a definite no of the carrier or of a Call Handler, and who is asked then."""

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
