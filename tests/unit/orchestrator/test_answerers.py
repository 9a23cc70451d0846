"""Who answered, in the carrier's words: which one stays, and what the result says of it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.calls import verdicts, weigh
from orchestrator.calls.answerers import answerer_of, better_word
from orchestrator.store.calls import CallRow
from ringback.v1 import call_results_pb2 as pb
from tests.unit.orchestrator.call_rows import CLAIMED, FINAL, RINGING, T0, TIMINGS, word

WORDS = ("", "unknown", "robot", "human", "machine_start", "fax", "machine_end_beep")


@given(st.lists(st.sampled_from(WORDS)))
def test_words_that_come_again_change_nothing(told: Sequence[str]) -> None:
    once = reduce(better_word, told, "")
    assert reduce(better_word, told, once) == once


@pytest.mark.parametrize(
    ("known", "told", "kept"),
    [
        ("", "unknown", "unknown"),
        ("unknown", "human", "human"),
        ("machine_start", "machine_end_beep", "machine_end_beep"),
        ("machine_end_beep", "machine_start", "machine_end_beep"),
        ("human", "machine_start", "human"),
        ("human", "", "human"),
        ("robot", "fax", "fax"),
    ],
)
def test_the_word_that_says_more_stays(known: str, told: str, kept: str) -> None:
    assert kept == better_word(known, told)


def test_a_word_that_nobody_knows_means_nothing() -> None:
    assert answerer_of("robot") == pb.ANSWERED_BY_UNSPECIFIED


@pytest.mark.parametrize(
    ("told", "meaning"),
    [
        ("human", pb.ANSWERED_BY_HUMAN),
        ("machine_end_other", pb.ANSWERED_BY_VOICEMAIL),
        ("fax", pb.ANSWERED_BY_FAX),
        ("unknown", pb.ANSWERED_BY_UNKNOWN),
    ],
)
def test_a_call_whose_handler_is_lost_says_who_answered(told: str, meaning: int) -> None:
    row = replace(CLAIMED, answered_by=told)
    assert verdicts.handler_lost(row, word("completed"), []).answered_by == meaning
    assert verdicts.carrier_unreachable(row, 24, []).answered_by == meaning


def test_what_the_carrier_says_when_asked_counts_too() -> None:
    facts = replace(word("completed", fetched=True), answered_by="machine_end_beep")
    weighed = weigh(CLAIMED, facts, T0, TIMINGS)
    result = verdicts.handler_lost(CLAIMED, facts, [])
    assert weighed.columns["answered_by"] == "machine_end_beep"
    assert result.answered_by == pb.ANSWERED_BY_VOICEMAIL


@pytest.mark.parametrize("row", [RINGING, FINAL])
def test_an_answer_without_the_word_takes_none_away(row: CallRow) -> None:
    known = replace(row, answered_by="human")
    for facts in (word("in-progress"), word("completed", fetched=True)):
        assert "answered_by" not in weigh(known, facts, T0, TIMINGS).columns
