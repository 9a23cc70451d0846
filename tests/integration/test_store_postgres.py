"""The store on PostgreSQL: the same schema, the same answers, several processes at once."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, insert, select, text
from sqlalchemy.exc import IntegrityError

from foundation.clock import SystemClock
from orchestrator.call_results import receive_proto, record_call_result, record_call_results
from orchestrator.call_results.queries import get_result, list_results
from orchestrator.errors import NotFound, StoreUnavailable
from orchestrator.store import Store, Transaction, schema
from orchestrator.store.migrate import bring_up_to_date
from orchestrator.store.tasks import read_task
from ringback.v1 import call_results_pb2 as pb
from tests.postgres import ScriptedDatabase
from tests.rig import call_sid, full_result, result_of


@pytest.fixture
async def store(postgres: ScriptedDatabase) -> AsyncIterator[Store]:
    opened = await Store.open(postgres.url, SystemClock())
    yield opened
    await opened.close()


@pytest.fixture
async def other_store(postgres: ScriptedDatabase) -> AsyncIterator[Store]:
    """Open what another Orchestrator would hold."""
    opened = await Store.open(postgres.url, SystemClock())
    yield opened
    await opened.close()


def add_contact(name: str, transaction: Transaction) -> int:
    row = insert(schema.contact).values(name=name, number="+1", created_at=transaction.now_us)
    transaction.connection.execute(row)
    return transaction.add_event("task", data={"name": name})


def test_migrations_make_the_schema_that_the_code_knows(bare_postgres_url: str) -> None:
    engine = create_engine(bare_postgres_url)
    bring_up_to_date(engine)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, schema.metadata) == []
    engine.dispose()


async def test_a_result_is_stored_joined_and_read(store: Store) -> None:
    first = await record_call_result(store, receive_proto(full_result()))
    later = result_of(call_sid=call_sid(), status=8, source=pb.SOURCE_PROVIDER)
    second = await record_call_result(store, receive_proto(later))
    again = await record_call_result(store, receive_proto(later))
    assert [one.disposition for one in (first, second, again)] == [1, 3, 2]
    result = await get_result(store, call_sid=call_sid())
    assert (result.status, result.revision, result.summary) == (8, 2, full_result().summary)


async def test_a_page_is_newest_first(store: Store) -> None:
    await record_call_results(store, [receive_proto(full_result(number)) for number in range(5)])
    page, _ = await list_results(store, pb.ListResultsRequest())
    assert [result.report_id for result in page] == [f"report-{n}" for n in (4, 3, 2, 1, 0)]


async def test_one_bad_unit_fails_alone(store: Store) -> None:
    units = [store.write(partial(add_contact, name)) for name in "abca"]
    answers = await asyncio.gather(*units, return_exceptions=True)
    assert [type(answer) for answer in answers] == [int, int, int, IntegrityError]


async def test_nul_fails_its_own_unit_only(store: Store) -> None:
    units = [store.write(partial(add_contact, name)) for name in ("a", "\0", "b")]
    answers = await asyncio.gather(*units, return_exceptions=True)
    assert [isinstance(answer, int) for answer in answers] == [True, False, True]


async def test_two_stores_report_one_call_as_one_result(store: Store, other_store: Store) -> None:
    handler = result_of(call_sid=call_sid(), status=5, source=5, summary="heard")
    carrier = result_of(call_sid=call_sid(), status=8, source=2, duration=3)
    for _ in range(5):
        await asyncio.gather(
            record_call_result(store, receive_proto(handler)),
            record_call_result(other_store, receive_proto(carrier)),
        )
    page, _ = await list_results(store, pb.ListResultsRequest())
    assert [(one.status, one.summary, one.revision) for one in page] == [(8, "heard", 2)]


async def test_events_of_two_stores_are_numbered_in_one_sequence(
    store: Store, other_store: Store
) -> None:
    units = [
        one.write(partial(add_contact, f"{number}{at}"))
        for number in range(20)
        for at, one in enumerate((store, other_store))
    ]
    numbers = await asyncio.gather(*units)
    assert sorted(numbers) == list(range(1, 41))


async def test_events_of_another_store_wake_who_waits(store: Store, other_store: Store) -> None:
    waiting = asyncio.ensure_future(store.wait_for_events(0, 20))
    await other_store.write(lambda tx: add_contact("a", tx))
    await asyncio.wait_for(waiting, 10)
    assert await store.newest_event() == 1


async def test_a_lost_connection_is_refused_and_needs_no_restart(store: Store) -> None:
    await store.write(lambda tx: add_contact("a", tx))

    def lose(transaction: Transaction) -> None:
        transaction.connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(StoreUnavailable):
        await store.write(lose)
    await store.write(lambda tx: add_contact("b", tx))
    names = select(schema.contact.c.name).order_by(schema.contact.c.name)
    assert await store.read(lambda connection: list(connection.execute(names).scalars())) == [
        "a",
        "b",
    ]


async def test_a_connection_that_was_lost_between_two_writes_is_not_noticed(store: Store) -> None:
    pid = await store.write(lambda tx: tx.connection.scalar(text("SELECT pg_backend_pid()")))
    ending = text("SELECT pg_terminate_backend(:pid, 5000)").bindparams(pid=pid)
    assert await store.read(lambda connection: connection.scalar(ending))
    await store.write(lambda tx: add_contact("a", tx))
    assert pid != await store.write(
        lambda tx: tx.connection.scalar(text("SELECT pg_backend_pid()"))
    )


@pytest.mark.parametrize("unknown", ["\x00", "a\x00b", "\ud800"])
async def test_an_id_that_cannot_be_stored_is_just_not_found(store: Store, unknown: str) -> None:
    with pytest.raises(NotFound):
        await get_result(store, unknown)
    assert await store.read(partial(read_task, task_id=unknown)) is None
