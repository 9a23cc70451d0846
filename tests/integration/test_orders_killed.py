"""Orders across a kill at each step of the dial: at most one call, and a repeat never dials."""

import asyncio
import signal
from pathlib import Path

import httpx
import pytest

from tests.integration.scripted_carrier import CREATED, Answer, answer, carrier
from tests.integration.test_drain import call_handler, order

pytestmark = pytest.mark.chaos


@pytest.mark.parametrize(
    ("failpoint", "script"),
    [("dial.before_post", []), ("dial.after_post", [answer(201, CREATED)])],
)
async def test_a_handler_killed_in_a_dial_never_dials_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failpoint: str, script: list[Answer]
) -> None:
    async with carrier(*script) as (book, _):
        monkeypatch.setenv("RINGBACK_FAILPOINTS", failpoint)
        async with call_handler(tmp_path, book.url) as doomed:
            with pytest.raises(httpx.TransportError):
                await order(doomed, "c1")
            async with asyncio.timeout(30):
                assert await doomed.process.wait() == -signal.SIGKILL
        monkeypatch.delenv("RINGBACK_FAILPOINTS")
        async with call_handler(tmp_path, book.url) as restarted:
            for _ in range(2):
                repeat = await order(restarted, "c1")
                assert (repeat.status_code, repeat.json()["error"]) == (502, "dial_unknown")
        assert len(book.requests) == len(script)
