"""Several stores on one PostgreSQL: what one commits the others hear, and none holds them up."""

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, make_url, text

from foundation.clock import SystemClock
from orchestrator.errors import StoreUnavailable
from orchestrator.store import Store, Transaction, schema
from orchestrator.store import postgres as postgres_parts
from orchestrator.store.database import open_database
from tests.postgres import ScriptedDatabase

# Nothing in a test waits for so long, unless what it waits for is not told.
NEVER_S = 30.0


@pytest.fixture
async def store(postgres: ScriptedDatabase) -> AsyncIterator[Store]:
    opened = await Store.open(postgres.url, SystemClock())
    yield opened
    await opened.close()


async def open_half(url: str, *, hears: bool, polls: bool) -> Store:
    """Open a store that learns of others in one way only."""
    database, newest = await asyncio.to_thread(open_database, url, SystemClock())
    poll_s = 0.01 if polls else NEVER_S
    parts = replace(database, poll_s=poll_s, listen=database.listen if hears else None)
    half = Store(parts, SystemClock(), newest)
    half.follow_others()
    return half


def tell(tx: Transaction) -> int:
    return tx.add_event("task", data={})


@pytest.mark.parametrize(("hears", "polls"), [(True, False), (False, True)])
async def test_what_another_commits_is_heard_and_failing_that_polled(
    store: Store, postgres: ScriptedDatabase, *, hears: bool, polls: bool
) -> None:
    other = await open_half(postgres.url, hears=hears, polls=polls)
    waiting = asyncio.ensure_future(other.wait_for_events(0, NEVER_S))
    # A listener needs a moment to be there; what was told before is not told again.
    while not waiting.done():
        await store.write(tell)
    await waiting
    await other.close()


async def test_a_listener_that_is_cut_comes_back(store: Store, postgres: ScriptedDatabase) -> None:
    other = await open_half(postgres.url, hears=True, polls=False)
    for _ in range(2):
        newest = await store.newest_event()
        waiting = asyncio.ensure_future(other.wait_for_events(newest, NEVER_S))
        while not waiting.done():
            await store.write(tell)
        postgres.cut_connections()
    await other.close()


async def test_a_waiting_store_notices_that_a_fail_over_lost_events(
    store: Store, postgres: ScriptedDatabase
) -> None:
    other = await open_half(postgres.url, hears=False, polls=True)
    for _ in range(5):
        newest = await store.write(tell)
    await other.wait_for_events(newest - 1, NEVER_S)
    postgres.clean()
    waiting = asyncio.ensure_future(other.wait_for_events(0, NEVER_S))
    await store.write(tell)
    await asyncio.wait_for(waiting, NEVER_S)
    await other.close()


async def test_the_time_of_a_group_is_that_after_its_wait_for_the_others(
    store: Store, postgres: ScriptedDatabase
) -> None:
    other = await Store.open(postgres.url, SystemClock())
    held, release = threading.Event(), threading.Event()

    def hold(tx: Transaction) -> int:
        held.set()
        release.wait(NEVER_S)
        return tx.now_us

    holding = asyncio.ensure_future(store.write(hold))
    await asyncio.to_thread(held.wait, NEVER_S)
    waiting = asyncio.ensure_future(other.write(lambda tx: tx.now_us))
    await asyncio.to_thread(postgres.wait_for, "pg_stat_activity", "wait_event_type = 'Lock'")
    later = datetime.now(UTC) + timedelta(hours=1)
    postgres.set_clock(later)
    release.set()
    await holding
    assert await waiting == round(later.timestamp() * 1_000_000)
    await other.close()


async def test_a_commit_waits_for_the_disk_even_if_the_server_would_not(store: Store) -> None:
    level = "SELECT current_setting('synchronous_commit')"
    assert await store.write(lambda tx: tx.connection.scalar(text(level))) == "on"


async def test_a_replica_that_freezes_in_a_transaction_lets_the_others_go_on(
    store: Store, postgres: ScriptedDatabase
) -> None:
    frozen = await Store.open(postgres.url, SystemClock())
    held, thaw = threading.Event(), threading.Event()
    limit = "idle_in_transaction_session_timeout"

    def freeze(tx: Transaction) -> None:
        assert (
            tx.connection.scalar(text(f"SHOW {limit}"))
            == f"{postgres_parts.IDLE_TIMEOUT_MS // 1_000}s"
        )
        tx.connection.execute(text(f"SET LOCAL {limit} = 50"))
        held.set()
        thaw.wait(NEVER_S)
        tx.connection.execute(insert(schema.contact), [{"name": "a", "number": "+1"}])

    freezing = asyncio.ensure_future(frozen.write(freeze))
    await asyncio.to_thread(held.wait, NEVER_S)
    assert await store.write(tell) == 1
    thaw.set()
    with pytest.raises(StoreUnavailable):
        await freezing
    assert await frozen.write(tell) == 2
    await frozen.close()


def test_the_words_of_the_url_win_and_add_to_ours() -> None:
    url = make_url("postgresql+psycopg://u@h/d?options=-c%20search_path%3Dx&connect_timeout=1")
    settings = postgres_parts.connect_settings(url)
    assert str(settings["options"]).endswith("-c search_path=x")
    assert "statement_timeout" in str(settings["options"])
    assert "connect_timeout" not in settings
