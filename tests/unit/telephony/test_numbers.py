"""Number policy: emergency numbers in any dress, texts that hide something, countries and types."""

import re
import unicodedata

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneMetadata
from phonenumbers.shortdata import _AVAILABLE_REGION_CODES

from telephony.emergency_numbers import EMERGENCY_NUMBERS
from telephony.numbers import (
    DEFAULT_TYPES,
    EMERGENCY_REASON,
    NumberRefused,
    check_number,
    region_of,
)

US = frozenset({"US"})
EVERYWHERE = frozenset(phonenumbers.SUPPORTED_REGIONS)
FULL_WIDTH = str.maketrans("0123456789", "".join(map(chr, range(0xFF10, 0xFF1A))))
COUNTRY_CODES = sorted(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE))


def refusal_of(text: str, allowed: frozenset[str] = US) -> NumberRefused:
    with pytest.raises(NumberRefused) as refused:
        check_number(text, allowed_regions=allowed)
    return refused.value


def test_the_frozen_list_holds_every_number_that_the_library_knows() -> None:
    """Fails when a newer library knows an emergency number more: then freeze the list again."""
    patterns = set()
    for region in _AVAILABLE_REGION_CODES:
        metadata = PhoneMetadata.short_metadata_for_region(region)
        if metadata and metadata.emergency and metadata.emergency.national_number_pattern:
            patterns.add(metadata.emergency.national_number_pattern)
    combined = re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
    known = {
        digits
        for length in range(2, 7)
        for digits in (str(number).zfill(length) for number in range(10**length))
        if combined.fullmatch(digits)
    }
    assert known - EMERGENCY_NUMBERS == set()
    assert len(known) == 243


PREFIXES = [
    *("", "+", "00", "011", "0", "+1", "1", "001", "0111", "+49", "+490", "0049", "+44", "+33"),
    *("+39", "+61", "+91", "+86", "+376", "+352", "+7", "+52"),
]
SHAPES = ["{}", "({})", " {} ", "-{}", "{}.", "/{}/"]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_emergency_number_is_refused_behind_every_prefix(prefix: str) -> None:
    plain = [prefix + number for number in sorted(EMERGENCY_NUMBERS)]
    spaced = [f"{prefix} {' '.join(number)}" for number in sorted(EMERGENCY_NUMBERS)]
    texts = [shape.format(text) for text in plain for shape in SHAPES] + spaced
    texts += [text.translate(FULL_WIDTH) for text in plain]
    assert [text for text in texts if refusal_of(text).reason != EMERGENCY_REASON] == []


def decorated(number: str, choose: st.DataObject) -> str:
    """Dress an emergency number as people and programs do."""
    prefix = choose.draw(
        st.sampled_from(["", "+", "00", "011", "0"])
        | st.builds(
            lambda start, code, trunk: start + code + trunk,
            st.sampled_from(["", "+", "00", "011"]),
            st.sampled_from(COUNTRY_CODES),
            st.sampled_from(["", "0"]),
        )
    )
    separator = choose.draw(st.sampled_from(["", " ", "-", ".", "/", "\u00a0"]))
    text = prefix + separator.join(number)
    if choose.draw(st.booleans()):
        text = f"({text})"
    if choose.draw(st.booleans()):
        text = text.translate(FULL_WIDTH)
    return choose.draw(st.sampled_from(["{}", " {}", "{} ", "\t{}\n"])).format(text)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(EMERGENCY_NUMBERS)), st.data())
def test_no_dress_of_an_emergency_number_is_dialled(number: str, choose: st.DataObject) -> None:
    text = decorated(number, choose)
    with pytest.raises(NumberRefused) as refused:
        check_number(text, allowed_regions=EVERYWHERE)
    if len(unicodedata.normalize("NFKC", text.strip())) <= 20:
        assert refused.value.reason == EMERGENCY_REASON, text


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(EMERGENCY_NUMBERS)),
    st.sampled_from([",,1", ";ext=1", "#", "*", "w1", "p1", "x5", " ext 9", ",", ";", "\u200b"]),
    st.sampled_from(["", "+", "+1"]),
)
def test_no_suffix_smuggles_an_emergency_number(number: str, suffix: str, prefix: str) -> None:
    with pytest.raises(NumberRefused):
        check_number(prefix + number + suffix, allowed_regions=US)


@pytest.mark.parametrize(
    "text",
    ["+1911", "00112", "0112", "\uff10\uff19\uff11\uff11", "988", "111", "115", "999", "9-1-1",
     "+1 (911)", "+49 0112", "011 911", "+44 999", "116117", "+49 116 117", "933", "112"],
)  # fmt: skip
def test_what_the_library_misses_is_refused(text: str) -> None:
    assert refusal_of(text).reason == EMERGENCY_REASON


@pytest.mark.parametrize(
    "text",
    ["1-800-FLOWERS", "911,,1", ",,911#", "+1415555w0100", "+14155550100;ext=911", "+1415555010*",
     "+14155550100#", "tel:+14155550100", "+1415555\u06600100", "sip:luigi@example.com",
     "++14155550100", "+1415+5550100", "+1\u202e4155550100", "+1415555\x000100", "\u00b911"],
)  # fmt: skip
def test_text_that_is_no_plain_number_is_refused(text: str) -> None:
    assert refusal_of(text)


@pytest.mark.parametrize("text", ["", "   ", "\t\n", "+", "-"])
def test_an_empty_number_is_refused(text: str) -> None:
    assert refusal_of(text)


def test_a_number_of_more_than_twenty_characters_is_refused() -> None:
    assert "20" in refusal_of("+1 415 555 0100 000000").reason


@pytest.mark.parametrize(
    "text",
    ["+14155550100", "+1 415 555 0100", "(415) 555-0100", "415.555.0100", "4155550100",
     "14155550100", "0014155550100", "011 1 415 555 0100", "\uff0b\uff11 415 555 0100"],
)  # fmt: skip
def test_the_usual_ways_to_write_a_number_give_e164(text: str) -> None:
    assert check_number(text, allowed_regions=US) == "+14155550100"


def test_without_plus_two_allowed_countries_leave_the_country_open() -> None:
    assert "country code" in refusal_of("4155550100", frozenset({"US", "CA"})).reason


def test_national_text_that_begins_like_an_emergency_number_asks_for_the_plus_form() -> None:
    assert "+" in refusal_of("9115551234").reason
    paris = frozenset({"FR"})
    assert check_number("+33 1 73 00 12 34", allowed_regions=paris) == "+33173001234"


@pytest.mark.parametrize(
    ("number", "region"),
    [("+18095551234", "DO"), ("+16045551234", "CA"), ("+442079460123", "GB"),
     ("+4930123456", "DE")],
)  # fmt: skip
def test_another_region_is_refused_also_one_with_our_country_code(number: str, region: str) -> None:
    assert "country or territory" in refusal_of(number).reason
    assert check_number(number, allowed_regions={region}) == number


@pytest.mark.parametrize(
    "number",
    ["+19005551234", "+449012345678", "+39899123456", "+979123456789", "+447012345678",
     "+88213123456", "+881612345678", "+18005551234", "+15005550006"],
)  # fmt: skip
def test_premium_personal_satellite_and_toll_free_numbers_are_refused(number: str) -> None:
    assert refusal_of(number, EVERYWHERE)


def test_toll_free_may_be_allowed_and_premium_never() -> None:
    everything = set(range(100))
    number = check_number("+18005551234", allowed_regions=US, allowed_types=everything)
    assert number == "+18005551234"
    with pytest.raises(NumberRefused):
        check_number("+19005551234", allowed_regions=US, allowed_types=everything)


def test_a_short_national_number_is_refused_and_a_six_digit_plan_is_not() -> None:
    assert refusal_of("+49 12345", frozenset({"DE"}))
    assert check_number("+376 712 345", allowed_regions={"AD"}) == "+376712345"


def test_no_allowed_country_refuses_all() -> None:
    assert refusal_of("+14155550100", frozenset())


@pytest.mark.parametrize("last", range(100, 200))
def test_the_sandboxs_numbers_pass(last: int) -> None:
    number = f"+14155550{last}"
    assert check_number(number, allowed_regions=US) == number


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_refused_or_becomes_a_valid_number(text: str) -> None:
    try:
        number = check_number(text, allowed_regions=EVERYWHERE)
    except NumberRefused:
        return
    parsed = phonenumbers.parse(number)
    assert phonenumbers.is_valid_number(parsed)
    assert phonenumbers.number_type(parsed) in DEFAULT_TYPES


def test_a_refusal_does_not_repeat_the_number() -> None:
    assert "5551234" not in str(refusal_of("+18095551234"))


def test_the_region_of_a_number_is_told() -> None:
    assert region_of("+14155550199") == "US"
    assert region_of("+16045551234") == "CA"
    assert region_of("rubbish") is None
