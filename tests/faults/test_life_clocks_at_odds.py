"""Fault F48: our clock is not the carrier's, or went back while nobody looked."""

from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.calls import DialRules, OrderAddresses
from orchestrator.dial_policy import DialPolicy
from orchestrator.store.calls import CallState
from orchestrator.sweeper import Sweeper, SweeperParts
from ringback.v1 import call_results_pb2 as pb
from tests.faults.life_peers import sid
from tests.faults.life_rig import OURS, Rig


def restarted(rig: Rig) -> Sweeper:
    """Make the sweeper of the next life of the same Orchestrator."""
    rules = DialRules(DialPolicy(rig.caps, ("US",), rig.timings.time_limit_s), rig.timings)
    addresses = OrderAddresses("https://orchestrator.ringback.test")
    return Sweeper(
        SweeperParts(rig.store, rig.carrier, rig.handlers, rules, addresses, OURS, rig.clock)
    )


@pytest.mark.parametrize("skew", [timedelta(days=365), timedelta(minutes=5), timedelta(days=-3)])
async def test_f48_an_unknown_dial_is_found_though_our_clock_is_not_the_carriers(
    rig: Rig, skew: timedelta
) -> None:
    rig.clock.skew = skew
    call_id = await rig.dial_unknown()
    rig.know(sid(7), "busy")
    rig.clock.advance(rig.timings.settle_s)
    rig.carrier.known[sid(7)] = replace(rig.carrier.known[sid(7)], age_s=rig.timings.settle_s)
    await rig.sweep()
    assert (await rig.finished(call_id)).status == pb.CALL_STATUS_BUSY


async def test_f48_a_jump_while_a_dial_is_unknown_does_not_hide_it(rig: Rig) -> None:
    call_id = await rig.dial_unknown()
    rig.know(sid(7), "busy")
    rig.clock.skew += timedelta(hours=1)
    await rig.sweep()
    rig.clock.advance(rig.timings.settle_s)
    rig.carrier.known[sid(7)] = replace(rig.carrier.known[sid(7)], age_s=rig.timings.settle_s)
    await rig.sweep()
    assert (await rig.finished(call_id)).status == pb.CALL_STATUS_BUSY


async def test_f48_a_jump_that_nobody_saw_behind_one_that_was_seen_does_not_hide_a_dial(
    rig: Rig,
) -> None:
    call_id = await rig.dial_unknown()
    rig.know(sid(7), "busy")
    rig.clock.skew += timedelta(hours=1)
    await rig.sweep()
    rig.clock.skew -= timedelta(days=3)
    sweeper = restarted(rig)
    for span_s in (0.0, rig.timings.settle_s):
        rig.clock.advance(span_s)
        await sweeper.sweep()
        await sweeper.settle()
        rig.carrier.known[sid(7)] = replace(rig.carrier.known[sid(7)], age_s=rig.timings.settle_s)
    assert (await rig.finished(call_id)).status == pb.CALL_STATUS_BUSY


async def test_an_older_call_is_no_candidate_by_its_age(rig: Rig) -> None:
    call_id = await rig.dial_unknown()
    rig.know(sid(7), "busy")
    rig.carrier.known[sid(7)] = replace(rig.carrier.known[sid(7)], age_s=86_400.0)
    await rig.sweep(after_s=rig.timings.settle_s)
    await rig.sweep(after_s=rig.timings.ask_again_s)
    assert (await rig.finished(call_id)).end_reason == pb.END_REASON_NOT_PLACED


async def test_f48_a_clock_that_went_back_while_we_were_down_leaves_no_call_behind(
    rig: Rig,
) -> None:
    call_id = await rig.dial_unknown()
    rig.clock.skew -= timedelta(days=3)
    sweeper = restarted(rig)
    for span_s in (0.0, rig.timings.settle_s, rig.timings.ask_again_s):
        rig.clock.advance(span_s)
        await sweeper.sweep()
        await sweeper.settle()
    assert (await rig.row(call_id)).state is CallState.FINAL


@pytest.mark.parametrize("jump", [timedelta(days=365), timedelta(days=-3), timedelta(hours=-1)])
async def test_f48_a_call_confirmed_between_the_jump_and_its_notice_is_dialled_in_time_or_never(
    rig: Rig, jump: timedelta
) -> None:
    rig.clock.skew += jump
    call_id = (await rig.confirm()).call_id
    before = await rig.row(call_id)
    await rig.sweep()
    after = await rig.row(call_id)
    assert after.not_after == before.not_after
    assert after.state is CallState.WAITING
