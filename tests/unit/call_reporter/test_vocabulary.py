"""The words of an agent: what no result may hold is refused where it is said."""

import pytest

from call_reporter import InvalidCall
from call_reporter.vocabulary import final_status_of, role_of
from ringback.v1 import call_results_pb2 as pb


@pytest.mark.parametrize("word", ["ringing", "in-progress", "unspecified", 0, 4, 77])
def test_a_status_that_no_call_ends_with_is_refused(word: str | int) -> None:
    with pytest.raises(InvalidCall, match="use one of: completed, busy, no_answer, failed"):
        final_status_of(word)


@pytest.mark.parametrize("word", ["no-answer", "NO ANSWER", "CALL_STATUS_NO_ANSWER", 7])
def test_a_status_may_be_said_in_several_ways(word: str | int) -> None:
    assert final_status_of(word) == pb.CALL_STATUS_NO_ANSWER


@pytest.mark.parametrize("word", ["unspecified", 0])
def test_a_turn_of_nobody_is_refused(word: str | int) -> None:
    with pytest.raises(InvalidCall, match="say who spoke"):
        role_of(word)
