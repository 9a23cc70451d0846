"""The join: who outranks whom, and that the order of arrival is of no consequence."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.call_results.join import (
    Joined,
    ReportKey,
    find_conflicts,
    follow_outcome,
    join,
    read_key,
    read_values,
)
from orchestrator.call_results.model import CallReport, FactReport, TurnReport
from orchestrator.call_results.to_proto import Identity, pack_provenance, to_proto, unpack
from ringback.v1 import call_results_pb2 as pb
from tests.rig import call_sid

DEADLINE, PROVIDER, RECOVERED, MANUAL, HANDLER = 1, 2, 3, 4, 5
Told = tuple[CallReport, ReportKey]


def told(
    report_id: str = "r1",
    *,
    source: int = HANDLER,
    time: int = 100,
    is_override: bool = False,
    is_fetched: bool = False,
    **fields: object,
) -> Told:
    report = CallReport.model_validate(
        {"call_sid": call_sid(), "status": 5, "source": source} | fields
    )
    key = read_key(
        report,
        report_id=report_id,
        report_time=time,
        is_override=is_override,
        is_fetched=is_fetched,
    )
    return report, key


def joined_of(*reports: Told) -> Joined:
    joined = Joined()
    for report, key in reports:
        joined = join(joined, read_values(report, key), key)
    return joined


def record_of(*reports: Told) -> pb.CallResult:
    return to_proto(joined_of(*reports), Identity(call_id="c", call_sid=call_sid()))


def test_a_higher_rank_replaces_what_it_tells() -> None:
    manual = told("r1", source=MANUAL, summary="by hand", error_message="kept")
    record = record_of(manual, told("r2", source=HANDLER, summary="first-hand"))
    assert (record.summary, record.error_message) == ("first-hand", "kept")


def test_a_lower_rank_fills_only_what_is_missing() -> None:
    record = record_of(
        told(summary="first-hand"), told("r2", source=RECOVERED, summary="x", duration=7)
    )
    assert (record.summary, record.duration) == ("first-hand", 7)


@pytest.mark.parametrize("source", [DEADLINE, RECOVERED, MANUAL, HANDLER])
def test_status_and_duration_are_the_providers(source: int) -> None:
    other = told("r1", source=source, status=5, duration=9)
    record = record_of(other, told("r2", source=PROVIDER, status=8, duration=3))
    assert (record.status, record.duration) == (pb.CALL_STATUS_FAILED, 3)


def test_the_provider_does_not_replace_what_the_handler_heard() -> None:
    handler = told("r1", end_reason=21, outcome=1)
    record = record_of(handler, told("r2", source=PROVIDER, end_reason=62, outcome=5))
    assert (record.end_reason, record.outcome) == (21, pb.OUTCOME_SUCCEEDED)


def test_an_override_stands_above_all_and_the_later_one_counts() -> None:
    early = told("r1", source=MANUAL, time=1, is_override=True, status=6, summary="early")
    late = told("r2", source=MANUAL, time=2, is_override=True, status=7, summary="late")
    record = record_of(late, told("r3", source=PROVIDER, status=8), early)
    assert (record.status, record.summary) == (pb.CALL_STATUS_NO_ANSWER, "late")


@pytest.mark.parametrize("order", [("r1", "r2"), ("r2", "r1")])
def test_of_two_overrides_of_the_same_time_the_smaller_report_id_counts(
    order: tuple[str, str],
) -> None:
    both = [told(name, time=1, is_override=True, summary=name) for name in order]
    assert record_of(*both).summary == "r1"


def test_fetched_beats_called_back() -> None:
    fetched = told("r2", source=PROVIDER, time=200, is_fetched=True, duration=12)
    assert record_of(told("r1", source=PROVIDER, duration=11), fetched).duration == 12


def test_the_earlier_report_time_breaks_a_tie() -> None:
    assert (
        record_of(told("r1", time=2, summary="b"), told("r2", time=1, summary="a")).summary == "a"
    )


def test_the_smaller_report_id_breaks_the_last_tie() -> None:
    assert record_of(told("r2", summary="b"), told("r1", summary="a")).summary == "a"


def test_a_fuller_transcript_of_the_same_source_is_a_revision() -> None:
    turns = [{"role": 2, "text": "Hello."}, {"role": 1, "text": ""}]
    late = [turns[0], {"role": 1, "text": "Fourteen fifty."}]
    first = told("r1", time=1, transcript=turns, outcome=5)
    record = record_of(first, told("r2", time=2, transcript=late, outcome=1))
    assert (record.transcript[1].text, record.outcome) == ("Fourteen fifty.", 1)


def test_facts_of_several_reports_come_together() -> None:
    price = told("r1", facts=[{"name": "total_price", "value": "14.50", "evidence_turns": [1]}])
    record = record_of(price, told("r2", time=200, facts=[{"name": "ready_time", "value": "20"}]))
    assert [fact.name for fact in record.facts] == ["ready_time", "total_price"]


def test_a_test_mark_stays() -> None:
    assert record_of(told("r1", source=PROVIDER, test=True), told("r2")).test is True


def test_an_unknown_source_ranks_like_manual_and_is_kept() -> None:
    newer = told("r1", source=99, summary="newer")
    assert record_of(newer, told("r2", source=HANDLER, summary="handler")).summary == "handler"
    assert record_of(newer, told("r2", source=RECOVERED, summary="old")).source == 99


def test_equal_standing_with_other_content_is_a_conflict() -> None:
    joined = joined_of(told("r1", summary="a", status=5))
    report, key = told("r2", time=200, summary="b", status=5)
    assert find_conflicts(joined, read_values(report, key), key) == ["summary"]


def test_another_standing_is_no_conflict() -> None:
    joined = joined_of(told("r1", source=MANUAL, summary="a"))
    report, key = told("r2", summary="b")
    assert find_conflicts(joined, read_values(report, key), key) == []


@pytest.mark.parametrize(
    ("status", "origin", "outcome"),
    [
        (pb.CALL_STATUS_BUSY, 1, pb.OUTCOME_NOT_REACHED),
        (pb.CALL_STATUS_NO_ANSWER, 1, pb.OUTCOME_NOT_REACHED),
        (pb.CALL_STATUS_FAILED, 2, pb.OUTCOME_NOT_REACHED),
        (pb.CALL_STATUS_CANCELED, 2, pb.OUTCOME_NOT_REACHED),
        (pb.CALL_STATUS_COMPLETED, 1, pb.OUTCOME_FOLLOW_UP),
        (pb.CALL_STATUS_COMPLETED, 2, pb.OUTCOME_UNKNOWN),
        (pb.CALL_STATUS_UNKNOWN, 1, pb.OUTCOME_UNKNOWN),
    ],
)
def test_the_outcome_follows_from_the_status(status: int, origin: int, outcome: int) -> None:
    assert follow_outcome(status, origin) == outcome


def test_an_outcome_that_followed_gives_way_to_any_told_one() -> None:
    record = record_of(told("r1", status=6), told("r2", source=DEADLINE, outcome=4))
    assert record.outcome == pb.OUTCOME_NOT_REACHED
    later = record_of(told("r1"), told("r2", source=DEADLINE, status=10, outcome=3))
    assert later.outcome == pb.OUTCOME_REFUSED


texts = st.sampled_from(["", "a", "b"])
turns = st.lists(st.builds(TurnReport, role=st.integers(1, 4), text=texts), max_size=2).map(tuple)
facts = st.lists(
    st.builds(FactReport, name=st.sampled_from(["price", "time"]), value=texts), max_size=2
).map(tuple)
reports = st.builds(
    CallReport,
    call_sid=st.just(call_sid()),
    status=st.integers(5, 10),
    duration=st.none() | st.integers(0, 2),
    summary=texts,
    error_message=texts,
    end_reason=st.sampled_from([0, 1, 21]),
    outcome=st.integers(0, 6),
    source=st.integers(0, 5),
    transcript=turns,
    transcript_complete=st.booleans(),
    facts=facts,
    test=st.booleans(),
    end_time=st.none() | st.integers(0, 2),
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Sequence[Told], Sequence[Told]]:
    """Draw reports of one call, and the same reports in another order, some of them repeated."""
    chosen = draw(st.lists(reports, min_size=1, max_size=5))
    history = [
        (
            report,
            read_key(
                report,
                report_id=f"r{number}",
                report_time=draw(st.integers(0, 2)),
                is_override=draw(st.booleans()),
                is_fetched=draw(st.booleans()),
            ),
        )
        for number, report in enumerate(chosen)
    ]
    repeated = history + draw(st.lists(st.sampled_from(history), max_size=4))
    return history, draw(st.permutations(repeated))


@given(histories())
def test_order_and_repetition_change_nothing(both: tuple[Sequence[Told], Sequence[Told]]) -> None:
    history, other = both
    assert joined_of(*history) == joined_of(*other)


@given(histories())
def test_what_is_stored_reads_back_as_it_was(both: tuple[Sequence[Told], Sequence[Told]]) -> None:
    joined = joined_of(*both[0])
    record = to_proto(joined, Identity(call_id="", call_sid=call_sid()))
    assert unpack(record, pack_provenance(joined)) == joined


@given(histories(), reports)
def test_a_report_joined_to_the_stored_record_is_as_one_joined_in_memory(
    both: tuple[Sequence[Told], Sequence[Told]], report: CallReport
) -> None:
    joined = joined_of(*both[0])
    record = to_proto(joined, Identity(call_id="", call_sid=call_sid()))
    key = read_key(report, report_id="x", report_time=1, is_override=False, is_fetched=False)
    values = read_values(report, key)
    assert join(unpack(record, pack_provenance(joined)), values, key) == join(joined, values, key)
