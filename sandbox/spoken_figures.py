"""Prices and times as people say them on the telephone, read from text."""

import re

_UNITS = (
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_VALUES = {word: value for value, word in enumerate(_UNITS, start=1)}
_VALUES |= {word: 10 * (tens + 2) for tens, word in enumerate(_TENS)}
_DIGITS, _TEENS, _WHOLE_TENS = "|".join(_UNITS[:9]), "|".join(_UNITS[9:]), "|".join(_TENS)
_COUNT = rf"(?:\d+|(?:{_WHOLE_TENS})(?:[- ](?:{_DIGITS}))?|{_TEENS}|{_DIGITS}|a hundred)"
_CENTS = rf"(?:{_WHOLE_TENS})(?:[- ](?:{_DIGITS}))?|{_TEENS}"
_NO_CLOCK = r"(?<!\bat )(?<!\bby )(?<!\baround )"
_MONEY = "dollars?|bucks|euros?|pounds?"
_PRICES = (
    re.compile(rf"(?P<whole>{_COUNT}) (?:{_MONEY})(?: and)? (?P<cents>{_COUNT})(?: cents?)?\b"),
    re.compile(r"[$\u20ac\u00a3]? ?(?P<whole>\d+)[.,](?P<cents>\d\d)\b"),
    re.compile(r"[$\u20ac\u00a3] ?(?P<whole>\d+)(?P<cents>)\b"),
    re.compile(rf"(?<!\d[.,])\b(?P<whole>{_COUNT})(?P<cents>) (?:{_MONEY})\b"),
    re.compile(
        rf"{_NO_CLOCK}\b(?P<whole>{_COUNT}) (?P<cents>{_CENTS})\b(?! minutes?)",
    ),
)
_TIMES = (
    (re.compile(rf"\b({_COUNT})[- ](?:to {_COUNT} )?(?:minutes?|mins?)\b"), "{} minutes"),
    (re.compile(r"\b(half an hour)\b"), "30 minutes"),
    (re.compile(r"\b((?:a )?quarter of an hour)\b"), "15 minutes"),
    (re.compile(r"(?<!half )(?<!quarter of )\b((?:an|one|1) hour)\b"), "60 minutes"),
    (re.compile(r"\bat (\d{1,2}(?::\d\d)?(?: ?[ap]m)?)(?![\d.])"), "{}"),
)
_HOUR = rf"(?:1[0-2]|\d|{_DIGITS}|ten|eleven|twelve)"
_HALF = r"(?: (?P<half>[ap])\.?m\b\.?)?"
_CLOCKS = (
    re.compile(rf"\b(?P<hour>\d{{1,2}})[:.](?P<minute>\d\d)\b{_HALF}"),
    re.compile(rf"\b(?P<past>half|quarter|ten|twenty) past (?P<hour>{_HOUR})\b{_HALF}"),
    re.compile(rf"\b(?P<hour>{_HOUR}) (?P<minute>{_CENTS})\b(?! (?:minutes?|dollars?)){_HALF}"),
    re.compile(rf"\b(?P<hour>{_HOUR}) o'clock\b"),
    re.compile(rf"\b(?P<hour>{_HOUR}) (?P<half>[ap])\.?m\b"),
    re.compile(rf"\bat (?P<hour>{_HOUR})\b"),
)
_PAST = {"half": 30, "quarter": 15, "ten": 10, "twenty": 20}
_TELLS_CLOCK = re.compile(r"\b(?:at|by|around|past|o'clock|[ap]m)\b", re.IGNORECASE)
_BARE_COUNT = re.compile(rf"\W*(?:about |only |just )?({_COUNT})\W*(?:please)?\W*")
_FIGURE = rf"(?:{_DIGITS}|zero|oh)"
_NUMBER = re.compile(
    rf"\bnumber (?:is |would be |will be )?(?P<said>\d+|{_FIGURE}(?:[ ,-]+{_FIGURE})+)\b",
    re.IGNORECASE,
)
_DAY = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:the day after )?tomorrow|today)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def split_sentences(text: str) -> list[str]:
    """Split what was said into its sentences; none for no words."""
    return [sentence for sentence in _SENTENCE.split(text.strip()) if sentence]


def find_price(text: str) -> str | None:
    """Give the last price in a text as `14.50`; None when there is none."""
    folded = text.lower()
    found = [
        (match.start(), order, match)
        for order, pattern in enumerate(_PRICES)
        for match in pattern.finditer(folded)
    ]
    if not found:
        return None
    # The last one said counts ("fourteen fifty, sorry, sixteen"); of two readings at one place
    # the earlier pattern, which reads more of it.
    _, _, match = max(found, key=lambda each: (each[0], -each[1]))
    cents = match["cents"]
    return f"{_count(match['whole'])}.{_count(cents) if cents else 0:02d}"


def find_time(text: str) -> str | None:
    """Give the last time in a text as `20 minutes` or the hour as said; None when there is none."""
    folded = text.lower()
    found = [
        (match.start(), match, wording)
        for pattern, wording in _TIMES
        for match in pattern.finditer(folded)
    ]
    if not found:
        return None
    _, match, wording = max(found, key=lambda each: each[0])
    said = match[1]
    return wording.format(_count(said) if wording == "{} minutes" else said)


def find_clock(text: str) -> str | None:
    """Give the last time of day in a text as `3:30` or `3:30 pm`; None when there is none."""
    folded = text.lower()
    found = [
        (match.start(), -order, match)
        for order, pattern in enumerate(_CLOCKS)
        for match in pattern.finditer(folded)
    ]
    if not found:
        return None
    _, _, match = max(found, key=lambda each: each[:2])
    parts = match.groupdict()
    minute = _PAST.get(parts.get("past") or "", 0)
    if parts.get("minute"):
        minute = _count(parts["minute"])
    half = f" {parts['half']}m" if parts.get("half") else ""
    return f"{_count(parts['hour'])}:{minute:02d}{half}"


def find_ready(text: str) -> str | None:
    """Give the last span or time of day at which something is ready; None without one."""
    span = find_time(text)
    if span is not None or not _TELLS_CLOCK.search(text):
        return span
    return find_clock(text)


def find_bare_count(text: str) -> int | None:
    """Give the number that somebody says and nothing else; None for anything more."""
    said = _BARE_COUNT.fullmatch(text.lower())
    return _count(said[1]) if said else None


def find_number(text: str) -> str | None:
    """Give the digits of a number that is called one ("order number four seven one")."""
    match = _NUMBER.search(text)
    if match is None:
        return None
    words = re.split(r"[ ,-]+", match["said"].lower())
    return "".join(word if word.isdigit() else str(_VALUES.get(word, 0)) for word in words)


def find_day(text: str) -> str | None:
    """Give the last day in a text, as said; None when there is none."""
    said = _DAY.findall(text)
    return said[-1] if said else None


def _count(said: str) -> int:
    """Give the value of `14`, `fourteen`, `thirty-two` or `a hundred`."""
    if said.isdigit():
        return int(said)
    if said == "a hundred":
        return 100
    return sum(_VALUES[word] for word in re.split(r"[- ]", said))
