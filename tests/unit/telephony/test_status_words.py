"""Status words: the carrier's vocabulary and its one direction."""

import itertools

import pytest

from ringback.v1.call_results_pb2 import CallStatus
from telephony.status_words import is_terminal, rises, status_of_word

ORDER = ["queued", "initiated", "ringing", "in-progress"]
TERMINAL = ["completed", "busy", "no-answer", "failed", "canceled"]


def number(word: str) -> int:
    status = status_of_word(word)
    assert status is not None
    return status


@pytest.mark.parametrize("word", ORDER + TERMINAL)
def test_each_word_has_the_status_of_its_name(word: str) -> None:
    name = CallStatus.Name(status_of_word(word) or CallStatus.CALL_STATUS_UNSPECIFIED)
    assert name == "CALL_STATUS_" + word.upper().replace("-", "_")


def test_an_unknown_word_has_no_status() -> None:
    assert status_of_word("teleported") is None


def test_exactly_the_terminal_words_are_terminal() -> None:
    assert [word for word in ORDER + TERMINAL if is_terminal(number(word))] == TERMINAL
    assert is_terminal(CallStatus.CALL_STATUS_UNKNOWN)
    assert not is_terminal(CallStatus.CALL_STATUS_UNSPECIFIED)
    assert not is_terminal(4711)


@pytest.mark.parametrize(("earlier", "later"), list(itertools.combinations([*ORDER, "busy"], 2)))
def test_status_rises_and_never_falls(earlier: str, later: str) -> None:
    assert rises(number(earlier), number(later))
    assert not rises(number(later), number(earlier))


@pytest.mark.parametrize(("old", "new"), list(itertools.product(TERMINAL, ORDER + TERMINAL)))
def test_a_terminal_word_never_changes(old: str, new: str) -> None:
    assert not rises(number(old), number(new))


def test_the_same_word_is_no_news() -> None:
    assert not any(rises(number(word), number(word)) for word in ORDER + TERMINAL)


def test_unknown_gives_way_to_the_carriers_last_word_only() -> None:
    unknown = CallStatus.CALL_STATUS_UNKNOWN
    assert rises(unknown, CallStatus.CALL_STATUS_COMPLETED)
    assert not rises(unknown, CallStatus.CALL_STATUS_RINGING)
    assert rises(CallStatus.CALL_STATUS_RINGING, unknown)
    assert not rises(unknown, unknown)
