"""Amounts of money as people say them: "fourteen fifty" is 14.50."""

import re
from collections.abc import Iterator, Sequence

from call_handler.outcome.numbers_in_words import (
    Number,
    length_of,
    read_number,
    read_run,
    word_at,
)
from call_handler.outcome.reading import Mention, Reading

_SIGNS = {"$": "dollar", "\u20ac": "euro", "\u00a3": "pound"}
_SINGULAR = {"dollar": "dollar", "buck": "dollar", "euro": "euro", "pound": "pound"} | {
    "quid": "pound"
}
_CURRENCY = (
    _SIGNS
    | _SINGULAR
    | {"dollars": "dollar", "bucks": "dollar", "usd": "dollar", "euros": "euro", "eur": "euro"}
    | {"pounds": "pound", "gbp": "pound"}
)
_CENTS = frozenset(("cent", "cents", "pence", "penny", "p"))
_WRITTEN = re.compile(r"(\d{1,3}(?:,\d{3})+|\d{1,3}(?:\.\d{3})+|\d{1,9})(?:[.,](\d\d?))?")
_CLOCK_BEFORE = frozenset(("at", "by", "until", "till", "around", "before", "after", "ready"))
_CLOCK_AFTER = frozenset(("am", "pm", "o'clock", "sharp"))
_DAY_AFTER = frozenset(("tonight", "today", "tomorrow"))
_PRICED = frozenset(("looking", "priced", "in"))  # "you're looking at fourteen fifty"
_LABELS = frozenset(
    ("number", "table", "extension", "street", "code", "reference", "room", "ticket", "booking")
)
_NO_PRICE_BEFORE = _CLOCK_BEFORE | _LABELS | {"in", "a", "an"}
_AFTER_PRICE = frozenset(
    (
        "",
        "please",
        "on",
        "now",
        "today",
        "total",
        "until",
        "yesterday",
        "altogether",
        "all",
        "in",
        "cash",
        "then",
        "for",
        "with",
        "plus",
        "and",
    )
) | {"or", "ok", "okay", "even", "only", "flat", "is", "if", "including", "without", "not", "no"}
_TIME_UNITS = frozenset(("minutes", "minute", "mins", "min", "hours", "hour", "hrs", "hr"))
_HOURS, _HALF_HOURS, _MINUTES, _PER_CENT = 24, 12, 60, 100
_TWO_DIGITS = 10
_UNPOINTED = range(100, 10_000)  # "1450": how a transcript may write "fourteen fifty"


def find_money(words: Sequence[str]) -> Iterator[Mention]:
    """Give each amount that the words may name; a bare whole number is a faint one."""
    at = 0
    while at < len(words):
        mention = _read_at(words, at)
        if mention is not None:
            yield mention
        run_length = length_of(read_run(words, at))
        at = max(at + 1, at + run_length, mention.end if mention else 0)


def _read_at(words: Sequence[str], at: int) -> Mention | None:
    if words[at] in _SIGNS:
        return _read_signed(words, at)
    if words[at] in {"a", "an"} and word_at(words, at + 1) in _SINGULAR:
        return _read_named(words, at, at + 1, [Number(1, "1", 1)])
    if words[at][0].isdigit() and not words[at].isdigit():
        return _read_decimal(words, at)
    run = read_run(words, at)
    return _read_words(words, at, run) if run else None


def _read_words(words: Sequence[str], at: int, run: Sequence[Number]) -> Mention | None:
    end = at + length_of(run)
    after = word_at(words, end)
    if after in _TIME_UNITS:  # "fourteen fifty twenty minutes": the last one is no money
        end, run = end - run[-1].length, run[:-1]
        return _read_pair(words, at, end, run) if len(run) > 1 else None
    if after in _CURRENCY:
        return _read_named(words, at, end, run)
    if after in _CENTS:
        return _mention(at, end + 1, [_pair_cents(run) or run[-1].value])
    return _read_fraction(words, at, end, run) or _read_bare(words, at, end, run)


def _read_bare(words: Sequence[str], at: int, end: int, run: Sequence[Number]) -> Mention | None:
    if len(run) > 1:
        return _read_pair(words, at, end, run)
    is_pronoun = words[at] == "one" and run[0].value == 1  # "the large one is sixteen"
    if is_pronoun or word_at(words, end) not in _AFTER_PRICE:
        return None
    if word_at(words, at - 1) in _NO_PRICE_BEFORE:
        return None
    cents = [run[0].value * _PER_CENT]
    if words[at].isdigit() and run[0].value in _UNPOINTED:
        cents.append(run[0].value)
    return _mention(at, end, cents, is_plain=False)


def _read_fraction(
    words: Sequence[str], at: int, end: int, run: Sequence[Number]
) -> Mention | None:
    """Read `fourteen and a half euros` and `fourteen point five oh`."""
    whole = _as_whole(run) * _PER_CENT
    currency = _CURRENCY.get(word_at(words, end + 3), "")
    if tuple(words[end : end + 3]) == ("and", "a", "half") and currency:
        return _mention(at, end + 4, [whole + _PER_CENT // 2], currency)
    rest = read_run(words, end + 1) if word_at(words, end) == "point" else []
    digits = "".join(number.digits for number in rest)
    if not rest or len(digits) > 2:  # noqa: PLR2004 - cents have two digits
        return None
    rest_end = end + 1 + length_of(rest)
    currency = _CURRENCY.get(word_at(words, rest_end), "")
    return _mention(at, rest_end + bool(currency), [whole + int(digits.ljust(2, "0"))], currency)


def _read_signed(words: Sequence[str], at: int) -> Mention | None:
    """Read `$14.50`, `$14` and what may follow it: `$14 and 50 cents`."""
    currency = _SIGNS[words[at]]
    written = _WRITTEN.fullmatch(word_at(words, at + 1))
    if written is not None and not words[at + 1].isdigit():
        return _mention(at, at + 2, [_cents(written)], currency)
    number = read_number(words, at + 1)
    if number is None:
        return None
    end = at + 1 + number.length
    more, end = _read_cents(words, end)
    return _mention(at, end, [number.value * _PER_CENT + more], currency)


def _read_decimal(words: Sequence[str], at: int) -> Mention | None:
    written = _WRITTEN.fullmatch(words[at])
    currency = _CURRENCY.get(word_at(words, at + 1), "")
    if written is None or word_at(words, at + 1) in _TIME_UNITS:
        return None
    cents = _cents(written)
    whole, part = divmod(cents, _PER_CENT)
    is_time = whole < _HOURS and part < _MINUTES and _is_clock(words, at, at + 1, whole)
    if is_time and not currency:
        return None
    return _mention(at, at + 1 + bool(currency), [cents], currency)


def _read_named(words: Sequence[str], at: int, end: int, run: Sequence[Number]) -> Mention:
    """Read `fourteen dollars`, `fourteen dollars and fifty cents`, `fourteen dollars fifty`."""
    whole = _as_whole(run)
    currency = _CURRENCY[words[end]]
    more, rest_end = _read_cents(words, end + 1)
    if rest_end > end + 1:
        return _mention(at, rest_end, [whole * _PER_CENT + more], currency)
    pair = _pair_cents(run)
    readings = [whole * _PER_CENT] if pair is None else [pair, whole * _PER_CENT]
    return _mention(at, end + 1, readings, currency)


def _read_cents(words: Sequence[str], at: int) -> tuple[int, int]:
    """Read the cents that may follow whole units; give them and the end, `at` when none do."""
    joined = word_at(words, at) == "and"
    rest = read_run(words, at + joined)
    end = at + joined + length_of(rest)
    follows = word_at(words, end)
    values = [number.value for number in rest]
    if follows in _CENTS and len(rest) == 1:
        return values[0], end + 1
    match values:
        case [0, cents] if cents < _TWO_DIGITS and follows not in _TIME_UNITS:
            return cents, end
        case [cents] if _TWO_DIGITS <= cents < _PER_CENT and follows in _AFTER_PRICE:
            return cents, end
        case _:
            return 0, at


def _read_pair(words: Sequence[str], at: int, end: int, run: Sequence[Number]) -> Mention | None:
    """Read `fourteen fifty` and `fourteen oh five`; not when it is a time of day or a code."""
    cents = _pair_cents(run)
    can_be_time = run[0].value < _HOURS and run[-1].value < _MINUTES
    labelled = bool(_LABELS & set(words[max(0, at - 3) : at]))
    if cents is None or labelled or (can_be_time and _is_clock(words, at, end, run[0].value)):
        return None
    readings = [cents]
    if run[0].value < _TWO_DIGITS and (len(run) == 2 or not run[1].value):  # noqa: PLR2004 - h, rest
        # "One twenty" and "one oh five" are also 120 and 105.
        readings.append((run[0].value * _PER_CENT + run[-1].value) * _PER_CENT)
    is_small = run[0].value <= _HALF_HOURS  # "for six thirty" may be a time of day
    is_plain = not (can_be_time and is_small and word_at(words, at - 1) in {"for", "about"})
    return _mention(at, end, readings, is_plain=is_plain)


def _pair_cents(run: Sequence[Number]) -> int | None:
    match [number.value for number in run]:
        case [whole, part] if _TWO_DIGITS <= part < _PER_CENT:
            return whole * _PER_CENT + part
        case [whole, 0, part] if 0 < part < _TWO_DIGITS:
            return whole * _PER_CENT + part
        case [hundreds, tens, part] if (
            hundreds < _TWO_DIGITS <= min(tens, part) and max(tens, part) < _PER_CENT
        ):
            return (hundreds * _PER_CENT + tens) * _PER_CENT + part
        case _:
            return None


def _as_whole(run: Sequence[Number]) -> int:
    return int("".join(number.digits for number in run)[:15])


def _is_clock(words: Sequence[str], at: int, end: int, whole: int) -> bool:
    near = {word_at(words, at - 1), word_at(words, at - 2)}
    if word_at(words, at - 1) == "at" and word_at(words, at - 2) in _PRICED:
        near = set()
    after = word_at(words, end)
    is_before_day = after in _DAY_AFTER and whole <= _HALF_HOURS
    return bool(near & _CLOCK_BEFORE) or after in _CLOCK_AFTER or is_before_day


def _cents(written: re.Match[str]) -> int:
    whole = int(written[1].replace(",", "").replace(".", ""))
    return whole * _PER_CENT + int((written[2] or "0").ljust(2, "0"))


def _mention(
    start: int, end: int, cents: Sequence[int], currency: str = "", *, is_plain: bool = True
) -> Mention:
    named = (("currency", currency),) if currency else ()
    readings = tuple(
        Reading("money", f"{each // _PER_CENT}.{each % _PER_CENT:02d}", (("cents", each), *named))
        for each in cents
    )
    return Mention(start, end, readings, is_plain)
