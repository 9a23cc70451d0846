"""Numbers that asked not to be called again: listed with the result, freed by an operator only."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from orchestrator.call_results import record_call_result
from orchestrator.store import Store, schema
from orchestrator.store.opt_outs import find_opt_out, remove_opt_out
from ringback.v1 import call_results_pb2 as pb
from tests.integration.orchestrator_rig import client_of, rig_settings, running_app
from tests.rig import call_sid
from tests.rows_rig import CALL, add_call, add_task, report, rows_of

OPT_OUT = pb.END_REASON_OPT_OUT
LUIGI = "+14155550100"
OPERATOR = {"Authorization": "Bearer operators-token"}


@pytest.fixture
async def our_call(store: Store) -> str:
    await add_task(store)
    await add_call(store)
    return CALL


async def numbers(store: Store) -> list[object]:
    return [row["number"] for row in await rows_of(store, schema.opted_out)]


@pytest.mark.parametrize("source", [pb.SOURCE_DEADLINE, pb.SOURCE_MANUAL, pb.SOURCE_HANDLER])
async def test_an_opt_out_is_listed_whoever_reports_it(
    store: Store, our_call: str, source: int
) -> None:
    told = report(call_id=our_call, end_reason=OPT_OUT, source=source, to_number="+14155550177")
    await record_call_result(store, told)
    [listed] = await rows_of(store, schema.opted_out)
    assert (listed["number"], listed["call_id"]) == (LUIGI, our_call)


async def test_an_opt_out_counts_even_where_a_higher_report_says_otherwise(
    store: Store, our_call: str
) -> None:
    await record_call_result(store, report(call_id=our_call, source=5, end_reason=20))
    await record_call_result(store, report(call_id=our_call, source=3, end_reason=OPT_OUT))
    assert await numbers(store) == [LUIGI]


async def test_any_other_end_lists_nobody(store: Store, our_call: str) -> None:
    await record_call_result(store, report(call_id=our_call, end_reason=20))
    assert await numbers(store) == []


async def test_a_report_of_another_telephone_call_lists_nobody(store: Store, our_call: str) -> None:
    other = report(call_id=our_call, call_sid=call_sid(9), end_reason=OPT_OUT)
    await record_call_result(store, other)
    assert await numbers(store) == []


async def test_a_strangers_call_counts_as_soon_as_its_number_is_told(store: Store) -> None:
    await record_call_result(store, report(end_reason=OPT_OUT, source=4))
    assert await numbers(store) == []
    await record_call_result(store, report(to_number="+14155550123", source=4, summary="x"))
    assert await numbers(store) == ["+14155550123"]


async def test_a_later_revision_does_not_list_a_number_again_that_was_freed(
    store: Store, our_call: str
) -> None:
    first = report(call_id=our_call, end_reason=OPT_OUT)
    await record_call_result(store, first)
    assert await store.write(lambda tx: remove_opt_out(tx, LUIGI))
    await record_call_result(store, first)
    await record_call_result(store, report(call_id=our_call, source=2, duration=9))
    assert await numbers(store) == []


async def test_the_list_keeps_the_first_time(store: Store, our_call: str) -> None:
    await record_call_result(store, report(call_id=our_call, end_reason=OPT_OUT))
    again = report(call_sid=call_sid(2), to_number=LUIGI, end_reason=OPT_OUT)
    await record_call_result(store, again)
    [listed] = await rows_of(store, schema.opted_out)
    assert listed["call_id"] == our_call


async def test_numbers_are_compared_whole(store: Store, our_call: str) -> None:
    await record_call_result(store, report(call_id=our_call, end_reason=OPT_OUT))
    for other in ("4155550100", "+1415555010", "+141555501000", "%"):
        found = await store.read(lambda connection, other=other: find_opt_out(connection, other))  # type: ignore[misc]
        assert found is None


Ask = Callable[..., Awaitable[tuple[int, dict[str, Any]]]]


@pytest.fixture
async def ask(tmp_path: Path) -> AsyncIterator[Ask]:
    """Ask an Orchestrator with tokens that has one number on its list."""
    settings = rig_settings(
        tmp_path,
        token_operator=SecretStr("operators-token"),
        token_reader=SecretStr("readers-token"),
        token_person=SecretStr("persons-token"),
        token_handler=SecretStr("handlers-token"),
    )
    async with running_app(settings) as app, client_of(app) as client:
        told = report(end_reason=OPT_OUT, to_number=LUIGI)
        await record_call_result(app.state.store, told)

        async def ask(
            method: str, path: str, headers: dict[str, str] | None = None
        ) -> tuple[int, dict[str, Any]]:
            answer = await client.request(method, path, headers=headers)
            return answer.status_code, answer.json()

        yield ask


async def test_an_operator_lists_and_frees(ask: Ask) -> None:
    status, listed = await ask("GET", "/api/opt-outs", OPERATOR)
    assert status == 200
    [entry] = listed["opt_outs"]
    assert entry["number"] == LUIGI
    path = "/api/opt-outs/%2B14155550100"
    assert await ask("DELETE", path, OPERATOR) == (200, {"number": LUIGI, "removed": True})
    assert (await ask("DELETE", path, OPERATOR))[0] == 404
    assert (await ask("GET", "/api/opt-outs", OPERATOR))[1] == {"opt_outs": []}


async def test_nobody_else_may_see_or_free(ask: Ask) -> None:
    for token, status in ((None, 401), ("wrong", 401), ("readers", 403), ("persons", 403)):
        headers = {} if token is None else {"Authorization": f"Bearer {token}-token"}
        assert (await ask("GET", "/api/opt-outs", headers))[0] == status
        assert (await ask("DELETE", "/api/opt-outs/%2B14155550100", headers))[0] == status
    assert len((await ask("GET", "/api/opt-outs", OPERATOR))[1]["opt_outs"]) == 1
