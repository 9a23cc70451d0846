"""F48 on a real Call Handler: its wall clock jumps while the telephone rings (libfaketime)."""

import asyncio
from pathlib import Path

import pytest

from ringback.v1 import call_results_pb2 as pb
from tests.faults.fleet_rig import running_calls

pytestmark = pytest.mark.chaos

PACKAGE_FILES = "lib*/*/faketime/libfaketimeMT.so.1"  # of Debian's package `libfaketime`
SPANS = {"RINGBACK_RING_S": "30", "RINGBACK_GRACE_S": "2"}


@pytest.fixture
def preloaded() -> Path:
    """Find the library that changes a process's clock."""
    found = next(Path("/usr").glob(PACKAGE_FILES), None)
    if found is None:
        pytest.skip("libfaketime is not installed")
    return found


@pytest.mark.parametrize("jump", ["+1y", "-3d"])
async def test_f48_a_call_that_rings_while_the_handlers_clock_jumps_has_its_first_hand_result(
    jump: str, preloaded: Path, tmp_path: Path
) -> None:
    offset = tmp_path / "offset"
    offset.write_text("+0")
    faked = {
        "LD_PRELOAD": str(preloaded),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    async with running_calls(tmp_path / "fleet", spans=SPANS) as calls:
        fleet = calls.fleet
        await fleet.kill("handler-1")
        # A wrapper makes it a process of its own: one that is forked would load no library.
        await fleet.start("handler-1", env=faked, wrap=("env",))
        await fleet.ready("handler-1")
        await calls.bind("+14155550150", "order_taken", ring={"answer_after_s": 15.0})
        call_id = await calls.place("+14155550150")
        await calls.until_state(call_id, "ringing")
        await calls.until_logged("handler-1", "call_placed", call_id)
        await asyncio.to_thread(offset.write_text, jump)
        result = await calls.until_result(call_id)
        await calls.judge(call_id)
        (claimed,) = calls.logged("handler-1", "call_claimed", call_id)
        (placed,) = calls.logged("handler-1", "call_placed", call_id)
    assert (result.outcome, result.source) == (pb.OUTCOME_SUCCEEDED, pb.SOURCE_HANDLER), result
    assert claimed[:10] != placed[:10], (placed, claimed)
