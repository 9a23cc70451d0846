"""Phone numbers in what a person writes: where they stand and whose they are."""

import re
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers

from orchestrator.conversation.number_words import DIGIT_WORD, read_digits
from orchestrator.conversation.spans import Remainder

_SHORTEST = 7  # digits; fewer are no phone number unless somebody says "call 911"

# A row of digits as people type them, with whatever a trickster may hang on to its end.
_TYPED = re.compile(
    r"(?<![\w$./])(?<!\d,)(?:,[, ]+)?\+?\(?\d(?:[\d ()./-]*[\d)])?"
    r"(?P<tail>(?:\s*(?:[,;]\s?)*(?:ext\.?|extension|x|;ext=)\s*\d+|,,[\d,#*]*|[#*][\d#*]*"
    r"|-[A-Z]{3,}\b)*)"
)
_SPOKEN = re.compile(
    rf"\b(?:plus )?{DIGIT_WORD}(?:[ -]{DIGIT_WORD}|,? {DIGIT_WORD}(?=[ -]{DIGIT_WORD}\b))*\b",
    re.IGNORECASE,
)
_TO_DIAL = re.compile(
    r"\b(?:call|dial|ring|phone|telephone)\s+(?:up\s+)?(?:for me\s+)?(?:the\s+)?(?:number\s+)?$",
    re.IGNORECASE,
)
_OWN_CUE = (
    r"\b(?:my(?: own)?(?: (?:phone|mobile|cell|call-?back|telephone|contact|new))?"
    r"(?: (?:number|phone|no\.?))?(?: for (?:a )?call-?backs?)?(?:'s| is| to| should be|:)?"
    r"|(?:call|ring|phone|reach|text|contact) (?:me|us)(?: back)?(?: (?:at|on|under|with))?"
    r"|(?:reach|contact|call) me|(?:a )?call-?back(?: number)?(?:'s| is| to|:)?(?: on| at)?"
    r"|i(?:'m| am) (?:at|on)|(?:the )?(?:mobile|cell|phone|tel)(?: number)?(?: is|:)?"
    r"|(?:they|you) can (?:call|reach|ring|phone|get) me(?: back)?(?: (?:at|on))?)"
)
_OWN = re.compile(rf"{_OWN_CUE}(?:\s+(?:number|is|on|at|it is|it's))*[\s:,]*$", re.IGNORECASE)
_SHOP = re.compile(
    r"(?:\b(?:their|its|the (?:shop|restaurant|place|store|pizzeria|cafe)'?s?|shop'?s?)"
    r"(?: (?:phone|telephone))?(?: number)?(?:'s| is| to|:)?|\b(?:call|dial|ring)"
    r"|(?:^|[.!?]|\bplease|\byou)\s*phone|\bthem (?:at|on)|\bfrom)[\s:,]*$",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"\b(?!(?:me|us|back|reached|reach|call|called|phone|available|am|are|is)\b)[a-z]+ at\s*$"
)  # "a haircut at +1 ...", not "Ada at +1 ..."
_AFTER_TIME = re.compile(
    r"(?<!\bme )(?<!\bus )(?<!\bavailable )\bat \d{1,2}(?:[:.]\d\d)?(?: ?[ap]\.?m\.?)? at\s*$",
    re.IGNORECASE,
)  # "Tuesday at 3 at +1 ..."
_BARE_CALL = re.compile(r"^(?:call|dial|ring)\b", re.IGNORECASE)
_CORRECTION = re.compile(
    r"\b(?:no|not|actually|instead|rather|sorry|i meant|wait)\b", re.IGNORECASE
)


class NumberOwner(StrEnum):
    """Says whose number a number is."""

    SHOP = "shop"
    PERSON = "person"
    UNSAID = "unsaid"


@dataclass(frozen=True, slots=True)
class GivenNumber:
    """A number found in a message, as it was said; not checked yet."""

    owner: NumberOwner
    said: str


class OwnNumberRefused(ValueError):
    """Says why a call-back number will not do, in plain words."""


def take_numbers(rest: Remainder) -> list[GivenNumber]:
    """Take every phone number with its cue out of the message, in the order of their places."""
    given: list[GivenNumber] = []
    told_to = 0
    for start, end, said in _find_spans(rest.text):
        owner, cue_start = _find_owner(rest.text[:start])
        has_shop = any(number.owner is NumberOwner.SHOP for number in given)
        if has_shop and _BARE_CALL.match(rest.text[cue_start:]):
            is_mended = _CORRECTION.search(rest.text[told_to:cue_start])
            owner = owner if is_mended else NumberOwner.PERSON
        told_to = end
        given.append(GivenNumber(owner, said))
        rest.take_span(cue_start, end)
    return given


def check_own_number(said: str, home_region: str | None) -> str:
    """Check the person's own number; it may lie anywhere, because nobody dials it here.

    `home_region`: of a number without a country code; None: such a number is refused.
    Returns: E.164. Raises: OwnNumberRefused.
    """
    try:
        number = phonenumbers.parse(said, home_region)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or number.extension or not phonenumbers.is_valid_number(number):
        raise OwnNumberRefused(
            f"{said} does not look like a complete phone number. Please give it with its area code"
            " (and with + and the country code when it is from abroad)."
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _find_spans(text: str) -> list[tuple[int, int, str]]:
    """Find (start, end, number as digits) of all numbers, typed ones and spoken ones."""
    spans = [
        (typed.start(), typed.end(), typed.group().strip())
        for typed in _TYPED.finditer(text)
        if _is_phone(text, typed.start(), re.sub(r"\D", "", typed.group()), bool(typed["tail"]))
    ]
    for spoken in _SPOKEN.finditer(text):
        words = re.split(r"[ ,-]+", spoken.group())
        plus = "+" if words[0].lower() == "plus" else ""
        row = read_digits(words[1:] if plus else words)
        if _is_phone(text, spoken.start(), row, has_tail=False):
            spans.append((spoken.start(), spoken.end(), plus + row))
    return sorted(spans)


def _is_phone(text: str, start: int, digits: str, has_tail: bool) -> bool:
    """Say whether a row of digits is meant as a phone number."""
    if len(digits) >= _SHORTEST or (has_tail and digits):
        return True
    return len(digits) > 2 and _TO_DIAL.search(text[:start]) is not None  # noqa: PLR2004 - "911"


def _find_owner(before: str) -> tuple[NumberOwner, int]:
    """Tell from the words before a number whose it is, and where those words begin."""
    cues = (
        (NumberOwner.SHOP, _SHOP),
        (NumberOwner.PERSON, _OWN),
        (NumberOwner.SHOP, _PLACE),
        (NumberOwner.SHOP, _AFTER_TIME),
    )
    for owner, cue in cues:
        found = cue.search(before)
        if found is not None:
            names_place = cue in {_PLACE, _AFTER_TIME}
            return owner, found.end() if names_place else found.start()
    return NumberOwner.UNSAID, len(before)
