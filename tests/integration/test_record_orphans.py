"""Reports of calls that are not there yet, and external calls that turn out to be ours."""

import pytest

from orchestrator.call_results import (
    absorb_external,
    adopt_orphans,
    count_orphans,
    record_call_result,
)
from orchestrator.call_results.queries import get_result
from orchestrator.errors import NotFound
from orchestrator.store import Store, schema
from orchestrator.store.counters import read_counter
from tests.rig import call_sid
from tests.rows_rig import (
    CALL,
    MERGED,
    ORPHAN,
    STORED,
    SUPERSEDED,
    add_call,
    dispositions,
    report,
    rows_of,
)


async def test_an_orphan_is_kept_and_counted_but_is_no_call(store: Store) -> None:
    orphan = report(call_id=CALL)
    assert await dispositions(store, orphan, orphan) == [ORPHAN, ORPHAN]
    assert (await rows_of(store, schema.call), await rows_of(store, schema.event)) == ([], [])
    assert len(await rows_of(store, schema.report)) == 1
    assert await store.read(lambda connection: read_counter(connection, "orphan_reports")) == 1
    with pytest.raises(NotFound):
        await get_result(store, CALL)


async def test_an_orphan_is_adopted_when_its_call_appears(store: Store) -> None:
    await record_call_result(store, report(call_id=CALL, summary="early"))
    await add_call(store)
    await store.write(lambda transaction: adopt_orphans(transaction, CALL))
    assert (await get_result(store, CALL)).summary == "early"
    assert [row["disposition"] for row in await rows_of(store, schema.report)] == [MERGED]
    assert await store.read(count_orphans) == 0


async def test_an_orphan_is_adopted_by_the_next_report_of_its_call(store: Store) -> None:
    await record_call_result(store, report(call_id=CALL, summary="early"))
    await add_call(store)
    await record_call_result(store, report(call_id=CALL, source=2, duration=4))
    result = await get_result(store, CALL)
    assert (result.summary, result.duration) == ("early", 4)


async def test_an_external_call_becomes_one_with_ours(store: Store) -> None:
    await record_call_result(store, report(summary="as a stranger"))
    await add_call(store, call_sid=None)
    await record_call_result(store, report(call_id=CALL, report_id="later", source=2, duration=9))
    [call] = await rows_of(store, schema.call)
    assert (call["call_id"], call["call_sid"], call["state"]) == (CALL, call_sid(), "final")
    result = await get_result(store, call_sid=call_sid())
    assert (result.call_id, result.summary, result.duration) == (CALL, "as a stranger", 9)
    assert len(await rows_of(store, schema.result)) == 1


async def test_absorbing_frees_the_sid_for_its_call(store: Store) -> None:
    await record_call_result(store, report(summary="as a stranger"))
    await add_call(store, call_sid=None)
    await store.write(lambda transaction: absorb_external(transaction, CALL, call_sid()))
    assert (await get_result(store, CALL)).summary == "as a stranger"


async def test_absorbing_what_is_nobodys_changes_nothing(store: Store) -> None:
    await add_call(store, call_sid=None)
    await store.write(lambda transaction: absorb_external(transaction, CALL, call_sid()))
    [call] = await rows_of(store, schema.call)
    assert (call["state"], call["call_sid"]) == ("waiting", None)


async def test_f35_an_orphan_of_another_telephone_call_is_not_mixed_in(store: Store) -> None:
    stranger = report(call_id=CALL, call_sid=call_sid(2), report_id="r2", summary="another call")
    await record_call_result(store, stranger)
    await add_call(store)
    await record_call_result(store, report(call_id=CALL, report_id="r1"))
    assert (await get_result(store, CALL)).summary == ""
    told = {row["report_id"]: row["disposition"] for row in await rows_of(store, schema.report)}
    assert told == {"r1": STORED, "r2": SUPERSEDED}


async def test_f35_an_orphan_and_an_external_call_of_one_sid_become_one_with_ours(
    store: Store,
) -> None:
    await record_call_result(store, report(call_id=CALL, report_id="r1", summary="orphan"))
    await record_call_result(store, report(report_id="r2", source=4, error_message="external"))
    await add_call(store, call_sid=None)
    await record_call_result(store, report(call_id=CALL, report_id="r3", duration=7))
    results = await rows_of(store, schema.result)
    record = await get_result(store, CALL)
    assert len(results) == 1
    assert (record.summary, record.error_message, record.duration) == ("orphan", "external", 7)
