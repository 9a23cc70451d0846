"""Retention: what is over and old goes, all else stays, and who missed it is told so."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Table

from orchestrator.call_results import record_call_result, record_call_results
from orchestrator.call_results.desk import count_orphans
from orchestrator.call_results.queries import get_result, list_results
from orchestrator.call_results.watch import ResultFeed
from orchestrator.calls import CallTimings, Progress, record_progress
from orchestrator.errors import CursorLost, NotFound
from orchestrator.retention import STEP_S, Pace, Retention
from orchestrator.store import Store, Transaction, schema
from orchestrator.store.calls import insert_confirmation
from orchestrator.store.opt_outs import add_opt_out
from orchestrator.store.recordings import RecordingRow, RecordingState, keep_recording
from orchestrator.store.tasks import add_message
from ringback.v1 import call_results_pb2 as pb
from tests.fresh_file import fresh_database
from tests.postgres import ScriptedDatabase
from tests.rig import JumpyClock, call_sid
from tests.rows_rig import CALL, ORPHAN, TASK, add_call, add_task, dispositions, report, rows_of

DAYS = 30
OLD = timedelta(days=DAYS, seconds=1)
NOBODY = "0192f000-0000-7000-8000-00000000ffff"
OF_A_CALL = (schema.turn, schema.question, schema.recording, schema.report, schema.result)


@dataclass
class Kept:
    """A store whose time goes on by hand."""

    store: Store
    clock: JumpyClock
    database: ScriptedDatabase | None

    def later(self, span: timedelta = OLD) -> None:
        self.clock.advance(span)
        if self.database is not None:
            self.database.set_clock(self.clock.now())

    async def erase(self) -> Mapping[str, int]:
        return await Retention(self.store, self.clock, DAYS).erase_old()

    async def count(self, *tables: Table) -> list[int]:
        return [len(await rows_of(self.store, table)) for table in tables]

    async def tell(self, number: int = 1, **fields: object) -> None:
        await record_call_result(self.store, report(call_sid=call_sid(number), **fields))


@pytest.fixture(params=["sqlite", "postgres"])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kept]:
    clock, database = JumpyClock(), None
    if request.param == "postgres":
        database = request.getfixturevalue("postgres")
        database.set_clock(clock.now())
    url = database.url if database else fresh_database(tmp_path / "ringback.db")
    store = await Store.open(url, clock)
    yield Kept(store, clock, database)
    await store.close()


async def finish_conversation(kept: Kept) -> None:
    """Put a conversation with one call that is over, and all that may hang on these."""
    await add_task(kept.store, created_at=1)
    await add_call(kept.store, state="waiting", due_at=None, provider={"status": 5})
    turn = pb.TranscriptTurn(role=pb.ROLE_CALLEE, text="Hello?")
    said = Progress(CALL, call_sid(), pb.CALL_STATUS_IN_PROGRESS, 0, [turn])
    await record_progress(kept.store, said, CallTimings())

    def unit(tx: Transaction) -> None:
        add_message(tx, TASK, "person", "A large margherita.")
        insert_confirmation(tx, TASK, "key", CALL)
        recorded = RecordingRow(CALL, "RE" + "0" * 32, RecordingState.COMPLETED, 3, "/x")
        keep_recording(tx, recorded)

    await kept.store.write(unit)
    await kept.tell(call_id=CALL)
    await kept.store.write(partial(_let_rest, call_id=CALL))


def _let_rest(tx: Transaction, call_id: str) -> None:
    rest = schema.call.update().where(schema.call.c.call_id == call_id).values(due_at=None)
    tx.connection.execute(rest)


async def test_an_old_conversation_goes_whole(kept: Kept) -> None:
    await finish_conversation(kept)
    kept.later()
    erased = await kept.erase()
    tables = (*OF_A_CALL, schema.call, schema.message, schema.confirmation, schema.task)
    assert (erased["conversations"], set(await kept.count(*tables, schema.event))) == (1, {0})


async def test_a_conversation_that_is_young_stays_whole(kept: Kept) -> None:
    await finish_conversation(kept)
    tables = (*OF_A_CALL, schema.call, schema.message, schema.task, schema.event)
    before = await kept.count(*tables)
    kept.later(timedelta(days=DAYS - 1))
    assert (set((await kept.erase()).values()), await kept.count(*tables)) == ({0}, before)


async def test_old_calls_of_others_go_and_young_ones_stay(kept: Kept) -> None:
    items = [report(call_sid=call_sid(number)) for number in range(300)]
    await record_call_results(kept.store, items)
    kept.later()
    await kept.tell(1_000)
    erased = await kept.erase()
    assert (erased["external_calls"], erased["events"] >= 300) == (300, True)
    assert await kept.count(schema.call, schema.result, schema.report) == [1, 1, 1]
    with pytest.raises(NotFound):
        await get_result(kept.store, call_sid=call_sid(7))


@pytest.mark.parametrize(
    "still", [{"state": "waiting", "due_at": None}, {"state": "final", "due_at": 5}]
)
async def test_what_is_not_over_stays(kept: Kept, still: Mapping[str, object]) -> None:
    await add_task(kept.store, state="done")
    await add_call(kept.store, **still)
    await add_call(kept.store, **still, call_id=NOBODY, call_sid=call_sid(2), task_id=None)
    kept.later()
    await kept.erase()
    assert await kept.count(schema.task, schema.call) == [1, 2]


@pytest.mark.parametrize(("state", "left"), [("calling", 1), ("collecting", 0), ("done", 0)])
async def test_a_conversation_without_a_call_goes_unless_it_waits_for_one(
    kept: Kept, state: str, left: int
) -> None:
    await add_task(kept.store, state=state)
    await kept.erase()
    assert await kept.count(schema.task) == [left]


async def test_a_late_revision_keeps_a_call(kept: Kept) -> None:
    await kept.tell()
    kept.later()
    await kept.tell(summary="more was found out")
    await kept.erase()
    assert await kept.count(schema.result, schema.report) == [1, 2]


async def test_who_must_not_be_called_stays_listed(kept: Kept) -> None:
    await kept.tell()
    await kept.store.write(lambda tx: add_opt_out(tx, "+14155550100", CALL))
    kept.later()
    await kept.erase()
    assert await kept.count(schema.opted_out) == [1]


async def test_a_late_report_of_an_erased_call_is_no_second_story(kept: Kept) -> None:
    await finish_conversation(kept)
    kept.later()
    await kept.erase()
    assert await dispositions(kept.store, report(call_id=CALL, report_id="late")) == [ORPHAN]
    assert await kept.count(schema.call, schema.result, schema.report) == [0, 0, 1]
    assert await kept.store.read(count_orphans) == 1


async def test_an_orphan_goes_when_it_is_old_itself(kept: Kept) -> None:
    await dispositions(kept.store, report(call_id=CALL))
    kept.later()
    await dispositions(kept.store, report(call_id=CALL, report_id="young"))
    assert (await kept.erase())["orphans"] == 1
    assert (await kept.count(schema.report), await kept.store.read(count_orphans)) == ([1], 1)


async def test_a_page_token_of_an_erased_row_goes_on(kept: Kept) -> None:
    for number in range(3):
        await kept.tell(number)
    first, token = await list_results(kept.store, pb.ListResultsRequest(page_size=1))
    kept.later()
    await kept.erase()
    await kept.tell(9)
    rest, end = await list_results(kept.store, pb.ListResultsRequest(page_token=token))
    assert (len(first), rest, end) == (1, [], "")


async def cursors(kept: Kept, cursor: str, count: int) -> list[str]:
    watch = ResultFeed(kept.store).follow(cursor)
    async with asyncio.timeout(30):
        found = [(await anext(watch)).cursor for _ in range(count)]
    await watch.aclose()
    return found


async def test_a_watcher_that_missed_what_was_erased_is_told_so(kept: Kept) -> None:
    for number in range(3):
        await kept.tell(number)
    _, second, third = await cursors(kept, "", 3)
    kept.later()
    await kept.erase()
    await kept.tell(9)
    with pytest.raises(CursorLost, match="start anew"):
        await cursors(kept, second, 1)
    assert await cursors(kept, third, 1) == await cursors(kept, "", 1)


async def test_a_watcher_from_the_first_on_passes_old_results_that_are_kept(kept: Kept) -> None:
    await finish_conversation(kept)
    await kept.store.write(partial(_wake_up, call_id=CALL))
    await kept.tell(2)
    kept.later()
    await kept.erase()
    await kept.tell(3)
    assert len(await cursors(kept, "", 2)) == 2


def _wake_up(tx: Transaction, call_id: str) -> None:
    due = schema.call.update().where(schema.call.c.call_id == call_id).values(due_at=5)
    tx.connection.execute(due)


async def test_a_clock_that_leaps_ages_nothing(tmp_path: Path) -> None:
    clock = JumpyClock()
    store = await Store.open(fresh_database(tmp_path / "ringback.db"), clock)
    await record_call_result(store, report())
    retention = Retention(store, clock, DAYS)
    clock.jump(OLD)
    assert not any((await retention.erase_old()).values())
    await store.close()


async def test_two_replicas_erase_at_once(postgres: ScriptedDatabase) -> None:
    clock = JumpyClock()
    postgres.set_clock(clock.now())
    stores = [await Store.open(postgres.url, clock) for _ in range(2)]
    items = [report(call_sid=call_sid(number)) for number in range(300)]
    await record_call_results(stores[0], items)
    postgres.set_clock(clock.now() + OLD)
    rounds = [Retention(store, clock, DAYS).erase_old() for store in stores]
    erased = await asyncio.gather(*rounds)
    assert sum(each["external_calls"] for each in erased) == 300
    assert await rows_of(stores[0], schema.report) == []
    for store in stores:
        await store.close()


def test_a_long_step_makes_the_next_one_smaller() -> None:
    pace = Pace(rows=8)
    sizes = []
    for took_s in (2 * STEP_S, STEP_S / 4, STEP_S * 0.75, *[2 * STEP_S] * 5):
        pace.heed(took_s)
        sizes.append(pace.rows)
    assert sizes == [4, 8, 8, 4, 2, 1, 1, 1]
