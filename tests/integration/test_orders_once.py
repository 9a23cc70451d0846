"""Orders that come too late, from a clock that is wrong, or once more after a "later"."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from foundation.clock import SystemClock
from tests.integration.handler_rig import ORDER, Handler, running_handler, settings_of
from tests.integration.scripted_carrier import (
    CREATED,
    SID,
    Answer,
    Carrier,
    answer,
    carrier,
    refusal,
)

CALL_ID = str(ORDER["call_id"])


class WrongClock(SystemClock):
    """A machine's clock that is off."""

    def __init__(self, ahead: timedelta) -> None:
        self.ahead = ahead

    def now(self) -> datetime:
        return super().now() + self.ahead


class HurryingClock(SystemClock):
    """A clock on which four seconds pass between two looks, as while a disk is slow."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        self.seconds += 4.0
        return self.seconds


def moment(seconds: float) -> str:
    """Write the true time in `seconds`."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


@asynccontextmanager
async def handler_off_by(
    minutes: float, folder: Path, *script: Answer
) -> AsyncIterator[tuple[Handler, Carrier]]:
    """Run a handler whose clock is wrong; give it and what its carrier was asked."""
    clock = WrongClock(timedelta(minutes=minutes))
    async with (
        carrier(*script) as (book, _),
        running_handler(settings_of(folder, book.url), clock) as handler,
    ):
        yield handler, book


@pytest.mark.parametrize("minutes", [5, -5])
async def test_f48_a_handler_with_a_wrong_clock_dials_a_valid_order(
    tmp_path: Path, minutes: float
) -> None:
    async with handler_off_by(minutes, tmp_path, answer(201, CREATED)) as (handler, _):
        placed = await handler.order(not_after_s=60.0, not_after=moment(60))
        assert placed.status_code == 201


@pytest.mark.parametrize("minutes", [5, -5])
@pytest.mark.parametrize("seconds_left", [0.0, -60])
async def test_f48_a_handler_with_a_wrong_clock_never_dials_an_expired_order(
    tmp_path: Path, minutes: float, seconds_left: float
) -> None:
    async with handler_off_by(minutes, tmp_path) as (handler, book):
        late = await handler.order(not_after_s=seconds_left, not_after=moment(600))
        assert (late.status_code, late.json()["error"]) == (429, "expired")
        assert book.requests == []


@pytest.mark.parametrize(("seconds", "status"), [(60, 201), (-60, 429)])
async def test_f32_without_the_seconds_of_a_newer_orchestrator_the_moment_counts(
    tmp_path: Path, seconds: float, status: int
) -> None:
    script = [answer(201, CREATED)] if status == 201 else []
    async with handler_off_by(0, tmp_path, *script) as (handler, _):
        assert (await handler.order(not_after=moment(seconds))).status_code == status


async def test_an_order_without_any_end_is_refused(tmp_path: Path) -> None:
    async with handler_off_by(0, tmp_path) as (handler, _):
        endless = await handler.order(not_after=...)
        assert (endless.status_code, endless.json()["fields"][0]["field"]) == (422, "body")
        assert "not_after_s or not_after" in endless.json()["fields"][0]["message"]


async def test_f2_an_order_that_expires_on_a_slow_disk_is_not_dialled(tmp_path: Path) -> None:
    async with (
        carrier() as (book, _),
        running_handler(settings_of(tmp_path, book.url), HurryingClock()) as handler,
    ):
        late = await handler.order(not_after_s=6.0)
        assert (late.status_code, late.json()["error"]) == (429, "expired")
        known = await handler.app.state.reporter.remember_order(CALL_ID, b"")
        assert not known.is_new  # it came through the door, and was stopped before the dial
        assert handler.drain.busy == 0


async def test_f9_a_copy_of_an_order_refused_for_now_is_refused_again(tmp_path: Path) -> None:
    async with (
        carrier(answer(201, CREATED)) as (book, _),
        running_handler(settings_of(tmp_path, book.url, max_calls=1)) as handler,
    ):
        handler.drain.expect("another call", 60)
        full = await handler.order(order_id="try-1")
        handler.drain.forget("another call")
        copy = await handler.order(order_id="try-1")
        assert book.requests == []
        assert (copy.status_code, copy.json()) == (429, full.json())
        assert copy.headers["retry-after"] == full.headers["retry-after"]
        assert (await handler.order(order_id="try-2")).status_code == 201
        assert (await handler.order(order_id="try-1")).status_code == 429
        assert len(book.requests) == 1


async def test_f9_a_copy_of_what_the_carrier_refused_is_refused_after_a_restart_too(
    tmp_path: Path,
) -> None:
    async with carrier(refusal(429, 20429), answer(201, CREATED)) as (book, _):
        settings = settings_of(tmp_path, book.url)
        async with running_handler(settings) as handler:
            busy = await handler.order(order_id="try-1")
        async with running_handler(settings) as handler:
            copy = await handler.order(order_id="try-1")
            assert (copy.status_code, copy.json()) == (429, busy.json())
            assert len(book.requests) == 1
            assert (await handler.order(order_id="try-2")).status_code == 201
            assert (await handler.order(order_id="try-1")).status_code == 200
        assert len(book.requests) == 2


@pytest.mark.parametrize("why", ["full", "draining", "expired", "disk"])
async def test_i4_an_order_that_was_placed_is_never_answered_with_later(
    tmp_path: Path, why: str
) -> None:
    async with (
        carrier(answer(201, CREATED)) as (book, _),
        running_handler(settings_of(tmp_path, book.url, max_calls=1)) as handler,
    ):
        assert (await handler.order(order_id="try-1")).status_code == 201
        if why == "draining":
            handler.drain.forget(CALL_ID)  # else the carrier is asked about it
            handler.drain.begin()
        elif why == "disk":
            await handler.app.state.reporter.close()
        left_s = 0.0 if why == "expired" else 60.0
        for order_id in ("try-1", "try-2"):
            again = await handler.order(order_id=order_id, not_after_s=left_s)
            assert (again.status_code, again.json()["call_sid"]) == (200, SID)
        assert len(book.requests) == 1


async def test_i4_an_order_of_a_former_life_is_never_answered_with_later(tmp_path: Path) -> None:
    async with carrier(answer(201, CREATED)) as (book, _):
        settings = settings_of(tmp_path, book.url, max_calls=1)
        async with running_handler(settings) as handler:
            assert (await handler.order()).status_code == 201
        async with running_handler(settings) as handler:
            handler.drain.expect("another call", 60)
            assert (await handler.order()).status_code == 200
            assert (await handler.order(call_id="new")).status_code == 429
