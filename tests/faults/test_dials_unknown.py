"""Faults F5-F7 and F10 with real processes: dials of which nobody knows what became of them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ringback.v1 import call_results_pb2 as pb
from tests.faults.fleet_rig import Calls, running_calls

pytestmark = [pytest.mark.chaos, pytest.mark.asyncio(loop_scope="module")]

ALL_CALLBACKS = ["initiated", "ringing", "answered", "completed"]
LOST = {"callbacks_lost": ALL_CALLBACKS}
ANSWERS_SOON = {"answer_after_s": 0.5}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def calls(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Calls]:
    async with running_calls(tmp_path_factory.mktemp("dials"), handlers=2) as running:
        yield running


async def test_f5_a_handler_killed_before_its_post_leaves_a_call_that_was_not_placed(
    calls: Calls,
) -> None:
    await calls.restart(*calls.fleet.handler_names, RINGBACK_FAILPOINTS="dial.before_post")
    call_id = await calls.place("+14155550150")
    result = await calls.until_result(call_id)
    await calls.judge(call_id, placed=0)
    alive = [calls.fleet.is_alive(name) for name in calls.fleet.handler_names]
    assert sorted(alive) == [False, True]  # the order did not go on to the other handler
    assert result.end_reason == pb.END_REASON_NOT_PLACED
    assert result.error_message.endswith("Shall I try again?")
    assert len(calls.logged("orchestrator-1", "carrier_listed", call_id)) == 2
    assert await calls.books(call_id) == []


@pytest.mark.parametrize(
    ("number", "carrier", "scenario", "end_reason"),
    [
        ("+14155550151", {}, "busy", pb.END_REASON_BUSY),
        ("+14155550152", LOST, "busy", pb.END_REASON_BUSY),
        ("+14155550153", LOST, "order_taken", pb.END_REASON_AGENT_HUNG_UP),
    ],
    ids=["found by its callback", "found in the list", "found by its stream"],
)
async def test_f6_a_call_whose_handler_died_after_the_post_has_its_true_outcome(
    calls: Calls,
    number: str,
    carrier: dict[str, object],
    scenario: str,
    end_reason: pb.EndReason.ValueType,
) -> None:
    await calls.bind(number, scenario, carrier=carrier, ring={"answer_after_s": 1.0})
    await calls.restart(*calls.fleet.handler_names, RINGBACK_FAILPOINTS="dial.after_post")
    call_id = await calls.place(number)
    result = await calls.until_result(call_id)
    await calls.judge(call_id)
    alive = [calls.fleet.is_alive(name) for name in calls.fleet.handler_names]
    assert sorted(alive) == [False, True]
    assert result.end_reason == end_reason


@pytest_asyncio.fixture(loop_scope="module")
async def whole(calls: Calls) -> Calls:
    """Give the system with all its handlers alive and nothing armed."""
    await calls.make_whole()
    return calls


async def test_f7_a_dial_without_an_answer_is_adopted_and_never_posted_again(whole: Calls) -> None:
    call_ids = []
    for place, fault in enumerate(
        ("error_after_accept", "no_answer_accepted", "reset_after_accept", "body_not_json", "slow")
    ):
        number = f"+1415555016{place}"
        await whole.bind(number, "order_taken", carrier={"create": fault}, ring=ANSWERS_SOON)
        call_ids.append(await whole.place(number))
    results = await asyncio.gather(*map(whole.until_result, call_ids))
    await whole.judge(*call_ids)
    assert [pb.Outcome.Name(each.outcome) for each in results] == ["OUTCOME_SUCCEEDED"] * 5
    assert [len(await whole.books(each, "create")) for each in call_ids] == [1] * 5


async def test_f7_a_dial_without_an_answer_that_was_not_placed_is_never_posted_again(
    whole: Calls,
) -> None:
    call_ids = []
    for place, fault in enumerate(("error_before_accept", "no_answer_not_accepted")):
        number = f"+1415555017{place}"
        await whole.bind(number, "order_taken", carrier={"create": fault})
        call_ids.append(await whole.place(number))
    results = await asyncio.gather(*map(whole.until_result, call_ids))
    await whole.judge(*call_ids, placed=0)
    assert [each.end_reason for each in results] == [pb.END_REASON_NOT_PLACED] * 2
    assert [len(await whole.books(each, "create")) for each in call_ids] == [1] * 2


async def test_f7_two_calls_that_could_be_it_are_shown_as_unknown(whole: Calls) -> None:
    carrier = {"create": "duplicate_ring_error", **LOST}
    await whole.bind("+14155550172", "busy", carrier=carrier)
    call_id = await whole.place("+14155550172")
    result = await whole.until_result(call_id)
    await whole.judge(call_id)
    shown = (await whole.http.get(f"{whole.fleet.page()}/api/calls/{call_id}")).text
    assert (result.status, result.outcome) == (pb.CALL_STATUS_UNKNOWN, pb.OUTCOME_UNKNOWN)
    assert "2 calls" in result.error_message
    assert "2 calls" in shown


async def test_f10_a_call_that_queues_longer_than_it_may_ring_is_waited_for(whole: Calls) -> None:
    await whole.bind("+14155550173", "order_taken", carrier={"queued_s": 50}, ring=ANSWERS_SOON)
    call_id = await whole.place("+14155550173")
    result = await whole.until_result(call_id)
    await whole.judge(call_id)
    assert whole.logged("orchestrator-1", "carrier_asked", call_id, "status=queued")
    assert result.outcome == pb.OUTCOME_SUCCEEDED
