"""A call as its agent sees it: journalled, told turn by turn, reported when it is left."""

import asyncio
from pathlib import Path

import grpc
import pytest

from call_reporter import CallReporter, InvalidCall, NotStarted
from ringback.v1 import call_results_pb2 as pb
from tests.integration.call_reporter_server import (
    ScriptedResults,
    quick_reporter,
    result_of,
    serving,
    sid,
)

CALL_ID, NONCE = "0199aaaa-0000-7000-8000-000000000001", "0" * 32
NOWHERE = "127.0.0.1:1"


async def test_a_finished_call_is_reported_once_when_it_is_left(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with (
        serving(servicer) as target,
        quick_reporter(target, tmp_path) as reporter,
        reporter.call(sid(1)) as call,
    ):
        assert call.turn("callee", "Luigi's, hello?") == 0
        assert call.turn("agent", "I would like a pizza.", start_ms=900, interrupted=True) == 1
        call.finish(summary="ordered", duration=0, outcome="succeeded", facts={"price": "14.50"})
    (result,) = servicer.reports
    assert (result.status, result.outcome) == (pb.CALL_STATUS_COMPLETED, pb.OUTCOME_SUCCEEDED)
    assert result.HasField("duration")
    assert result.transcript_complete
    assert [turn.text for turn in result.transcript] == ["Luigi's, hello?", "I would like a pizza."]
    assert result.transcript[1].start_ms == 900
    assert result.facts[0].value == "14.50"


async def test_a_call_that_was_reported_is_not_reported_again_when_it_is_left(
    tmp_path: Path,
) -> None:
    servicer = ScriptedResults()
    async with serving(servicer) as target, quick_reporter(target, tmp_path) as reporter:
        async with reporter.call(sid(1), call_id=CALL_ID) as call:
            call.turn("callee", "hello")
            await reporter.report(result_of(1, call_id=CALL_ID, summary="built by the agent"))
        assert await reporter.is_over(CALL_ID)
    assert [result.summary for result in servicer.reports] == ["built by the agent"]


async def test_a_call_left_without_finish_reports_what_is_known(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with (
        serving(servicer) as target,
        quick_reporter(target, tmp_path) as reporter,
        reporter.call(sid(1)) as call,
    ):
        call.turn("callee", "hello")
    (result,) = servicer.reports
    assert (result.status, result.outcome) == (pb.CALL_STATUS_COMPLETED, pb.OUTCOME_FOLLOW_UP)
    assert not result.transcript_complete


async def test_an_agent_that_fails_is_reported_and_its_error_goes_on(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with serving(servicer) as target, quick_reporter(target, tmp_path) as reporter:
        with pytest.raises(ZeroDivisionError):
            async with reporter.call(sid(1)):
                raise ZeroDivisionError("by zero")
    (result,) = servicer.reports
    assert result.end_reason == pb.END_REASON_INTERNAL_ERROR
    assert (result.fault.code, result.fault.message) == ("ZeroDivisionError", "by zero")
    assert result.status == pb.CALL_STATUS_UNKNOWN


async def test_an_agent_that_is_cancelled_is_reported_as_stopped(tmp_path: Path) -> None:
    servicer, is_inside = ScriptedResults(), asyncio.Event()

    async def talk(reporter: CallReporter) -> None:
        async with reporter.call(sid(1)):
            is_inside.set()
            await asyncio.Event().wait()

    async with serving(servicer) as target, quick_reporter(target, tmp_path) as reporter:
        agent = asyncio.create_task(talk(reporter))
        await is_inside.wait()
        agent.cancel()
        with pytest.raises(asyncio.CancelledError):
            await agent
    assert [result.end_reason for result in servicer.reports] == [pb.END_REASON_HANDLER_STOPPED]


async def test_a_call_cancelled_while_it_is_opened_has_its_result(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with serving(servicer) as target, quick_reporter(target, tmp_path) as reporter:
        opening = asyncio.create_task(reporter.call(sid(1)).__aenter__())
        asyncio.get_running_loop().call_soon(opening.cancel)
        with pytest.raises(asyncio.CancelledError):
            await opening
    assert [result.end_reason for result in servicer.reports] == [pb.END_REASON_HANDLER_STOPPED]


async def test_turns_reach_the_server_while_the_call_runs(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with (
        serving(servicer) as target,
        quick_reporter(target, tmp_path) as reporter,
        reporter.call(sid(1)) as call,
    ):
        call.turn("callee", "one")
        await servicer.wait_for(lambda: any(told.turns for told in servicer.progress))
        call.turn("agent", "two")
        await servicer.wait_for(lambda: servicer.progress[-1].first_turn == 1)
    assert [turn.text for turn in servicer.progress[-1].turns] == ["two"]
    assert {told.status for told in servicer.progress} == {pb.CALL_STATUS_IN_PROGRESS}


async def test_a_silent_call_still_tells_that_it_lives(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with (
        serving(servicer) as target,
        quick_reporter(target, tmp_path) as reporter,
        reporter.call(sid(1)),
    ):
        await servicer.wait_for(lambda: len(servicer.progress) >= 3)


async def test_a_revised_turn_is_told_and_reported_as_revised(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with (
        serving(servicer) as target,
        quick_reporter(target, tmp_path) as reporter,
        reporter.call(sid(1)) as call,
    ):
        call.turn("agent", "I would like a", start_ms=1)
        call.turn("callee", "yes?")
        await servicer.wait_for(lambda: any(told.turns for told in servicer.progress))
        call.revise_turn(0, text="I would", interrupted=True, end_ms=5)
        await servicer.wait_for(
            lambda: any(call.turns[0] in told.turns for told in servicer.progress)
        )
        with pytest.raises(InvalidCall, match="position: 2"):
            call.revise_turn(2, text="")
    turn = servicer.reports[0].transcript[0]
    assert (turn.text, turn.interrupted, turn.start_ms, turn.end_ms) == ("I would", True, 1, 5)


async def test_turns_that_a_server_forgot_are_told_again(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    servicer.progress_codes.extend([grpc.StatusCode.UNAVAILABLE] * 3)
    async with (
        serving(servicer) as target,
        quick_reporter(target, tmp_path) as reporter,
        reporter.call(sid(1)) as call,
    ):
        call.turn("callee", "one")
        await servicer.wait_for(lambda: len(servicer.progress) >= 4)
    assert [turn.text for turn in servicer.progress[3].turns] == ["one"]


async def test_a_wish_to_end_the_call_comes_back(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    servicer.progress_answer.cancel_requested = True
    async with (
        serving(servicer) as target,
        quick_reporter(target, tmp_path) as reporter,
        reporter.call(sid(1)) as call,
        asyncio.timeout(30),
    ):
        await call.cancel_requested.wait()


async def test_an_order_is_remembered_with_its_first_answer(tmp_path: Path) -> None:
    async with quick_reporter(NOWHERE, tmp_path) as reporter:
        first = await reporter.remember_order(CALL_ID, b"the order")
        await reporter.answer_order(CALL_ID, b"queued")
        await reporter.answer_order(CALL_ID, b"another")
    async with quick_reporter(NOWHERE, tmp_path) as reporter:
        again = await reporter.remember_order(CALL_ID, b"another order")
    assert (first.is_new, first.answer, first.body) == (True, None, b"the order")
    assert (again.is_new, again.answer, again.body) == (False, b"queued", b"the order")


async def test_a_call_that_nobody_can_name_is_refused_at_once(tmp_path: Path) -> None:
    reporter = quick_reporter(NOWHERE, tmp_path)
    with pytest.raises(InvalidCall, match="32 hex digits"):
        reporter.call("not a sid")
    with pytest.raises(NotStarted, match="async with"):
        reporter.call(sid(1)).turn("callee", "too early")


async def test_a_wrong_word_is_refused_where_it_is_said(tmp_path: Path) -> None:
    async with (
        serving(ScriptedResults()) as target,
        quick_reporter(target, tmp_path) as reporter,
        reporter.call(sid(1)) as call,
    ):
        with pytest.raises(InvalidCall, match="'done' is not known; use one of: queued"):
            call.finish(status="done")
        with pytest.raises(InvalidCall, match="duration: 86401"):
            call.finish(duration=86_401)
        with pytest.raises(InvalidCall, match="role: 'waiter'"):
            call.turn("waiter", "hello")
