"""F43 with real processes: a Call Handler dies in a call, and its disk with it."""

import shutil
from pathlib import Path
from typing import Literal

import pytest

from ringback.v1 import call_results_pb2 as pb
from tests.chaos.postgres_server import NoPostgres, find_programs
from tests.faults.fleet_rig import Calls, found, running_calls

pytestmark = pytest.mark.chaos

HANDLER = "handler-1"
SPANS = {"RINGBACK_RING_S": "30", "RINGBACK_GRACE_S": "2"}


async def talking(calls: Calls, number: str) -> str:
    """Place a call and wait until the Orchestrator has words of it."""
    await calls.bind(number, "order_taken")
    call_id = await calls.place(number)
    page = f"{calls.fleet.page()}/api/calls/{call_id}"

    async def look() -> str | None:
        words = (await calls.http.get(page)).text
        return words if "hello" in words else None

    await found(look)
    return call_id


async def lose_the_disk(calls: Calls) -> None:
    """Delete all that the handler keeps while it runs, then kill it."""
    shutil.rmtree(calls.fleet.folder / HANDLER)
    await calls.fleet.kill(HANDLER)


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
async def test_f43_a_handler_lost_with_its_disk_leaves_the_facts_and_the_turns(
    tmp_path: Path, database: Literal["sqlite", "postgres"]
) -> None:
    if database == "postgres":
        try:
            find_programs()
        except NoPostgres as error:
            pytest.skip(str(error))
    async with running_calls(tmp_path, database=database, spans=SPANS) as calls:
        lost = await talking(calls, "+14155550150")
        await lose_the_disk(calls)
        over, told = await calls.until_over(lost), await calls.until_result(lost)
        await calls.restart(HANDLER)
        await calls.bind("+14155550151", "order_taken")
        later = await calls.place("+14155550151")
        after = await calls.until_result(later)
        last = await calls.until_result(lost)
        await calls.judge(lost, later)
    assert (told.source, told.end_reason) == (pb.SOURCE_PROVIDER, pb.END_REASON_HANDLER_LOST)
    assert (told.status, told.duration) == (pb.CALL_STATUS_COMPLETED, over["duration_s"])
    assert any("hello" in turn.text for turn in told.transcript)
    assert not told.transcript_complete
    assert last == told  # nobody is left who could tell more
    assert after.outcome == pb.OUTCOME_SUCCEEDED
