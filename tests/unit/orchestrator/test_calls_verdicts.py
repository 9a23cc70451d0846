"""Results that the Orchestrator builds itself: each passes the rules of every door."""

from dataclasses import replace

import pytest

from orchestrator.call_results import receive_proto
from orchestrator.calls import verdicts
from ringback.v1 import call_results_pb2 as pb
from tests.unit.orchestrator.call_rows import ANSWERED, CLAIMED, DIALING, READY, RINGING, word

OWN_RESULTS = [
    verdicts.not_placed(READY, "Too late."),
    verdicts.dial_refused(DIALING, "21211", "This number does not exist."),
    verdicts.canceled_before_dial(READY),
    verdicts.several_candidates(DIALING, 2),
    verdicts.carrier_unreachable(CLAIMED, 24, []),
    *(verdicts.never_connected(RINGING, word(name)) for name in ("busy", "no-answer", "failed")),
    verdicts.handler_lost(CLAIMED, word("completed", duration_s=3), []),
    verdicts.handler_lost(ANSWERED, word("completed"), []),
    verdicts.carrier_facts_only(CLAIMED, word("completed", duration_s=3)),
]


@pytest.mark.parametrize("result", OWN_RESULTS, ids=lambda result: result.report_id)
def test_each_result_of_our_own_is_valid(result: pb.CallResult) -> None:
    report = receive_proto(result).report
    assert report.call_id == READY.call_id
    assert len(report.report_id) <= 64


@pytest.mark.parametrize("is_test", [True, False])
def test_a_call_ordered_in_test_mode_says_so_in_each_result_of_our_own(is_test: bool) -> None:
    row = replace(RINGING, order={**(RINGING.order or {}), "test": is_test})
    assert verdicts.never_connected(row, word("busy")).test is is_test
    assert verdicts.not_placed(row, "Too late.").test is is_test


def test_a_call_that_never_connected_has_no_duration() -> None:
    result = verdicts.never_connected(RINGING, word("busy", duration_s=0))
    assert not result.HasField("duration")


def test_a_failed_call_names_the_carriers_code() -> None:
    result = verdicts.never_connected(RINGING, replace(word("failed"), sip_code=404))
    assert (result.fault.component, result.fault.code) == (pb.FAULT_COMPONENT_CARRIER, "404")


def test_an_unclaimed_call_that_the_person_ended_is_theirs() -> None:
    row = replace(ANSWERED, cancel_requested=True)
    result = verdicts.handler_lost(row, word("completed"), [])
    assert result.end_reason == pb.END_REASON_PERSON_HUNG_UP


def test_an_external_call_without_a_report_is_unknown() -> None:
    row = replace(ANSWERED, origin=pb.CALL_ORIGIN_EXTERNAL, task_id=None)
    result = verdicts.handler_lost(row, word("completed"), [])
    assert (result.outcome, result.end_reason) == (
        pb.OUTCOME_UNKNOWN,
        pb.END_REASON_UNSPECIFIED,
    )


def test_the_carriers_facts_alone_claim_nothing_else() -> None:
    result = verdicts.carrier_facts_only(CLAIMED, word("completed", duration_s=49))
    assert (result.status, result.duration) == (pb.CALL_STATUS_COMPLETED, 49)
    assert (result.error_message, result.outcome, result.end_reason) == ("", 0, 0)
