"""The judge itself: it must see each kind of broken promise, and pass a run without one."""

from dataclasses import replace

import pytest

from ringback.v1 import call_results_pb2 as pb
from tests.chaos.evidence import Evidence, Fall, Ordered, Sighting
from tests.chaos.judge import Fault, judge
from tests.chaos.ledger_facts import Line
from tests.chaos.promptness import LIMIT_TOUCHED_S

CALL, OTHER = "call-1", "call-2"
SID, OTHER_SID = "CA" + "1" * 32, "CA" + "2" * 32
BEGAN = 1_000.0


def lines_of(call_id: str, sid: str, *, status: str = "completed") -> list[Line]:
    told = {"call_id": call_id, "call_sid": sid}
    return [
        {"kind": "create", "verdict": "accepted", "scenario": "short_order", "at": BEGAN, **told},
        {"kind": "state", "status": "in-progress", "at": BEGAN + 1, **told},
        {"kind": "state", "status": status, "at": BEGAN + 9, "duration_s": 8, **told},
        {"kind": "callback", "status": status, "at": BEGAN + 9, "answer": 204, **told},
    ]


def refused(call_id: str) -> Line:
    return {"kind": "create", "verdict": "refused", "at": BEGAN, "call_id": call_id, "code": 21211}


def result_of(call_id: str, sid: str, **changes: object) -> pb.CallResult:
    facts: dict[str, object] = {
        "call_id": call_id,
        "call_sid": sid,
        "status": pb.CALL_STATUS_COMPLETED,
        "duration": 8,
        "revision": 1,
        "source": pb.SOURCE_HANDLER,
        "handler_instance": "host:77",
        "end_reason": pb.END_REASON_AGENT_HUNG_UP,
    }
    return pb.CallResult(**(facts | changes))  # type: ignore[arg-type] # a test's shorthand


def run_of(ledger: list[Line], results: list[pb.CallResult], seen_after_s: float = 1) -> Evidence:
    ids = sorted({str(line["call_id"]) for line in ledger} | {one.call_id for one in results})
    seen = [Sighting(one.call_id, one.revision, BEGAN + 9 + seen_after_s) for one in results]
    return Evidence(
        ordered={call_id: Ordered(call_id, "short_order", "+1", BEGAN - 1) for call_id in ids},
        ledger=ledger,
        listed={"orchestrator-1": results},
        fetched={one.call_id: one for one in results},
        seen=seen,
        replayed=seen,
    )


def good_run() -> Evidence:
    return run_of(
        [*lines_of(CALL, SID), *lines_of(OTHER, OTHER_SID)],
        [result_of(CALL, SID), result_of(OTHER, OTHER_SID)],
    )


def unanswered_run(count: int, seen_after_s: float) -> Evidence:
    ledger, results = list[Line](), list[pb.CallResult]()
    for number in range(count):
        call_id, sid = f"unanswered-{number}", f"CA{number:032}"
        lines = lines_of(call_id, sid, status="busy")
        ledger += [
            {**line, "duration_s": None} for line in lines if line.get("status") != "in-progress"
        ]
        results.append(result_of(call_id, sid, status=pb.CALL_STATUS_BUSY, duration=None))
    return run_of(ledger, results, seen_after_s)


def faults_of(evidence: Evidence) -> set[Fault]:
    return {finding.fault for finding in judge(evidence).findings}


def test_a_run_that_kept_its_promises_passes() -> None:
    assert judge(good_run()).findings == []


def test_an_empty_ledger_fails_the_run() -> None:
    assert faults_of(run_of([], [])) == {Fault.EMPTY}


def test_an_accepted_call_without_a_result_is_missing() -> None:
    assert faults_of(run_of([*lines_of(CALL, SID)], [])) == {Fault.MISSING}


def test_a_refused_create_without_a_result_is_missing() -> None:
    run = run_of([*lines_of(CALL, SID), refused(OTHER)], [result_of(CALL, SID)])
    assert faults_of(run) == {Fault.MISSING}


def test_a_confirmed_call_that_was_never_dialled_and_has_no_result_is_missing() -> None:
    run = good_run()
    run.ordered = {**run.ordered, "lost": Ordered("lost", "busy", "+1", BEGAN)}
    assert faults_of(run) == {Fault.MISSING}


def test_a_call_that_is_listed_twice_is_doubled() -> None:
    run = good_run()
    run.listed = {"orchestrator-1": [*run.listed["orchestrator-1"], result_of(CALL, SID)]}
    assert faults_of(run) == {Fault.DOUBLED}


def test_a_revision_that_a_resuming_watcher_gets_twice_is_doubled() -> None:
    run = good_run()
    run.seen = [*run.seen, run.seen[0]]
    assert faults_of(run) == {Fault.DOUBLED}


def test_a_result_that_nobody_ordered_is_a_phantom() -> None:
    run = good_run()
    run.ordered = {CALL: run.ordered[CALL]}
    assert faults_of(run) == {Fault.PHANTOM}


def test_a_result_without_a_line_in_the_ledger_is_a_phantom() -> None:
    run = run_of(lines_of(CALL, SID), [result_of(CALL, SID), result_of(OTHER, "")])
    assert faults_of(run) == {Fault.PHANTOM}


def test_a_sid_that_the_carrier_never_gave_is_a_phantom() -> None:
    run = run_of(lines_of(CALL, SID), [result_of(CALL, OTHER_SID)])
    assert faults_of(run) == {Fault.PHANTOM}


def test_an_external_call_is_a_phantom_where_nobody_placed_one() -> None:
    origin = pb.CALL_ORIGIN_EXTERNAL
    run = run_of(lines_of(CALL, SID), [result_of(CALL, SID, origin=origin)])
    assert faults_of(run) == {Fault.PHANTOM}


@pytest.mark.parametrize("reason", [pb.END_REASON_NOT_PLACED, pb.END_REASON_CANCELED])
def test_a_call_that_was_not_placed_needs_no_line(reason: pb.EndReason.ValueType) -> None:
    unplaced = result_of(OTHER, "", status=pb.CALL_STATUS_FAILED, end_reason=reason)
    assert faults_of(run_of(lines_of(CALL, SID), [result_of(CALL, SID), unplaced])) == set()


def test_a_refused_dial_needs_its_refusal_only() -> None:
    failed = result_of(
        OTHER, "", status=pb.CALL_STATUS_FAILED, end_reason=pb.END_REASON_DIAL_REFUSED
    )
    run = run_of([*lines_of(CALL, SID), refused(OTHER)], [result_of(CALL, SID), failed])
    assert faults_of(run) == set()


def test_two_accepted_creates_are_a_call_dialled_twice() -> None:
    run = run_of([*lines_of(CALL, SID), *lines_of(CALL, OTHER_SID)], [result_of(CALL, SID)])
    assert faults_of(run) == {Fault.DIALLED_TWICE}


def test_another_status_than_the_carriers_is_wrong() -> None:
    run = run_of(lines_of(CALL, SID, status="busy"), [result_of(CALL, SID)])
    assert faults_of(run) == {Fault.WRONG}


def test_another_duration_than_the_one_told_is_wrong() -> None:
    assert faults_of(run_of(lines_of(CALL, SID), [result_of(CALL, SID, duration=9)])) == {
        Fault.WRONG
    }


def test_a_duration_is_asked_for_when_its_callback_was_lost() -> None:
    untold = [line for line in lines_of(CALL, SID) if line["kind"] != "callback"]
    assert faults_of(run_of(untold, [result_of(CALL, SID)])) == set()
    assert faults_of(run_of(untold, [result_of(CALL, SID, duration=None)])) == {Fault.WRONG}


def test_replicas_that_list_different_revisions_are_seen() -> None:
    run = good_run()
    run.listed = {**run.listed, "orchestrator-2": [result_of(CALL, SID)]}
    assert faults_of(run) == {Fault.VIEWS}


def test_a_revision_that_the_watcher_missed_is_seen() -> None:
    run = good_run()
    run.replayed = [*run.replayed, replace(run.replayed[0], revision=2)]
    assert faults_of(run) == {Fault.VIEWS}


def test_an_errand_that_was_not_taken_is_told() -> None:
    run = good_run()
    run.refusals = ["POST /api/tasks: 500"]
    assert faults_of(run) == {Fault.REFUSED}


def test_a_result_after_three_seconds_is_late_when_nothing_fell() -> None:
    run = run_of(lines_of(CALL, SID), [result_of(CALL, SID)], seen_after_s=3)
    assert faults_of(run) == {Fault.LATE}


@pytest.mark.parametrize(("seconds", "expected"), [(19, set()), (21, {Fault.LATE})])
def test_a_result_has_i10s_minute_in_scaled_time_when_its_handler_fell(
    seconds: float, expected: set[Fault]
) -> None:
    assert LIMIT_TOUCHED_S == 20
    run = run_of(lines_of(CALL, SID), [result_of(CALL, SID)], seen_after_s=seconds)
    run.falls = [Fall("kill -9", ("handler-1",), (77,), BEGAN + 2, BEGAN + 25)]
    assert faults_of(run) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(34, set()), (36, {Fault.LATE})])
@pytest.mark.parametrize("victim", ["postgres", "orchestrator-1"])
def test_time_without_an_orchestrator_or_database_does_not_count(
    victim: str, seconds: float, expected: set[Fault]
) -> None:
    run = run_of(lines_of(CALL, SID), [result_of(CALL, SID)], seen_after_s=seconds)
    run.falls = [Fall("kill -9", (victim,), (77,), BEGAN + 2, BEGAN + 9 + 15)]
    assert faults_of(run) == expected


def test_time_counts_from_the_callback_that_reached_the_product() -> None:
    *lines, callback = lines_of(CALL, SID)
    lost, late = {**callback, "answer": None}, {**callback, "at": BEGAN + 20}
    run = run_of([*lines, lost, late], [result_of(CALL, SID)], seen_after_s=29)
    run.falls = [Fall("kill -9", ("handler-1",), (77,), BEGAN + 2, BEGAN + 4)]
    assert faults_of(run) == set()
    [delay] = judge(run).delays
    assert delay.seconds - delay.counted_s == 11


@pytest.mark.parametrize(("seconds", "expected"), [(59, set()), (61, {Fault.LATE})])
def test_an_end_that_no_callback_told_has_the_time_of_a_deadline(
    seconds: float, expected: set[Fault]
) -> None:
    untold = [line for line in lines_of(CALL, SID) if line["kind"] != "callback"]
    run = run_of(untold, [result_of(CALL, SID)], seen_after_s=seconds)
    run.falls = [Fall("kill -9", ("handler-1",), (77,), BEGAN + 2, BEGAN + 4)]
    assert faults_of(run) == expected


@pytest.mark.parametrize(
    ("slowness", "seconds", "expected"),
    [(1.0, 4, {Fault.LATE}), (2.5, 4, set()), (100.0, 7, {Fault.LATE})],
)
def test_a_machine_that_others_slow_down_has_more_time_up_to_a_limit(
    slowness: float, seconds: float, expected: set[Fault]
) -> None:
    run = run_of(lines_of(CALL, SID), [result_of(CALL, SID)], seen_after_s=seconds)
    run.slowness = slowness
    assert faults_of(run) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(0.9, set()), (1.1, {Fault.LATE})])
def test_the_results_of_calls_that_nobody_answered_have_one_second(
    seconds: float, expected: set[Fault]
) -> None:
    run = unanswered_run(10, seconds)
    assert faults_of(run) == expected
    assert judge(run, is_crowded=True).findings == []


def test_few_calls_that_nobody_answered_make_no_percentile() -> None:
    assert faults_of(unanswered_run(9, 1.1)) == set()


def test_what_the_logs_should_not_tell_fails_the_run() -> None:
    run = good_run()
    run.leaks = ["handler-1 logs a full number"]
    assert faults_of(run) == {Fault.LEAKED}


def test_the_fall_of_another_handler_excuses_nothing() -> None:
    run = run_of(lines_of(CALL, SID), [result_of(CALL, SID)], seen_after_s=3)
    run.falls = [Fall("kill -9", ("handler-2",), (78,), BEGAN + 2, BEGAN + 4)]
    assert faults_of(run) == {Fault.LATE}
