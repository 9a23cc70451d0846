"""The group-commit writer on a real SQLite file."""

import asyncio
import sqlite3
import stat
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from foundation.clock import SystemClock
from orchestrator.errors import StoreUnavailable, StoreUnusable
from orchestrator.store import Store, Transaction, mint_id, schema
from orchestrator.store.writer import QueueLimits
from tests.rig import NOW, ManualClock


def add_contact(name: str, transaction: Transaction) -> int:
    row = insert(schema.contact).values(name=name, number="+1", created_at=transaction.now_us)
    transaction.connection.execute(row)
    return transaction.add_event("task", data={"name": name})


async def names_in(store: Store) -> list[str]:
    names = select(schema.contact.c.name).order_by(schema.contact.c.name)
    return list(await store.read(lambda connection: connection.execute(names).scalars()))


async def events_in(store: Store) -> list[int]:
    numbers = select(schema.event.c.seq).order_by(schema.event.c.seq)
    return list(await store.read(lambda connection: connection.execute(numbers).scalars()))


def modes_in(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


async def hold_writer(store: Store) -> threading.Event:
    """Keep the writer busy until the event is set, so that what follows becomes one group."""
    release, started = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait(_transaction: Transaction) -> None:
        loop.call_soon_threadsafe(started.set)
        release.wait(10)

    holding = asyncio.ensure_future(store.write(wait))
    holding.add_done_callback(lambda _: None)
    await started.wait()
    return release


async def test_a_unit_returns_its_value_after_the_commit(store: Store) -> None:
    assert await store.write(lambda tx: add_contact("a", tx)) == 1
    assert await names_in(store) == ["a"]


async def test_files_belong_to_their_owner_alone(store: Store, tmp_path: Path) -> None:
    await store.write(lambda tx: add_contact("a", tx))
    modes = modes_in(tmp_path)
    assert set(modes.values()) == {0o600}
    assert "ringback.db-wal" in modes


async def test_what_is_acknowledged_is_in_the_file(store: Store, tmp_path: Path) -> None:
    await store.write(lambda tx: add_contact("a", tx))
    other = sqlite3.connect(tmp_path / "ringback.db")
    assert other.execute("SELECT name FROM contact").fetchall() == [("a",)]
    assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    other.close()


async def test_the_writer_commits_with_full_synchronous(store: Store) -> None:
    level = await store.write(
        lambda tx: tx.connection.exec_driver_sql("PRAGMA synchronous").scalar()
    )
    assert level == 2


async def test_one_bad_unit_in_a_group_fails_alone(store: Store) -> None:
    release = await hold_writer(store)
    names = [f"{number:02}" for number in range(49)]
    units = [store.write(partial(add_contact, name)) for name in [*names, "00"]]
    waiting = asyncio.gather(*units, return_exceptions=True)
    await asyncio.sleep(0)
    release.set()
    answers = await waiting
    assert [type(answer) for answer in answers if not isinstance(answer, int)] == [IntegrityError]
    assert await names_in(store) == names


async def test_a_failed_unit_leaves_no_gap_in_the_events(store: Store) -> None:
    def fail(transaction: Transaction) -> None:
        transaction.add_event("task", data={})
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        await store.write(fail)
    await store.write(lambda tx: add_contact("a", tx))
    assert await events_in(store) == [1]


async def test_items_of_one_batch_are_written_as_one_set(store: Store) -> None:
    sizes: list[int] = []

    def write_all(transaction: Transaction, items: Sequence[str]) -> Sequence[int]:
        sizes.append(len(items))
        return [add_contact(item, transaction) for item in items]

    release = await hold_writer(store)
    waiting = asyncio.gather(
        store.write_batch(write_all, ["a"]), store.write_batch(write_all, ["b", "c"])
    )
    await asyncio.sleep(0)
    release.set()
    assert [list(answers) for answers in await waiting] == [[1], [2, 3]]
    assert sizes == [3]


async def test_a_poisoned_batch_is_split_and_only_the_poison_refused(store: Store) -> None:
    def write_all(transaction: Transaction, items: Sequence[str]) -> Sequence[int]:
        return [add_contact(item, transaction) for item in items]

    answers = await store.write_batch(write_all, ["a", "b", "a", "c"])
    assert [type(answer) for answer in answers] == [int, int, IntegrityError, int]
    assert (await names_in(store), await events_in(store)) == (["a", "b", "c"], [1, 2, 3])


async def test_a_cancelled_caller_does_not_cancel_the_write(store: Store) -> None:
    release = await hold_writer(store)
    caller = asyncio.ensure_future(store.write(lambda tx: add_contact("a", tx)))
    await asyncio.sleep(0)
    caller.cancel()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await store.write(lambda tx: add_contact("b", tx))
    assert await names_in(store) == ["a", "b"]


async def test_a_full_queue_is_refused_at_once(store: Store) -> None:
    release = await hold_writer(store)
    with pytest.raises(StoreUnavailable):
        await store.write_batch(lambda _, items: items, range(QueueLimits().rows))
    release.set()
    assert await store.write(lambda tx: add_contact("a", tx)) == 1


async def test_a_locked_database_is_refused_and_needs_no_restart(
    store: Store, tmp_path: Path
) -> None:
    other = sqlite3.connect(tmp_path / "ringback.db", isolation_level=None)
    impatient = await Store.open(
        f"sqlite:///{tmp_path / 'ringback.db'}?timeout=0.05", SystemClock()
    )
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreUnavailable):
        await impatient.write(lambda tx: add_contact("a", tx))
    other.execute("ROLLBACK")
    await impatient.write(lambda tx: add_contact("b", tx))
    assert await names_in(store) == ["b"]
    other.close()
    await impatient.close()


async def test_a_full_disk_fails_the_group_and_not_the_store(store: Store) -> None:
    def limit(transaction: Transaction) -> None:
        connection = transaction.connection
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    def fill(transaction: Transaction) -> None:
        add_contact("x" * 1_000_000, transaction)

    await store.write(limit)
    with pytest.raises(StoreUnavailable):
        await store.write(fill)
    await store.write(lambda tx: tx.connection.exec_driver_sql("PRAGMA max_page_count=100000"))
    await store.write(fill)
    assert len(await names_in(store)) == 1


async def test_a_commit_that_fails_leaves_nothing_to_the_next_group(store: Store) -> None:
    def owe(transaction: Transaction) -> None:
        run = transaction.connection.exec_driver_sql
        run("CREATE TEMP TABLE owner (id INTEGER PRIMARY KEY)")
        run("CREATE TEMP TABLE owed (id REFERENCES owner DEFERRABLE INITIALLY DEFERRED)")
        run("INSERT INTO owed VALUES (1)")  # refused at the commit, which leaves all as it is
        add_contact("a", transaction)

    with pytest.raises(StoreUnavailable):
        await store.write(owe)
    await store.write(lambda tx: add_contact("b", tx))
    assert await names_in(store) == ["b"]


async def test_close_writes_what_is_queued(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    store = await Store.open(url, SystemClock())
    release = await hold_writer(store)
    waiting = asyncio.ensure_future(store.write(lambda tx: add_contact("a", tx)))
    await asyncio.sleep(0)
    release.set()
    await store.close()
    await waiting
    again = await Store.open(url, SystemClock())
    assert (await names_in(again), await again.newest_event()) == (["a"], 1)
    await again.close()


async def test_events_wake_who_waits_for_them(store: Store) -> None:
    waiting = asyncio.ensure_future(store.wait_for_events(0, 10))
    await store.write(lambda tx: add_contact("a", tx))
    await asyncio.wait_for(waiting, 5)
    assert await store.newest_event() == 1


async def test_waiting_for_events_ends_after_its_time(store: Store) -> None:
    await asyncio.wait_for(store.wait_for_events(0, 0.01), 5)
    assert await store.newest_event() == 0


async def test_what_is_to_be_done_after_the_commit_is_done_only_then(store: Store) -> None:
    done: list[str] = []

    def unit(transaction: Transaction) -> None:
        transaction.after_commit(lambda: done.append("good"))

    def bad(transaction: Transaction) -> None:
        transaction.after_commit(lambda: done.append("bad"))
        raise ValueError

    await store.write(unit)
    with pytest.raises(ValueError, match=r"^$"):
        await store.write(bad)
    assert done == ["good"]


async def test_stamps_rise_although_the_clock_stands_still(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'x.db'}", ManualClock())
    now_us = int(NOW.timestamp() * 1_000_000)
    first = await store.write(lambda tx: (tx.now_us, tx.stamp(), tx.stamp()))
    second = await store.write(lambda tx: (tx.now_us, tx.stamp()))
    assert (first, second) == ((now_us, now_us, now_us + 1), (now_us, now_us + 2))
    await store.close()


async def test_readers_cannot_write(store: Store) -> None:
    with pytest.raises(StoreUnavailable) as refused:
        await store.read(
            lambda connection: connection.execute(
                insert(schema.contact).values(name="a", number="", created_at=0)
            )
        )
    assert "readonly" in str(refused.value.__cause__)


async def test_a_file_that_is_no_database_is_refused_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"garbage" * 1_000)
    with pytest.raises(StoreUnusable, match="move it away with its -wal"):
        await Store.open(f"sqlite:///{tmp_path / 'x.db'}", SystemClock())


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y", "nonsense"])
async def test_a_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(StoreUnusable):
        await Store.open(url, SystemClock())


async def test_two_processes_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    stores = await asyncio.gather(*[Store.open(url, SystemClock()) for _ in range(4)])
    count = select(func.count()).select_from(schema.counter)
    assert await stores[0].read(lambda connection: connection.execute(count).scalar()) == 1
    for store in stores:
        await store.close()


def test_ids_grow_with_time() -> None:
    ids = [mint_id(now_us) for now_us in range(1_795_000_000_000_000, 1_795_000_000_004_000, 7)]
    assert ids == sorted(ids)
    assert {one[14] for one in ids} == {"7"}
