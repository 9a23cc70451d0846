"""Calls that somebody else's agent dialled: recorded, shown, and one with ours if they are ours."""

import pytest

from ringback.v1 import call_results_pb2 as pb
from tests.faults.life_peers import sid
from tests.faults.life_rig import Rig


async def test_an_external_call_appears_with_its_first_callback(rig: Rig) -> None:
    row = await rig.call_back("", "ringing", call_sid=sid(50))
    assert row.origin == pb.CALL_ORIGIN_EXTERNAL
    await rig.call_back("", "busy", call_sid=sid(50))
    result = await rig.finished(row.call_id)
    assert (result.status, result.origin) == (pb.CALL_STATUS_BUSY, pb.CALL_ORIGIN_EXTERNAL)


async def test_an_external_call_appears_with_its_first_progress(rig: Rig) -> None:
    answer = await rig.progress("", "Hello?", call_sid=sid(50))
    again = await rig.progress("", "Yes.", call_sid=sid(50), first=1)
    assert (answer.call_id, again.last_turn) == (again.call_id, 2)


async def test_an_external_call_that_turns_out_to_be_ours_becomes_one(rig: Rig) -> None:
    call_id = await rig.dial_unknown()
    external = await rig.progress("", "Hello?", call_sid=sid(50))
    row = await rig.call_back(call_id, "in-progress", call_sid=sid(50))
    assert (row.call_id, row.call_sid) == (call_id, sid(50))
    with pytest.raises(AssertionError):
        await rig.row(external.call_id)
