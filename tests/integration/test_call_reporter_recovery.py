"""Calls whose process died: what a later start reports of them."""

from pathlib import Path

from call_reporter import CallReporter
from ringback.v1 import call_results_pb2 as pb
from tests.integration.call_reporter_server import (
    ScriptedResults,
    quick_reporter,
    serving,
    sid,
)

CALL_ID, NONCE = "0199aaaa-0000-7000-8000-000000000001", "0" * 32
NOWHERE = "127.0.0.1:1"


async def abandon(reporter: CallReporter, *turns: str, call_id: str = "") -> None:
    """Open a call as a process does that then dies: it is never left."""
    call = reporter.call(sid(1), call_id=call_id)
    await call.__aenter__()
    for text in turns:
        call.turn("callee", text)


async def test_f15_a_call_that_lost_its_process_is_recovered_with_its_turns(tmp_path: Path) -> None:
    async with quick_reporter(NOWHERE, tmp_path) as reporter:
        await abandon(reporter, "Luigi's, hello?", "Are you there?", call_id=CALL_ID)
    servicer = ScriptedResults()
    async with serving(servicer) as target:
        for _ in range(2):
            async with quick_reporter(target, tmp_path) as reporter:
                await servicer.wait_for(lambda: len(servicer.reports) == 1)
                assert await reporter.is_over(CALL_ID)
    (result,) = servicer.reports
    assert result.source == pb.SOURCE_RECOVERED
    assert result.end_reason == pb.END_REASON_HANDLER_LOST
    assert (result.status, result.outcome) == (pb.CALL_STATUS_COMPLETED, pb.OUTCOME_FOLLOW_UP)
    assert [turn.text for turn in result.transcript] == ["Luigi's, hello?", "Are you there?"]
    assert not result.transcript_complete
    assert (result.call_sid, result.call_id) == (sid(1), CALL_ID)


async def test_a_lost_call_without_a_word_is_recovered_as_unknown(tmp_path: Path) -> None:
    async with quick_reporter(NOWHERE, tmp_path) as reporter:
        await abandon(reporter)
    servicer = ScriptedResults()
    async with serving(servicer) as target, quick_reporter(target, tmp_path):
        await servicer.wait_for(lambda: len(servicer.reports) == 1)
    assert servicer.reports[0].status == pb.CALL_STATUS_UNKNOWN


async def test_a_claimed_call_without_a_word_is_recovered_as_completed(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with serving(servicer) as target:
        async with quick_reporter(target, tmp_path) as reporter:
            call = reporter.call(sid(1), call_id=CALL_ID, stream_nonce=NONCE)
            await call.__aenter__()
            await call.claim()
        async with quick_reporter(target, tmp_path):
            await servicer.wait_for(lambda: len(servicer.reports) == 1)
    assert servicer.reports[0].status == pb.CALL_STATUS_COMPLETED


async def test_an_order_alone_is_never_recovered(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with serving(servicer) as target:
        async with quick_reporter(target, tmp_path) as reporter:
            await reporter.remember_order(CALL_ID, b"{}")
        async with quick_reporter(target, tmp_path) as reporter:
            assert reporter.backlog().pending == 0
            assert not await reporter.is_over(CALL_ID)
