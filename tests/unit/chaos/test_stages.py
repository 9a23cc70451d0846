"""What single stages judge beside the ledger: deaths on a walk, ten reports, a caught dial."""

from collections.abc import Sequence

import pytest

from ringback.v1 import call_results_pb2 as pb
from tests.chaos.crash_points import find_too_few, is_over
from tests.chaos.replicas import has_claimed
from tests.chaos.ten_reports import Told, judge_ten_reports

SID = "CA" + "1" * 32
COMPLETED, FAILED = pb.CALL_STATUS_COMPLETED, pb.CALL_STATUS_FAILED
STORED, SUPERSEDED = pb.DISPOSITION_STORED, pb.DISPOSITION_SUPERSEDED
MERGED, DUPLICATE = pb.DISPOSITION_MERGED, pb.DISPOSITION_DUPLICATE


def told(
    status: pb.CallStatus.ValueType, disposition: pb.Disposition.ValueType, call_id: str = "call"
) -> Told:
    return Told(status, pb.ReportResponse(call_id=call_id, disposition=disposition))


def ten(second: pb.Disposition.ValueType) -> list[Told]:
    repeats = [told(status, DUPLICATE) for status in (COMPLETED, FAILED) for _ in range(4)]
    return [told(COMPLETED, STORED), told(FAILED, second), *repeats]


def record(
    status: pb.CallStatus.ValueType = COMPLETED, revision: int = 1, duration: int = 42
) -> pb.CallResult:
    return pb.CallResult(call_sid=SID, status=status, revision=revision, duration=duration)


def count_wrong(answers: Sequence[Told], *records: pb.CallResult) -> int:
    listed = {f"orchestrator-{i}": [one] for i, one in enumerate(records, 1)}
    return len(judge_ten_reports({SID: answers}, listed))


def test_one_survivor_does_not_end_a_walk_and_two_in_a_row_do() -> None:
    assert not is_over([False])
    assert not is_over([True, False, True, False])
    assert is_over([False, True, False, False])


def test_a_walk_with_too_few_deaths_is_a_violation() -> None:
    assert find_too_few("fdatasync", 11, 10.8) == []
    assert len(find_too_few("fdatasync", 10, 10.8)) == 1


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("call_changed call_id=call state=dialing", True),
        ("call_changed call_id=other state=dialing", False),
        ("call_changed call_id=call state=dialing\ndial_unknown call_id=call", False),
    ],
)
def test_only_a_claimed_dial_without_an_answer_was_caught(line: str, expected: bool) -> None:
    assert has_claimed(line, "call") is expected


def test_ten_reports_that_made_one_record_pass() -> None:
    assert count_wrong(ten(SUPERSEDED), record(), record()) == 0
    assert count_wrong(ten(MERGED), record(FAILED, 2), record(FAILED, 2)) == 0


@pytest.mark.parametrize(
    "records",
    [
        [record(), record(FAILED)],
        [record(), record(duration=41)],
        [record()],
        [record(FAILED), record(FAILED)],
        [record(revision=2), record(revision=2)],
    ],
    ids=["statuses differ", "fields differ", "one is missing", "the loser stands", "revision"],
)
def test_records_that_differ_from_each_other_or_from_the_answers_are_seen(
    records: list[pb.CallResult],
) -> None:
    listed: dict[str, list[pb.CallResult]] = {"orchestrator-1": [], "orchestrator-2": []}
    listed |= {f"orchestrator-{i}": [one] for i, one in enumerate(records, 1)}
    assert len(judge_ten_reports({SID: ten(SUPERSEDED)}, listed)) == 1


@pytest.mark.parametrize("second", [STORED, DUPLICATE])
def test_ten_answers_that_do_not_tell_one_first_and_one_second_are_seen(
    second: pb.Disposition.ValueType,
) -> None:
    assert count_wrong(ten(second), record(), record()) > 0


def test_an_answer_too_few_or_for_another_call_is_seen() -> None:
    assert count_wrong(ten(SUPERSEDED)[:9], record(), record()) == 1
    answers = [*ten(SUPERSEDED)[:9], told(FAILED, DUPLICATE, "another")]
    assert count_wrong(answers, record(), record()) == 1
