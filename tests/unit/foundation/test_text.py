"""Text: what cannot be stored is replaced, what must not be logged is masked."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.text import clean_text, mask_line, mask_number, strip_bidi


def test_nul_and_lone_surrogates_are_replaced_and_told() -> None:
    assert clean_text("a\x00b\ud800c") == ("a\ufffdb\ufffdc", True)


def test_good_text_stays_as_it_is() -> None:
    assert clean_text("two large pizzas \U0001f355") == ("two large pizzas \U0001f355", False)


@given(st.text(st.characters()))
def test_cleaned_text_can_always_be_stored(text: str) -> None:
    cleaned, changed = clean_text(text)
    assert "\x00" not in cleaned
    assert json.loads(json.dumps(cleaned).encode()) == cleaned
    assert cleaned.encode().decode() == cleaned
    assert changed == (cleaned != text)
    assert clean_text(cleaned) == (cleaned, False)


def test_turning_controls_are_dropped() -> None:
    assert strip_bidi("a\u202eb\u2066c\u200fd") == "abcd"


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("+14155552671", "+1*****2671"),
        ("+442079460123", "+4*****0123"),
        ("14155552671", "*****2671"),
        ("911", "*****"),
        ("", "*****"),
    ],
)
def test_a_masked_number_shows_its_end_at_most(number: str, masked: str) -> None:
    assert mask_number(number) == masked


def test_numbers_and_stream_tokens_vanish_from_a_line() -> None:
    line = 'to=+14155552671 From=%2B14155550199 "GET /media-stream/c1/17.ab.cd?x HTTP/1.1"'
    masked = 'to=+1*****2671 From=+1*****0199 "GET /media-stream/c1/*****?x HTTP/1.1"'
    assert mask_line(line) == masked


def test_an_order_of_digits_that_is_no_number_stays() -> None:
    assert mask_line("call_sid=CA0123456789 ms=+12 price=14.50") == (
        "call_sid=CA0123456789 ms=+12 price=14.50"
    )
