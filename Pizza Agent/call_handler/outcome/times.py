"""Spans and times of day as people say them: "twenty minutes", "half past six"."""

from collections.abc import Iterator, Sequence

from call_handler.outcome.clocks import read_clock, read_full_hour
from call_handler.outcome.numbers_in_words import (
    Number,
    length_of,
    read_number,
    read_run,
    word_at,
)
from call_handler.outcome.reading import Mention, Reading

_MINUTES = frozenset(("minutes", "minute", "mins", "min"))
_HOURS = frozenset(("hours", "hour", "hrs", "hr", "h"))
_HOUR, _HALF_DAY_HOURS = 60, 12
_LEAST_ELIDED = 5  # minutes: "two for the table" is no time
_TWO = 2  # numbers of a range, or digits of the minutes after an hour
_FIXED = (  # the longer wording first
    (("three", "quarters", "of", "an", "hour"), 45),
    (("a", "quarter", "of", "an", "hour"), 15),
    (("quarter", "of", "an", "hour"), 15),
    (("hour", "and", "a", "half"), 90),
    (("a", "half", "hour"), 30),
    (("half", "an", "hour"), 30),
    (("half", "hour"), 30),
    (("right", "away"), 0),
    (("straight", "away"), 0),
    (("immediately",), 0),
)
_PARTS = ((("and", "a", "half"), 30), (("and", "a", "quarter"), 15))
_GUESSING = frozenset(("it", "that", "like", "say", "rather", "better"))  # "make it thirty"
_AFTER_PART = frozenset(("", "or", "then", "please", "for", "if", "and"))


def find_times(words: Sequence[str]) -> Iterator[Mention]:
    """Give each span of time and each time of day that the words may name."""
    at = 0
    while at < len(words):
        mention = _read_span(words, at) or read_clock(words, at)
        if mention is not None:
            yield mention
        run_length = length_of(read_run(words, at))
        at = mention.end if mention else at + (run_length or 1)


def _read_span(words: Sequence[str], at: int) -> Mention | None:
    if words[at] in {"a", "an", "one"} and word_at(words, at + 1) == "hour":
        return _hours(words, at, at + 2, (_HOUR, _HOUR))
    for wording, minutes in _FIXED:
        if tuple(words[at : at + len(wording)]) == wording:
            return _span(at, at + len(wording), minutes)
    run = read_run(words, at)
    return _read_counted(words, at, run) if run else None


def _read_counted(words: Sequence[str], at: int, run: Sequence[Number]) -> Mention | None:
    """Read numbers and their unit; two numbers are a range, whatever stands between them."""
    end = at + length_of(run)
    joints = {"to", "or"} | ({"and"} if word_at(words, at - 1) == "between" else set())
    more = read_run(words, end + 1) if word_at(words, end) in joints else []
    unit_at = end + 1 + length_of(more)
    if more and word_at(words, unit_at) in _MINUTES | _HOURS:
        return _with_unit(words, at, unit_at, (run[-1].value, more[-1].value))
    if len(run) > _TWO and run[-2].value < run[-1].value:
        return None  # "fourteen twenty twenty-five minutes" may be split in two ways
    # "Fourteen fifty twenty minutes" is a price and a time, "twenty twenty-five minutes" a range.
    is_range = len(run) == _TWO and run[0].value < run[1].value
    low = run[0].value if is_range else run[-1].value
    return _with_unit(words, at, end, (low, run[-1].value))


def _with_unit(words: Sequence[str], at: int, end: int, span: tuple[int, int]) -> Mention | None:
    low, high = span
    unit = word_at(words, end)
    if tuple(words[end : end + 3]) == ("and", "a", "half") and word_at(words, end + 3) in _HOURS:
        return _span(at, end + 4, high * _HOUR + _HOUR // 2)
    if unit in _MINUTES:
        return _read_minutes_to(words, at, end + 1, high) or _span(at, end + 1, low, high)
    if unit in _HOURS:
        return _hours(words, at, end + 1, (low * _HOUR, high * _HOUR))
    if unit == "" and low == high and word_at(words, at - 1) in _GUESSING:
        return _read_guess(at, end, high)
    is_bare = unit == "" and "in" in words[max(0, at - 2) : at]
    # "Twenty minutes for pick-up, forty for delivery."
    is_elided = unit == "for" and at == 0 and high >= _LEAST_ELIDED
    if low != high or not (is_bare or is_elided):
        return None
    return _span(at, end, high, is_plain=is_elided)


def _read_guess(at: int, end: int, number: int) -> Mention | None:
    """Read `make it thirty` as minutes and `make it four` as an hour, or as either."""
    readings: list[Reading] = []
    if number >= _LEAST_ELIDED and number % _LEAST_ELIDED == 0:
        readings += _span(at, end, number).readings
    if 0 < number <= _HALF_DAY_HOURS:
        readings += read_full_hour(number)
    return Mention(at, end, tuple(readings), is_plain=False) if readings else None


def _read_minutes_to(words: Sequence[str], at: int, end: int, minutes: int) -> Mention | None:
    """Read `ten minutes past six`, from the words without `minutes`."""
    if word_at(words, end) not in {"past", "to", "after"}:
        return None
    inner = read_clock([str(minutes), *words[end:]], 0)
    if inner is None:
        return None
    return Mention(at, end + inner.end - 1, inner.readings, inner.is_plain)


def _hours(words: Sequence[str], at: int, end: int, span: tuple[int, int]) -> Mention:
    """Read what may follow whole hours: `and a half`, `and fifteen minutes`, `twenty`."""
    low, high = span
    for wording, minutes in _PARTS:
        if tuple(words[end : end + len(wording)]) == wording:
            return _span(at, end + len(wording), low + minutes, high + minutes)
    joined = word_at(words, end) == "and"
    part = read_number(words, end + joined)
    if part is not None and part.value < _HOUR:
        after = end + joined + part.length
        if word_at(words, after) in _MINUTES:
            return _span(at, after + 1, low + part.value, high + part.value)
        if len(part.digits) == _TWO and not joined and word_at(words, after) in _AFTER_PART:
            return _span(at, after, low + part.value, high + part.value)
    return _span(at, end, low, high)


def _span(
    at: int, end: int, low: int, high: int | None = None, *, is_plain: bool = True
) -> Mention:
    last = low if high is None else high
    text = str(low) if last == low else f"{low}-{last}"
    reading = Reading("span", f"{text} minutes", (("low", low), ("high", last)))
    return Mention(at, end, (reading,), is_plain)
