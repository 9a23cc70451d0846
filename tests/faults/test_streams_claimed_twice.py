"""Fault F21: the address of a running media stream is opened once more, with its token."""

from pathlib import Path

import pytest

from orchestrator import calls
from orchestrator.call_results import read_disputes, receive_proto, record_call_result
from orchestrator.calls import Progress
from orchestrator.errors import AlreadyHeld
from ringback.v1 import call_results_pb2 as pb
from tests.faults.life_peers import sid
from tests.faults.life_rig import NONCE, Rig
from tests.unit.call_handler.call_peers import talk_starts, until_heard
from tests.unit.call_handler.call_rig import call_rig


async def test_f21_a_token_is_good_for_one_stream_of_a_replica(tmp_path: Path) -> None:
    async with call_rig(tmp_path, talk_starts) as rig:
        path = rig.path()
        async with rig.stream(path) as first, rig.stream(path) as second:
            await first.start()
            await first.frames(5)
            await until_heard(first)
            await second.start()
            await second.socket.wait_closed()
            assert (second.socket.close_code, second.heard) == (1008, [])
            assert (len(rig.model.sessions), rig.orchestrator.results) == (1, [])
            await first.stop()
            result = await rig.orchestrator.one_result()
        await rig.settled()
    assert result.end_reason == pb.END_REASON_CALLEE_HUNG_UP
    assert rig.carrier.ended == []


async def test_f21_a_token_is_still_spent_when_its_stream_is_over(tmp_path: Path) -> None:
    async with call_rig(tmp_path) as rig:
        path = rig.path()
        for _ in range(2):
            async with rig.stream(path) as stream:
                await stream.start()
                await stream.frames(1)
                await stream.stop()
                await stream.socket.wait_closed()
        await rig.settled()
    assert stream.socket.close_code == 1008
    assert len(rig.orchestrator.results) == 1


async def claim(rig: Rig, call_id: str, handler: str) -> pb.Order | None:
    """Claim a call for the one token that there is."""
    row = await rig.row(call_id)
    call_sid, status = row.call_sid or "", pb.CALL_STATUS_IN_PROGRESS
    progress = Progress(call_id, call_sid, status, 0, [], NONCE, handler)
    return (await calls.record_progress(rig.store, progress, rig.timings)).order


async def test_f21_the_same_token_at_another_replica_is_refused_the_claim(rig: Rig) -> None:
    call_id = await rig.dial()
    assert await claim(rig, call_id, "h1") is not None
    with pytest.raises(AlreadyHeld):
        await claim(rig, call_id, "h2")
    assert await claim(rig, call_id, "h1") is not None  # its own answer may have been lost


async def report_silence(rig: Rig, call_id: str, handler: str, source: pb.Source.ValueType) -> int:
    """Report for an agent that was never granted the call, and so heard nothing of it."""
    told = pb.CallResult(
        call_id=call_id,
        call_sid=sid(1),
        status=pb.CALL_STATUS_COMPLETED,
        summary="Nothing was said.",
        end_reason=pb.END_REASON_NOT_CLAIMED,
        outcome=pb.OUTCOME_FOLLOW_UP,
        source=source,
        handler_instance=handler,
        report_id=f"silence-{handler}",
    )
    return (await record_call_result(rig.store, receive_proto(told))).disposition


@pytest.mark.parametrize("source", [pb.SOURCE_HANDLER, pb.SOURCE_RECOVERED])
async def test_f21_who_was_not_granted_the_call_does_not_deny_what_was_said(
    rig: Rig, source: pb.Source.ValueType
) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, "Luigi's.", "Forty minutes.", nonce=NONCE)
    assert await report_silence(rig, call_id, "h2", source) == pb.DISPOSITION_SUPERSEDED
    assert await rig.result(call_id) is None
    rig.know(sid(1), "completed", duration_s=5)
    await rig.sweep(after_s=rig.timings.silence_s)  # the agent that held it has died for good
    await rig.sweep(after_s=rig.timings.grace_s)
    result = await rig.finished(call_id)
    disputes = await rig.store.read(lambda connection: read_disputes(connection, call_id))
    assert [turn.text for turn in result.transcript] == ["Luigi's.", "Forty minutes."]
    assert (result.end_reason, result.summary) == (pb.END_REASON_HANDLER_LOST, "")
    assert [(one.field, one.value) for one in disputes] == [("handler_instance", "h2")]


async def test_f21_an_agent_whose_claim_was_granted_unheard_still_reports(rig: Rig) -> None:
    call_id = await rig.dial()
    assert await claim(rig, call_id, "h1") is not None
    stored = await report_silence(rig, call_id, "h1", pb.SOURCE_HANDLER)
    assert stored == pb.DISPOSITION_STORED
    assert (await rig.finished(call_id)).end_reason == pb.END_REASON_NOT_CLAIMED
