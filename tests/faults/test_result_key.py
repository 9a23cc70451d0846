"""Fault F31, behind the rules: the database itself refuses a second result of a call."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import IntegrityError

from orchestrator.call_results import receive_proto, record_call_result
from orchestrator.call_results.desk import Desk
from orchestrator.store import Transaction, schema
from orchestrator.store.results import insert_results
from orchestrator.store.transaction import Numbers
from tests.faults.life_rig import life_rig
from tests.postgres import ScriptedDatabase
from tests.rig import call_sid, result_of
from tests.rows_rig import CALL, add_call, add_task, rows_of


async def test_f31_a_second_row_of_one_call_breaks_the_key(
    tmp_path: Path, database: ScriptedDatabase | None
) -> None:
    async with life_rig(tmp_path, database=database) as rig:
        await record_call_result(rig.store, receive_proto(result_of(call_sid=call_sid(), status=5)))
        [row] = await rows_of(rig.store, schema.result)
        with pytest.raises(IntegrityError):
            await rig.store.write(lambda tx: insert_results(tx.connection, [row]))
        assert len(await rows_of(rig.store, schema.result)) == 1


def open_desk(engine: Engine, report_id: str) -> tuple[Transaction, Desk]:
    """Begin a transaction past the lock that makes writers follow each other."""
    connection = engine.connect()
    transaction = Transaction(connection, now_us=1, numbers=Numbers(event=0, stamp_us=0))
    desk = Desk(transaction)
    told = result_of(call_id=CALL, call_sid=call_sid(), status=5, report_id=report_id, source=5)
    item = receive_proto(told)
    desk.load([item])
    desk.record(item)
    return transaction, desk


async def test_f31_two_writers_that_both_saw_no_result_leave_one_result(
    tmp_path: Path, postgres: ScriptedDatabase
) -> None:
    async with life_rig(tmp_path, database=postgres) as rig:
        await add_task(rig.store)
        await add_call(rig.store)
        engine = create_engine(postgres.url)
        (one, first), (other, second) = open_desk(engine, "r1"), open_desk(engine, "r2")
        first.save()
        one.connection.commit()
        with pytest.raises(IntegrityError):
            second.save()
        other.connection.rollback()
        one.connection.close()
        other.connection.close()
        engine.dispose()
        assert len(await rows_of(rig.store, schema.result)) == 1
