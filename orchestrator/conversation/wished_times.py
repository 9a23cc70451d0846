"""When something would suit the person, in their own words: days, dates, times of day."""

import re
from dataclasses import dataclass

from orchestrator.conversation.number_words import CARDINALS
from orchestrator.conversation.spans import TAKEN, Remainder

ALSO = "+"
"""Begins times that come to those which were told before."""

_DAYS = (
    r"(?:(?:mon|tues?|wed(?:nes)?|thur?s?|fri|satur|sat|sun)(?:day)?s?|today|tonight|tomorrow"
    r"|weekdays?|weekends?|weeks?|months?|fortnight)"
)
_PARTS = (
    r"(?:mornings?|(?:after)?noons?|evenings?|nights?|midday|midnight|lunch(?:[- ]?time)?"
    r"|o'clock|[ap]\.?m|asap|soon|soonest|any ?time|some ?time)"
)
_MONTHS = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|march|april|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_NUMBER = rf"(?:\d{{1,2}}|{'|'.join(CARDINALS)})"
_CLOCK = r"\d{1,2}(?:[:.]\d\d)?(?:[ap]\.?m|h)|\d{1,2}:\d\d"
_DATE = r"\d{1,2}(?:st|nd|rd|th)|\d{1,2}/\d{1,2}(?:/\d{2,4})?"
# Tells a time by itself.
_CORE = re.compile(rf"{_DAYS}|{_PARTS}|{_MONTHS}|{_CLOCK}|{_DATE}")
# Tells a time after such a word, the space between them included.
_CORE_AFTER = re.compile(
    rf"(?:at|by|before|after|around|about|from|between|until|till|to|past|or|and|{_DAYS}|{_MONTHS})"
    rf" {_NUMBER}|(?:on|in|of|until|before|after|{_NUMBER}|{_DATE}) may"
    r"|(?:any|every|other|few|following|next) days?|any time|after work|before work|as possible"
)
# Stands between or before times.
_LINK = re.compile(
    rf"on|at|by|before|after|around|about|from|between|until|till|to|in|the|this|next|coming|any"
    r"|every|either|or|and|but|not|also|of|half|past|quarter|early|late|earlier|later|than|as"
    r"|preferably|best|ideally|maybe|possibly|other|only|during|few|following|day|days|time"
    rf"|{_NUMBER}"
)
_NOT_FIRST = re.compile(r"on|to|and|or|of|than|in|the|but|only|about|from|also|best|time|\W")
_TOKEN = re.compile(rf"[^\s{TAKEN},;!?]+|[,;!?\n{TAKEN}]")
_ENDS = re.compile(r"(?<!\b[ap]\.m)(?<!\d[ap]\.m)\.$", re.IGNORECASE)  # the sentence, not "p.m."
_ADDS = re.compile(r"^\W*(?:or|also|and)\b|\b(?:also|as well|too)\W*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Word:
    """One word of a stretch, and whether it tells a time."""

    start: int
    end: int
    text: str
    is_core: bool


def take_times(rest: Remainder) -> str:
    """Take every word about days and times out of the message; "" when there is none."""
    adds = _ADDS.search(rest.text.strip(f"{TAKEN} ")) is not None
    phrases = []
    for start, end in _find_stretches(rest.text):
        phrases.append(" ".join(rest.text[start:end].split()))
        rest.take_span(start, end)
    return (ALSO if adds and phrases else "") + ", ".join(phrases)


def _find_stretches(text: str) -> list[tuple[int, int]]:
    """Find the longest stretches that consist of times and of what links them."""
    found: list[tuple[int, int]] = []
    stretch: list[_Word] = []
    last = ""
    for token in _TOKEN.finditer(text):
        word = _read_word(token, last, stretch)
        last = word.text
        joins = word.is_core or _LINK.fullmatch(word.text) or (word.text == "," and stretch)
        if joins:
            stretch.append(word)
        if not joins or _ENDS.search(token.group()):
            found += _trimmed(stretch)
            stretch = []
    return found + _trimmed(stretch)


def _read_word(token: re.Match[str], before: str, stretch: list[_Word]) -> _Word:
    plain = token.group().lower().rstrip(".")
    is_core = _is_core(plain, before, stretch)
    return _Word(token.start(), token.start() + len(plain), plain, is_core)


def _is_core(word: str, before: str, stretch: list[_Word]) -> bool:
    """Say whether a word tells a time, alone or after the word before."""
    if _CORE.fullmatch(word):
        return before != "good"  # "good morning" is no wish
    if stretch and stretch[-1].is_core and re.fullmatch(_NUMBER, word):
        return re.fullmatch(_NUMBER, stretch[-1].text) is not None  # "at ten thirty"
    return _CORE_AFTER.fullmatch(f"{before} {word}") is not None


def _trimmed(stretch: list[_Word]) -> list[tuple[int, int]]:
    """Cut off the links that lead nowhere; nothing is left of a stretch without a time."""
    places = [place for place, word in enumerate(stretch) if word.is_core]
    if not places:
        return []
    first = 0
    while first < places[0] and _NOT_FIRST.fullmatch(stretch[first].text):
        first += 1
    return [(stretch[first].start, stretch[places[-1]].end)]
