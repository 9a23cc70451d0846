"""What the carrier's words change: in any order, any number of times, the end is the same."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.calls import CarrierFacts, Verdict, facts_of, weigh
from orchestrator.store.calls import CallRow, CallState
from ringback.v1 import call_results_pb2 as pb
from tests.unit.orchestrator.call_rows import (
    ANSWERED,
    CLAIMED,
    DIALING,
    FINAL,
    READY,
    RINGING,
    SECOND,
    T0,
    TIMINGS,
    WAITING,
    word,
)

NOW = T0 + 10 * SECOND
CONNECTED = [
    word("initiated", at_s=1),
    word("ringing", at_s=2),
    word("in-progress", at_s=5),
    word("completed", at_s=54, duration_s=49),
]
LOST = [word("initiated", at_s=1), word("ringing", at_s=2), word("no-answer", at_s=62)]


def _apply(row: CallRow, words: Sequence[CarrierFacts]) -> tuple[CallRow, list[Verdict]]:
    verdicts = []
    for one in words:
        weighed = weigh(row, one, NOW, TIMINGS)
        row = replace(row, **weighed.columns)  # type: ignore[arg-type] # columns of CallRow
        verdicts.append(weighed.verdict)
        if weighed.verdict is Verdict.NEVER_CONNECTED:
            row = replace(row, state=CallState.FINAL, due_at=None)
    return row, verdicts


def _shuffled(words: Sequence[CarrierFacts]) -> st.SearchStrategy[list[CarrierFacts]]:
    doubled = st.lists(st.sampled_from(words), max_size=6).map(lambda more: [*words, *more])
    return doubled.flatmap(st.permutations)


@given(_shuffled(CONNECTED))
def test_a_connected_call_ends_the_same_in_every_order(words: list[CarrierFacts]) -> None:
    row, verdicts = _apply(WAITING, words)
    assert row.status == pb.CALL_STATUS_COMPLETED
    assert row.was_connected
    assert facts_of(row) == CONNECTED[-1]
    assert set(verdicts) == {Verdict.NOTHING}
    assert row.due_at is not None
    assert NOW <= row.due_at <= NOW + 20 * SECOND


@given(_shuffled(LOST))
def test_a_call_that_never_connected_is_filed_once_in_every_order(
    words: list[CarrierFacts],
) -> None:
    row, verdicts = _apply(WAITING, words)
    assert row.status == pb.CALL_STATUS_NO_ANSWER
    assert verdicts.count(Verdict.NEVER_CONNECTED) == 1
    assert row.state is CallState.FINAL


@given(_shuffled(CONNECTED))
def test_callbacks_after_the_handlers_result_add_the_facts_once(words: list[CarrierFacts]) -> None:
    row, verdicts = _apply(FINAL, words)
    assert verdicts.count(Verdict.ADD_FACTS) == 1
    assert set(verdicts) <= {Verdict.ADD_FACTS, Verdict.NOTHING}
    assert row.state is CallState.FINAL
    assert row.status == FINAL.status


@given(st.lists(st.sampled_from(CONNECTED + LOST), max_size=12))
def test_the_status_only_rises(words: list[CarrierFacts]) -> None:
    row, steps = WAITING, []
    for one in words:
        row, _ = _apply(row, [one])
        steps.append(min(row.status, pb.CALL_STATUS_COMPLETED))
    assert steps == sorted(steps)


def test_the_ring_clock_starts_at_the_first_ring() -> None:
    queued, _ = _apply(WAITING, [word("queued")])
    assert queued.ring_deadline_at is None
    ringing, _ = _apply(queued, [word("initiated")])
    assert ringing.ring_deadline_at == NOW + 75 * SECOND


def test_the_answer_waits_for_the_stream() -> None:
    row, _ = _apply(RINGING, [word("in-progress")])
    assert row.answered_at == NOW
    assert row.due_at == NOW + 20 * SECOND


def test_a_claimed_call_is_not_hurried_by_the_late_answer() -> None:
    late = replace(CLAIMED, status=pb.CALL_STATUS_RINGING)
    row, _ = _apply(late, [word("in-progress")])
    assert row.due_at == NOW + 30 * SECOND


def test_an_unclaimed_answer_that_ended_is_filed_at_once() -> None:
    row, _ = _apply(replace(ANSWERED, answered_at=NOW - 15 * SECOND), [word("completed")])
    assert row.due_at == NOW


def test_a_call_of_somebody_elses_agent_that_ended_has_the_whole_grace() -> None:
    theirs = replace(ANSWERED, origin=pb.CALL_ORIGIN_EXTERNAL, answered_at=NOW - 15 * SECOND)
    row, _ = _apply(theirs, [word("completed")])
    assert row.due_at == NOW + 20 * SECOND


def test_the_first_word_of_an_unknown_dial_binds_it_to_waiting() -> None:
    row, _ = _apply(DIALING, [word("initiated")])
    assert row.state is CallState.WAITING


def test_a_ready_call_that_rings_is_not_dialled_again() -> None:
    row, _ = _apply(READY, [word("ringing")])
    assert row.state is CallState.WAITING


def test_a_cancelled_dial_is_looked_at_as_soon_as_it_shows() -> None:
    row, _ = _apply(replace(DIALING, cancel_requested=True), [word("initiated")])
    assert row.due_at == NOW


def test_fetched_facts_stand_above_called_back_ones() -> None:
    called = word("completed", duration_s=49)
    fetched = word("completed", fetched=True, duration_s=50)
    for words in ([called, fetched], [fetched, called]):
        row, _ = _apply(CLAIMED, words)
        facts = facts_of(row)
        assert facts is not None
        assert (facts.duration_s, facts.fetched) == (50, True)


def test_a_later_callback_fills_the_missing_duration() -> None:
    row, _ = _apply(CLAIMED, [word("completed"), word("completed", duration_s=49)])
    facts = facts_of(row)
    assert facts is not None
    assert facts.duration_s == 49


@pytest.mark.parametrize("name", ["busy", "no-answer", "failed", "canceled"])
def test_each_end_without_an_answer_is_filed_at_once(name: str) -> None:
    row, verdicts = _apply(RINGING, [word(name)])
    assert verdicts == [Verdict.NEVER_CONNECTED]
    assert row.state is CallState.FINAL
