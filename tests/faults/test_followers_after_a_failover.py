"""Fault F46: a fail-over lost the newest commits, and their numbers are given out again."""

import asyncio

import pytest

from foundation.clock import Clock, SystemClock
from orchestrator.call_results import receive_proto, record_call_result
from orchestrator.call_results.watch import ResultFeed
from orchestrator.errors import CursorLost
from orchestrator.store import Store
from orchestrator.store.database import Database
from ringback.v1 import call_results_pb2 as pb
from tests.faults.reports_rig import result_number
from tests.integration.chat_rig import ORDER, running_chat
from tests.integration.test_events import follow
from tests.postgres import ScriptedDatabase


class WaitedStore(Store):
    """Says when somebody waits for events."""

    def __init__(self, database: Database, clock: Clock, newest_event: int) -> None:
        super().__init__(database, clock, newest_event)
        self.is_waited_for = asyncio.Event()

    async def wait_for_events(self, after: int, timeout_s: float, about: str = "") -> None:
        self.is_waited_for.set()  # who hears of it runs only when the wait has begun
        await super().wait_for_events(after, timeout_s, about)


async def record(store: Store, number: int) -> None:
    """Record one result."""
    await record_call_result(store, receive_proto(result_number(number)))


async def take(store: Store, cursor: str, count: int) -> list[pb.WatchResultsResponse]:
    """Take answers after a cursor."""
    watch = ResultFeed(store).follow(cursor)
    async with asyncio.timeout(30):
        return [await anext(watch) for _ in range(count)]


async def test_f46_a_watcher_that_waits_is_told_to_start_anew(postgres: ScriptedDatabase) -> None:
    store = await WaitedStore.open(postgres.url, SystemClock())
    assert isinstance(store, WaitedStore)
    await record(store, 1)
    dump = postgres.dump()
    await record(store, 2)
    watch = ResultFeed(store).follow("")
    assert len([await anext(watch) for _ in range(2)]) == 2
    waiting = asyncio.ensure_future(anext(watch))
    async with asyncio.timeout(30):
        await store.is_waited_for.wait()
        postgres.restore(dump)
        with pytest.raises(CursorLost, match="start anew"):
            await waiting
    await store.close()


async def test_f46_a_cursor_whose_number_has_another_event_now_is_refused(
    postgres: ScriptedDatabase,
) -> None:
    store = await Store.open(postgres.url, SystemClock())
    await record(store, 1)
    dump = postgres.dump()
    await record(store, 2)
    kept, lost = [answer.cursor for answer in await take(store, "", 2)]
    postgres.restore(dump)
    for number in (3, 4):
        await record(store, number)
    with pytest.raises(CursorLost, match="start anew"):
        await take(store, lost, 1)
    expected = [result_number(number).call_sid for number in (3, 4)]
    assert expected == [answer.result.call_sid for answer in await take(store, kept, 2)]
    await store.close()


async def test_f46_a_page_that_shows_what_was_lost_is_reset_and_replays(
    postgres: ScriptedDatabase,
) -> None:
    store = await Store.open(postgres.url, SystemClock())
    async with running_chat(store, on_port=True) as chat:
        task_id = await chat.start()
        dump = postgres.dump()
        await chat.say(task_id, ORDER)
        async with follow(chat, task_id) as stream:
            await stream.read(4)
            postgres.restore(dump)
            [reset] = await stream.read(1)
        assert (reset.kind, reset.seq) == ("reset", 0)
        async with follow(chat, task_id, Last_Event_ID=str(reset.seq)) as stream:
            assert [event.kind for event in await stream.read(1)] == ["message"]
    await store.close()
