"""Which numbers may be dialled: text, emergency, validity, country, type; both services ask here.

A refusal says why in plain words. Emergency numbers are refused whatever the settings say.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberType

from telephony.emergency_numbers import EMERGENCY_NUMBERS, LONGEST_EMERGENCY_NUMBER

EMERGENCY_REASON = "I cannot reach emergency services; dial it yourself."
LONGEST_TEXT = 20
# Toll-free and VoIP may be added by the caller; premium, shared-cost and all else never.
DEFAULT_TYPES = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
    }
)
_ALLOWABLE_TYPES = DEFAULT_TYPES | {PhoneNumberType.TOLL_FREE, PhoneNumberType.VOIP}
_TYPE_WORDS = {
    PhoneNumberType.PREMIUM_RATE: "a premium-rate number",
    PhoneNumberType.SHARED_COST: "a shared-cost number",
    PhoneNumberType.TOLL_FREE: "a toll-free number",
    PhoneNumberType.VOIP: "an internet telephony number",
    PhoneNumberType.PERSONAL_NUMBER: "a personal number",
    PhoneNumberType.PAGER: "a pager",
    PhoneNumberType.UAN: "a company-wide access number",
    PhoneNumberType.VOICEMAIL: "a voicemail access number",
}
_DECORATION = re.compile(r"[ ()./-]")
_INTERNATIONAL = re.compile(r"\+|00|011")
_MINIMUM_DIGITS = 7
_SHORT_PLAN_DIGITS = 6


class NumberRefused(Exception):
    """A number that is not dialled. `reason`: why, in words for a person; without the number."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check_number(
    text: str,
    *,
    allowed_regions: Collection[str],
    allowed_types: Collection[int] = DEFAULT_TYPES,
) -> str:
    """Check what a person or an order gave as the number to call.

    A number without its country code is read as one of the allowed region, if there is only one.
    `allowed_regions`: two-letter codes, none refuses all. Returns: E.164, such as "+14155550100".
    Raises: NumberRefused.
    """
    compact = _compact(text)
    _refuse_emergency(compact)
    number = _parse(compact, allowed_regions)
    _refuse_short(number)
    if not phonenumbers.is_valid_number(number):
        raise NumberRefused("This is not a valid telephone number.")
    region = phonenumbers.region_code_for_number(number)
    if region not in allowed_regions:
        raise NumberRefused(
            "This number is in a country or territory that I may not call"
            f" (allowed: {', '.join(sorted(allowed_regions)) or 'none'})."
        )
    kind = phonenumbers.number_type(number)
    if kind not in allowed_types or kind not in _ALLOWABLE_TYPES:
        words = _TYPE_WORDS.get(kind, "a kind of number")
        raise NumberRefused(f"This is {words} that I may not call.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def region_of(number: str) -> str | None:
    """Tell the region of an E.164 number, such as "US"; None for one that is not valid."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.region_code_for_number(parsed)


def _compact(text: str) -> str:
    """Reduce the text to digits with an optional leading plus.

    Raises: NumberRefused for anything that a library could read as letters, pause or extension.
    """
    normal = unicodedata.normalize("NFKC", text.strip())
    if not normal:
        raise NumberRefused("Please give a telephone number.")
    if len(normal) > LONGEST_TEXT:
        raise NumberRefused(f"A telephone number has at most {LONGEST_TEXT} characters.")
    compact = _DECORATION.sub("", normal)
    if not re.fullmatch(r"\+?[0-9]+", compact):
        raise NumberRefused(
            "Please give the number in digits only: no letters, pauses, extensions, # or *."
        )
    return compact


def _refuse_emergency(compact: str) -> None:
    if any(form in EMERGENCY_NUMBERS for form in _forms(compact)):
        raise NumberRefused(EMERGENCY_REASON)


def _forms(compact: str) -> Iterator[str]:
    """Yield every short reading of the number: as it is, and less what a dialler may strip."""
    digits = compact.removeprefix("+")
    bare = [digits, *(digits.removeprefix(prefix) for prefix in ("00", "011"))]
    for form in bare:
        without_code = [form]
        without_code += [form[len(code) :] for code in _COUNTRY_CODES if form.startswith(code)]
        for national in without_code:
            stripped = national
            while True:
                if len(stripped) <= LONGEST_EMERGENCY_NUMBER:
                    yield stripped
                if not stripped.startswith("0"):
                    break
                stripped = stripped[1:]


_COUNTRY_CODES = frozenset(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE))


def _parse(compact: str, allowed_regions: Collection[str]) -> PhoneNumber:
    home = next(iter(allowed_regions)) if len(allowed_regions) == 1 else None
    prefix = _INTERNATIONAL.match(compact)
    if prefix is None and home is None:
        raise NumberRefused("Please give the number with + and its country code.")
    if prefix is None and home and phonenumbers.connects_to_emergency_number(compact, home):
        # A prefix test: on national text it may only ask for the other form, never decide.
        raise NumberRefused(
            "This begins like an emergency number; give it with + and its country code."
        )
    international = prefix is not None and not (compact[0] == "0" and _is_national(compact, home))
    text = "+" + compact[prefix.end() :] if prefix is not None and international else compact
    try:
        return phonenumbers.parse(text, None if international else home)
    except phonenumbers.NumberParseException as error:
        raise NumberRefused("This is not a valid telephone number.") from error


def _is_national(compact: str, home: str | None) -> bool:
    """Say whether text that starts with 00 or 011 is already a valid number of the home region."""
    if home is None:
        return False
    try:
        return phonenumbers.is_valid_number_for_region(phonenumbers.parse(compact, home), home)
    except phonenumbers.NumberParseException:
        return False


def _refuse_short(number: PhoneNumber) -> None:
    national = phonenumbers.national_significant_number(number)
    region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    metadata = PhoneMetadata.metadata_for_region(region)
    lengths: set[int] = set()
    if metadata is not None:
        for plan in (metadata.fixed_line, metadata.mobile):
            lengths.update(plan.possible_length if plan is not None else ())
    least = _SHORT_PLAN_DIGITS if _SHORT_PLAN_DIGITS in lengths else _MINIMUM_DIGITS
    if len(national) < least:
        raise NumberRefused("This number is too short to be a subscriber's; I do not call it.")
