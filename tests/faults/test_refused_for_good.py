"""Fault F29: a report of one of our calls can never be accepted; the carrier's facts stay."""

from pathlib import Path

from ringback.v1 import call_results_pb2 as pb
from tests.faults.life_peers import sid
from tests.faults.life_rig import NONCE, Rig
from tests.faults.reports_rig import Pauses, replica, reporter_to
from tests.rig import result_of


async def test_f29_a_call_whose_report_is_refused_for_good_has_the_carriers_facts(
    rig: Rig, tmp_path: Path
) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, "Luigi's, hello?", nonce=NONCE)
    poison = result_of(call_id=call_id, call_sid=sid(1), status=99)
    async with replica(rig.url) as door, reporter_to(door.server.port, tmp_path, Pauses()) as sent:
        assert await sent.report(poison) is None
        assert (sent.backlog().pending, sent.backlog().dead_letters) == (0, 1)
    await rig.call_back(call_id, "completed", duration_s=49)
    await rig.sweep(after_s=19)
    assert await rig.result(call_id) is None
    await rig.sweep(after_s=1)
    result = await rig.finished(call_id)
    assert (result.source, result.end_reason) == (pb.SOURCE_PROVIDER, pb.END_REASON_HANDLER_LOST)
    assert (result.status, result.duration) == (pb.CALL_STATUS_COMPLETED, 49)
    assert [turn.text for turn in result.transcript] == ["Luigi's, hello?"]
