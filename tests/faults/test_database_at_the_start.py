"""Faults F45-F47: damaged, foreign, restored and half migrated databases."""

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event, inspect, make_url

from foundation.clock import SystemClock
from orchestrator.call_results import receive_proto, record_call_result, record_call_results
from orchestrator.errors import StoreUnusable
from orchestrator.store import Store
from orchestrator.store.database import open_database
from orchestrator.store.migrate import bring_up_to_date
from orchestrator.store.postgres import SESSION
from orchestrator.store.sqlite import create_file, create_write_engine
from ringback.v1 import call_results_pb2 as pb
from tests.faults.reports_rig import judge, list_all, result_number
from tests.fresh_file import fresh_database
from tests.postgres import ScriptedDatabase

PAGE = 4096
RESULTS = 30


async def filled(file: Path) -> None:
    """Make a database with rows in every table that reports fill."""
    store = await Store.open(fresh_database(file), SystemClock())
    await record_call_results(store, [receive_proto(result_number(n)) for n in range(RESULTS)])
    await store.close()


def opens(file: Path) -> str:
    """Open a database; return why it is refused, or nothing."""
    try:
        database, _ = open_database(f"sqlite:///{file}", SystemClock())
    except StoreUnusable as refusal:
        return str(refusal)
    database.dispose()
    return ""


async def test_f45_garbage_in_any_page_is_refused_at_the_start_with_the_way_to_repair(
    tmp_path: Path,
) -> None:
    whole, torn = tmp_path / "whole.db", tmp_path / "torn.db"
    await filled(whole)
    data = whole.read_bytes()
    garbage = random.Random(1).randbytes(PAGE)  # noqa: S311 - repeatable
    for page in range(len(data) // PAGE):
        torn.write_bytes(data[: page * PAGE] + garbage + data[(page + 1) * PAGE :])
        assert "ringback outbox retry --since" in opens(torn), page
    assert "does not know is kept, and not shown" in opens(torn)
    assert opens(whole) == ""


async def test_f45_a_truncated_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "short.db"
    await filled(file)
    file.write_bytes(file.read_bytes()[: 5 * PAGE + 100])
    assert "damaged" in opens(file)


def test_f45_a_file_of_somebody_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "calls.db"
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE outbox (id INTEGER)")
    other.close()
    before = file.read_bytes()
    assert "not the Orchestrator's" in opens(file)
    assert file.read_bytes() == before


def test_a_file_that_another_process_holds_is_refused_with_that_reason(tmp_path: Path) -> None:
    url = f"{fresh_database(tmp_path / 'held.db')}?timeout=0.01"
    holder = sqlite3.connect(tmp_path / "held.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnusable, match="in use by another process"):
        open_database(url, SystemClock())
    holder.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://me:secret@127.0.0.1:1/x", "start its server"),
        ("postgres:///x?host=/nowhere", "start its server"),
        ("mysql://me:secret@host/x", "must be"),
        ("postgresql+asyncpg://host/x", "must be"),
        ("sqlite://", "must be"),
        ("what?", "must be"),
    ],
)
def test_a_database_that_cannot_be_reached_is_refused_in_one_line(url: str, said: str) -> None:
    with pytest.raises(StoreUnusable, match=said) as refused:
        open_database(url, SystemClock())
    assert "\n" not in str(refused.value)
    assert "secret" not in str(refused.value)


async def test_without_a_driver_postgres_is_refused_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "orchestrator.store.postgres")
    monkeypatch.delitem(sys.modules, "orchestrator.store.listener")
    monkeypatch.delattr("orchestrator.store.postgres")
    monkeypatch.delattr("orchestrator.store.listener")
    with pytest.raises(StoreUnusable, match=r"ringback\[postgres\]"):
        await Store.open("postgresql://host/x", SystemClock())


async def test_f46_what_an_older_dump_lost_comes_back_from_the_outboxes_once(
    postgres: ScriptedDatabase,
) -> None:
    store = await Store.open(postgres.url, SystemClock())
    reports = [receive_proto(result_number(number)) for number in range(RESULTS)]
    await record_call_results(store, reports[: RESULTS // 2])
    dump = postgres.dump()
    await record_call_results(store, reports[RESULTS // 2 :])
    postgres.restore(dump)
    assert len(await list_all(store)) == RESULTS // 2
    answers = [await record_call_result(store, report) for report in reports]
    told = [answer.disposition for answer in answers]
    stored, known = pb.DISPOSITION_STORED, pb.DISPOSITION_DUPLICATE
    assert told == [known] * (RESULTS // 2) + [stored] * (RESULTS // 2)
    await judge(store, range(RESULTS))
    await store.close()


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Name a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    url: str = request.getfixturevalue("bare_postgres_url")
    return url


async def test_f47_eight_that_start_at_once_all_start(empty_url: str) -> None:
    stores = await asyncio.gather(*(Store.open(empty_url, SystemClock()) for _ in range(8)))
    assert [await store.newest_event() for store in stores] == [0] * 8
    for store in stores:
        await store.close()


class Stopped(Exception):
    """Ends a migration in its midst."""


def stop_after(engine: Engine, most: int) -> None:
    """Let `most` statements pass on this engine, and no more."""
    left = iter(range(most))

    def count(*_: object) -> None:
        if next(left, None) is None:
            raise Stopped

    event.listen(engine, "before_cursor_execute", count)


def engine_of(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed)
    create_file(Path(str(parsed.database)))
    return create_write_engine(parsed)


def test_f47_stopped_at_any_statement_of_a_migration_nothing_is_left_of_it(
    empty_url: str,
) -> None:
    every = 1 if empty_url.startswith("sqlite") else 20  # a connection costs what a file does not
    for most in range(0, 1000, every):
        engine = engine_of(empty_url)
        stop_after(engine, most)
        try:
            bring_up_to_date(engine)
        except Stopped:
            assert tables_of(empty_url) == 0
        else:
            break
        finally:
            engine.dispose()
    assert most > 10
    assert tables_of(empty_url) > 10


def tables_of(url: str) -> int:
    engine = engine_of(url)
    found = len(inspect(engine).get_table_names())
    engine.dispose()
    return found


async def test_f47_who_starts_during_a_long_migration_waits_for_its_end(
    bare_postgres_url: str, postgres: ScriptedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SESSION, "statement_timeout", 1_000)
    engine = create_engine(bare_postgres_url)
    with engine.begin() as migrating:
        migrating.exec_driver_sql(f"SELECT pg_advisory_xact_lock({0x52494E47})")
        opening = asyncio.ensure_future(Store.open(bare_postgres_url, SystemClock()))
        waits = "wait_event_type = 'Lock' AND now() - query_start > interval '1200 ms'"
        await asyncio.to_thread(postgres.wait_for, "pg_stat_activity", waits)
        assert not opening.done()
    store = await opening
    assert await store.newest_event() == 0
    await store.close()
    engine.dispose()


KILLED = """
import os, signal, sys
from sqlalchemy import event
from orchestrator.store.migrate import bring_up_to_date
from tests.faults.test_database_at_the_start import engine_of, tables_of

def migrate(most):
    engine, left = engine_of(sys.argv[1]), iter(range(most))
    def count(*_):
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
    event.listen(engine, "before_cursor_execute", count)
    bring_up_to_date(engine)
    os._exit(0)

for most in range(1000):
    child = os.fork()  # imports are paid once
    if not child:
        migrate(most)
    _, status = os.waitpid(child, 0)
    print("ended", os.waitstatus_to_exitcode(status), tables_of(sys.argv[1]), flush=True)
    if not status:
        break
"""


@pytest.mark.chaos
def test_f47_killed_at_each_statement_of_a_migration_the_next_start_works(empty_url: str) -> None:
    command = [sys.executable, "-c", KILLED, empty_url]
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(  # noqa: S603 - our own words
        command, check=True, env=environment, capture_output=True, text=True
    )
    lines = [line.split() for line in ended.stdout.splitlines()]
    *killed, last = [line[1:] for line in lines if line[0] == "ended"]
    assert len(killed) > 10
    assert all(one == [str(-signal.SIGKILL), "0"] for one in killed), killed
    assert last[0] == "0"
    assert int(last[1]) > 10
