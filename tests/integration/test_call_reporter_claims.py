"""The claim of a call: its media stream asks for it before anything is told (F21, F22)."""

from pathlib import Path

import grpc
import pytest

from call_reporter import ClaimRefused, ClaimUnanswered
from tests.integration.call_reporter_server import (
    ScriptedResults,
    quick_reporter,
    result_of,
    serving,
    sid,
)

CALL_ID, NONCE = "0199aaaa-0000-7000-8000-000000000001", "0" * 32
NOWHERE = "127.0.0.1:1"


async def test_a_claim_carries_the_nonce_and_brings_the_order(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    servicer.progress_answer.call_id = CALL_ID
    servicer.progress_answer.order.instructions = "Order a pizza."
    async with (
        serving(servicer) as target,
        quick_reporter(target, tmp_path) as reporter,
        reporter.call(sid(1), call_id=CALL_ID, stream_nonce=NONCE) as call,
    ):
        order = await call.claim()
        assert order.instructions == "Order a pizza."
    assert servicer.progress[0].stream_nonce == NONCE
    assert {told.stream_nonce for told in servicer.progress[1:]} <= {""}


async def test_nothing_is_told_before_the_claim(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with (
        serving(servicer) as target,
        quick_reporter(target, tmp_path) as reporter,
        reporter.call(sid(1), call_id=CALL_ID, stream_nonce=NONCE) as call,
    ):
        call.turn("callee", "hello")
        await reporter.report(result_of(1, call_id=CALL_ID))
    assert servicer.progress == []


async def test_a_claim_survives_a_blip(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    servicer.progress_codes.append(grpc.StatusCode.UNAVAILABLE)
    async with (
        serving(servicer) as target,
        quick_reporter(target, tmp_path) as reporter,
        reporter.call(sid(1), call_id=CALL_ID, stream_nonce=NONCE) as call,
    ):
        order = await call.claim()
    assert order.call_id == CALL_ID
    assert len(servicer.progress) >= 2


async def test_f21_a_refused_claim_leaves_no_result_of_its_own(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    servicer.progress_codes.append(grpc.StatusCode.ALREADY_EXISTS)
    async with serving(servicer) as target:
        async with quick_reporter(target, tmp_path) as reporter:
            with pytest.raises(ClaimRefused) as refusal:
                async with reporter.call(sid(1), call_id=CALL_ID, stream_nonce=NONCE) as call:
                    await call.claim()
            assert refusal.value.is_taken
        async with quick_reporter(target, tmp_path) as reporter:
            assert not await reporter.is_over(CALL_ID)
    assert servicer.reports == []


async def test_f22_an_unanswered_claim_is_given_up_and_the_call_has_its_result(
    tmp_path: Path,
) -> None:
    async with quick_reporter(NOWHERE, tmp_path, ack_wait_s=0.01, claim_deadline_s=0.1) as reporter:
        with pytest.raises(ClaimUnanswered, match=r"within 0\.1 s"):
            async with reporter.call(sid(1), call_id=CALL_ID, stream_nonce=NONCE) as call:
                await call.claim()
        assert reporter.backlog().pending == 1


async def test_a_second_leg_never_takes_the_place_of_the_first(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with (
        serving(servicer) as target,
        quick_reporter(target, tmp_path) as reporter,
        reporter.call(sid(1), call_id=CALL_ID),
    ):
        await reporter.report(result_of(2, call_id=CALL_ID, summary="second leg"))
        assert not await reporter.is_over(CALL_ID)
        await reporter.report(result_of(1, call_id=CALL_ID, summary="first leg"))
        assert await reporter.is_over(CALL_ID)
    assert [result.summary for result in servicer.reports] == ["second leg", "first leg"]


@pytest.mark.parametrize("is_over_before", [True, False])
async def test_f21_the_result_of_each_leg_is_delivered(
    tmp_path: Path, *, is_over_before: bool
) -> None:
    servicer = ScriptedResults()
    async with serving(servicer) as target, quick_reporter(target, tmp_path) as reporter:
        async with reporter.call(sid(1), call_id=CALL_ID, stream_nonce=NONCE) as first:
            if not is_over_before:
                async with reporter.call(sid(2), call_id=CALL_ID, stream_nonce=NONCE) as second:
                    await reporter.report(result_of(1, call_id=CALL_ID, summary="gave up"))
                    second.turn("callee", "hello")
                    second.finish(summary="ordered")
            first.finish(summary="gave up")
        if is_over_before:
            async with reporter.call(sid(2), call_id=CALL_ID, stream_nonce=NONCE) as second:
                second.turn("callee", "hello")
                second.finish(summary="ordered")
        assert await reporter.is_over(CALL_ID)
    told = {(result.call_sid, result.summary) for result in servicer.reports}
    assert told == {(sid(1), "gave up"), (sid(2), "ordered")}
