"""Rows of tasks and calls for tests of what a result changes, and a reader of tables."""

from collections.abc import Mapping

from sqlalchemy import insert, select

from orchestrator.call_results import (
    Received,
    receive_proto,
    record_call_result,
)
from orchestrator.store import Store, Transaction, mint_id, schema
from ringback.v1 import call_results_pb2 as pb
from tests.rig import call_sid, result_of

STORED, DUPLICATE, MERGED, SUPERSEDED, ORPHAN = 1, 2, 3, 4, 5
TASK = "01900000-0000-7000-8000-00000000aaaa"
CALL = "01900000-0000-7000-8000-00000000bbbb"


async def add_task(store: Store, **columns: object) -> None:
    row = {
        "task_id": TASK,
        "state": "calling",
        "errand": "food_order",
        "form": {"item": "margherita"},
        "created_at": 0,
        "updated_at": 0,
    }
    await insert_row(store, schema.task, row | columns)


async def add_confirming_task(store: Store) -> str:
    """Add a task whose order was read back; return its id."""
    now_us = await store.now_us()
    task_id = mint_id(now_us)
    times = {"created_at": now_us, "updated_at": now_us}
    await add_task(store, task_id=task_id, state="confirming", form={}, **times)
    return task_id


async def add_call(store: Store, **columns: object) -> None:
    """Add a call of ours that waits for its result."""
    row = {
        "call_id": CALL,
        "task_id": TASK,
        "attempt": 1,
        "origin": pb.CALL_ORIGIN_RINGBACK,
        "state": "waiting",
        "status": pb.CALL_STATUS_IN_PROGRESS,
        "call_sid": call_sid(),
        "to_number": "+14155550100",
        "from_number": "+14155550199",
        "due_at": 5,
        "created_at": 0,
    }
    await insert_row(store, schema.call, row | columns)


async def insert_row(store: Store, table: object, row: Mapping[str, object]) -> None:
    def unit(transaction: Transaction) -> None:
        transaction.connection.execute(insert(table), [dict(row)])  # type: ignore[arg-type]

    await store.write(unit)


async def rows_of(store: Store, table: object) -> list[Mapping[str, object]]:
    def query(connection: object) -> list[Mapping[str, object]]:
        found = connection.execute(select(table))  # type: ignore[attr-defined, call-overload]
        return [dict(row) for row in found.mappings()]

    return await store.read(query)


def report(**fields: object) -> Received:
    told = {"call_sid": call_sid(), "status": 5, "source": 5} | fields
    return receive_proto(result_of(**told))


async def dispositions(store: Store, *items: Received) -> list[int]:
    return [(await record_call_result(store, item)).disposition for item in items]
