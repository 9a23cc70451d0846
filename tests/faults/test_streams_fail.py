"""Faults F11, F17-F22, F33 with real processes: what breaks between the ring and the result."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ringback.v1 import call_results_pb2 as pb
from tests.faults.fleet_rig import Calls, running_calls

pytestmark = [pytest.mark.chaos, pytest.mark.asyncio(loop_scope="module")]

HALF_OPEN_S, PROMPT_S = 5.0, 2.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def calls(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Calls]:
    folder = tmp_path_factory.mktemp("streams")
    async with running_calls(folder, spans={"RINGBACK_GRACE_S": "3"}) as running:
        yield running


async def place_all(calls: Calls, first: int, meetings: list[dict[str, object]]) -> list[str]:
    """Place a call for each meeting of a scenario and its faults, on numbers of their own."""
    call_ids = []
    for number, meeting in enumerate(meetings, first):
        callee = f"+141555501{number}"
        await calls.bind(callee, **{"scenario": "order_taken", **meeting})  # type: ignore[arg-type] # its own names
        call_ids.append(await calls.place(callee))
    return call_ids


def lag_s(line: dict[str, object], result: pb.CallResult) -> float:
    """Say how long after a line of the books the result was put together."""
    return result.report_time.ToMilliseconds() / 1000 - float(str(line["at"]))


async def cancel(calls: Calls, call_id: str) -> None:
    """Cancel a call as the person does."""
    url = f"{calls.fleet.page()}/api/calls/{call_id}/cancel"
    (await calls.http.post(url, json={})).raise_for_status()


async def test_f11_a_call_cancelled_while_it_rings_is_canceled(calls: Calls) -> None:
    (call_id,) = await place_all(calls, 70, [{"ring": {"answer_after_s": 50.0}}])
    await calls.until_state(call_id, "ringing")
    await cancel(calls, call_id)
    result = await calls.until_result(call_id)
    await calls.judge(call_id)
    assert (await calls.until_over(call_id))["status"] == "canceled"
    assert (result.status, result.end_reason) == (pb.CALL_STATUS_CANCELED, pb.END_REASON_CANCELED)


@pytest.mark.parametrize("answer", [21220, 20404, 200])
async def test_f11_a_call_cancelled_while_it_talks_ends_with_a_good_bye(
    calls: Calls, answer: int
) -> None:
    carrier = {"hang_up_of_ended": answer}
    (call_id,) = await place_all(calls, 71, [{"carrier": carrier, "scenario": "callee_asks_back"}])
    await calls.until_said(call_id, "agent")
    await cancel(calls, call_id)
    result = await calls.until_result(call_id)
    await cancel(calls, call_id)  # over already, whatever the carrier says to it
    await calls.judge(call_id)
    assert (result.source, result.end_reason) == (pb.SOURCE_HANDLER, pb.END_REASON_PERSON_HUNG_UP)
    assert (await calls.until_result(call_id)).end_reason == pb.END_REASON_PERSON_HUNG_UP


@pytest.mark.parametrize("fault", ["closed_without_stop", "reset"])
async def test_f17_a_stream_that_ends_without_stop_has_its_result_within_2_s(
    calls: Calls, fault: str
) -> None:
    carrier = {"stream": fault, "stream_fault_at_ms": 2_000}
    (call_id,) = await place_all(calls, 50, [{"carrier": carrier}])
    broken = await calls.until(call_id, lambda line: line["kind"] == "stream_fault")
    result = await calls.until_result(call_id)
    await calls.judge(call_id)
    assert (result.source, result.end_reason) == (pb.SOURCE_HANDLER, pb.END_REASON_MEDIA_LOST)
    assert lag_s(dict(broken), result) <= PROMPT_S


async def test_f17_a_half_open_stream_is_given_up_after_5_s_and_the_call_hung_up(
    calls: Calls,
) -> None:
    carrier = {"stream": "silent", "stream_fault_at_ms": 2_000}
    (call_id,) = await place_all(calls, 51, [{"carrier": carrier, "scenario": "callee_silent"}])
    broken = await calls.until(call_id, lambda line: line["kind"] == "stream_fault")
    result = await calls.until_result(call_id)
    await calls.judge(call_id)
    assert result.end_reason == pb.END_REASON_MEDIA_LOST
    assert lag_s(dict(broken), result) <= HALF_OPEN_S


async def test_f18_answered_without_a_stream_the_call_is_ended_and_has_its_result(
    calls: Calls,
) -> None:
    (call_id,) = await place_all(calls, 52, [{"carrier": {"stream": "never_opened"}}])
    over = await calls.until_over(call_id)
    result = await calls.until_result(call_id)
    await calls.judge(call_id)
    assert result.end_reason == pb.END_REASON_MEDIA_LOST
    assert over["by"] == "rest_completed"


async def test_f19_whatever_the_model_fails_with_the_callee_hears_an_apology(calls: Calls) -> None:
    faults: list[dict[str, object]] = [
        {"model": {"refuse_status": 503}},
        {"model": {"refuse_code": "rate_limit_exceeded"}},
        {"model": {"update_refused": True}},
        {"scenario": "model_fails_for_ever"},
        {"scenario": "model_lost"},
    ]
    call_ids = await place_all(calls, 53, faults)
    results = await asyncio.gather(*map(calls.until_result, call_ids))
    for call_id, result in zip(call_ids, results, strict=True):
        over = await calls.until_over(call_id)
        (apology,) = await calls.apologies(call_id)
        assert result.end_reason == pb.END_REASON_MODEL_ERROR
        assert result.outcome == pb.OUTCOME_FOLLOW_UP
        assert result.fault.component == pb.FAULT_COMPONENT_MODEL
        assert ("technical problem" in apology, over["by"]) == (True, "twiml")
    await calls.judge(*call_ids)
    spoken = [turn.text for turn in results[3].transcript]  # it failed in mid-call
    assert "Luigi's Pizza, hello?" in spoken


@pytest.mark.parametrize(
    "scenario", ["success_invented", "success_against_refusal", "success_before_a_word"]
)
async def test_f20_a_success_that_the_callee_gave_no_word_for_is_none(
    calls: Calls, scenario: str
) -> None:
    (call_id,) = await place_all(calls, 60, [{"scenario": scenario}])
    result = await calls.until_result(call_id)
    await calls.judge(call_id)
    claimed = [
        tool
        for line in await calls.books(call_id, "model_response")
        for tool in line["tools"]  # type: ignore[attr-defined] # a list in the books
        if tool["tool"] == "record_fact"
    ]
    assert claimed
    assert result.outcome == pb.OUTCOME_FOLLOW_UP
    assert [fact.name for fact in result.facts if fact.evidence_turns] == []


async def test_f21_the_second_leg_of_a_doubled_call_is_hung_up(calls: Calls) -> None:
    (call_id,) = await place_all(calls, 61, [{"carrier": {"create": "duplicate_ring"}}])
    result = await calls.until_result(call_id)
    await calls.judge(call_id)
    first, second = await calls.books(call_id, "create")
    assert second["twin_of"] == first["call_sid"]
    sessions = await calls.books(call_id, "model_session_opened")
    ended = {
        line["call_sid"]: line["by"]
        for line in await calls.books(call_id, "state")
        if line["status"] == "completed"
    }
    assert len(sessions) == 1
    assert result.outcome == pb.OUTCOME_SUCCEEDED
    (other,) = {first["call_sid"], second["call_sid"]} - {result.call_sid}
    assert ended[other] == "twiml"


async def test_f21_a_second_stream_of_a_call_is_refused_and_the_first_goes_on(
    calls: Calls,
) -> None:
    carrier = {"stream": "opened_twice", "stream_fault_at_ms": 1_000}
    (call_id,) = await place_all(calls, 62, [{"carrier": carrier}])
    result = await calls.until_result(call_id)
    await calls.judge(call_id)
    (refused,) = await calls.books(call_id, "second_stream")
    assert (refused["close_code"], refused["messages"]) == (1008, 0)
    assert len(await calls.books(call_id, "model_session_opened")) == 1
    assert result.outcome == pb.OUTCOME_SUCCEEDED


async def test_f22_without_the_orchestrator_an_answered_call_is_hung_up_and_reported_later(
    calls: Calls,
) -> None:
    (call_id,) = await place_all(calls, 63, [{"ring": {"answer_after_s": 5.0}}])
    await calls.until_state(call_id, "ringing")
    await calls.fleet.kill("orchestrator-1")
    opened = await calls.until(call_id, lambda line: line["kind"] == "stream_opened")
    over = await calls.until_over(call_id)
    assert await calls.books(call_id, "model_session_opened") == []
    await calls.restart("orchestrator-1")
    result = await calls.until_result(call_id, holds=lambda r: r.source == pb.SOURCE_HANDLER)
    await calls.judge(call_id)
    assert over["by"] == "rest_completed"
    assert 2.5 <= float(str(over["at"])) - float(str(opened["at"])) <= 4.5
    assert result.end_reason == pb.END_REASON_NOT_CLAIMED
    assert result.fault.component == pb.FAULT_COMPONENT_ORCHESTRATOR


async def test_f33_callbacks_that_met_no_orchestrator_cost_no_result(calls: Calls) -> None:
    ring = {"answer_after_s": 5.0}
    (connected,) = await place_all(calls, 64, [{}])
    await calls.until_said(connected, "callee")
    (busy,) = await place_all(calls, 65, [{"scenario": "busy", "ring": ring}])
    await calls.until_state(busy, "ringing")
    await calls.fleet.kill("orchestrator-1")
    for call_id in (connected, busy):
        await calls.until(  # the sixth try is Twilio's last
            call_id,
            lambda line: (
                (line["kind"], line.get("event")) == ("callback", "completed")
                and line["attempt"] == 5
            ),
        )
    await calls.restart("orchestrator-1")
    talked, never = await asyncio.gather(*map(calls.until_result, (connected, busy)))
    await calls.judge(connected, busy)
    assert (talked.source, talked.outcome) == (pb.SOURCE_HANDLER, pb.OUTCOME_SUCCEEDED)
    assert (never.source, never.end_reason) == (pb.SOURCE_PROVIDER, pb.END_REASON_BUSY)
