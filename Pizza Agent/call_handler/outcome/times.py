"""Spans and times of day as people say them: "twenty minutes", "half past six"."""

import re
from collections.abc import Iterator, Sequence

from call_handler.outcome.numbers_in_words import Number, read_number, read_run
from call_handler.outcome.reading import Mention, Reading

_MINUTES = frozenset(("minutes", "minute", "mins", "min"))
_HOURS = frozenset(("hours", "hour", "hrs", "hr"))
_HALVES = frozenset(("am", "pm"))
_BEFORE_CLOCK = frozenset(("at", "by", "around", "for", "about", "from", "past"))
_COLON = re.compile(r"(\d{1,2})[:.](\d\d)")
_NAMED_HOURS = {"midnight": 0, "noon": 12, "midday": 12}
_HOUR, _HALF_DAY, _DAY_HOURS = 60, 720, 24
_FIXED = (  # the longer wording first
    (("three", "quarters", "of", "an", "hour"), 45),
    (("a", "quarter", "of", "an", "hour"), 15),
    (("quarter", "of", "an", "hour"), 15),
    (("an", "hour", "and", "a", "half"), 90),
    (("an", "hour", "and", "a", "quarter"), 75),
    (("a", "half", "hour"), 30),
    (("half", "an", "hour"), 30),
    (("half", "hour"), 30),
    (("an", "hour"), 60),
)


def find_times(words: Sequence[str]) -> Iterator[Mention]:
    """Give each span of time and each time of day that the words may name."""
    at = 0
    while at < len(words):
        mention = _read_span(words, at) or _read_clock(words, at)
        if mention is not None:
            yield mention
        run_length = sum(number.length for number in read_run(words, at))
        at = mention.end if mention else at + (run_length or 1)


def _read_span(words: Sequence[str], at: int) -> Mention | None:
    for wording, minutes in _FIXED:
        if tuple(words[at : at + len(wording)]) == wording:
            return _span(at, at + len(wording), minutes)
    run = read_run(words, at)
    if not run:
        return None
    end = at + sum(number.length for number in run)
    joined = _word(words, end) in {"to", "or"}
    more = read_run(words, end + 1) if joined else []
    if more and _word(words, end + 1 + _length(more)) in _MINUTES | _HOURS:
        run, end = [*run, *more], end + 1 + _length(more)
    return _span_with_unit(words, at, end, run)


def _span_with_unit(
    words: Sequence[str], at: int, end: int, run: Sequence[Number]
) -> Mention | None:
    low, high = run[0].value, run[-1].value
    if tuple(words[end : end + 3]) == ("and", "a", "half") and _word(words, end + 3) in _HOURS:
        return _span(at, end + 4, high * _HOUR + _HOUR // 2)
    unit = _word(words, end)
    if unit in _MINUTES and len(run) <= 2:  # noqa: PLR2004 - from, to
        return _span(at, end + 1, low, high)
    if unit in _HOURS and len(run) <= 2:  # noqa: PLR2004 - from, to
        return _hours(words, at, end + 1, (low * _HOUR, high * _HOUR))
    if _word(words, at - 1) == "in" and unit == "" and len(run) == 1:
        return _span(at, end, low, is_plain=False)
    return None


def _hours(words: Sequence[str], at: int, end: int, span: tuple[int, int]) -> Mention:
    """Read what may follow whole hours: `and a half`, `and fifteen minutes`."""
    low, high = span
    if tuple(words[end : end + 3]) == ("and", "a", "half"):
        return _span(at, end + 3, low + _HOUR // 2, high + _HOUR // 2)
    part_at = end + (_word(words, end) == "and")
    part = read_number(words, part_at)
    if part is not None and _word(words, part_at + part.length) in _MINUTES:
        return _span(at, part_at + part.length + 1, low + part.value, high + part.value)
    return _span(at, end, low, high)


def _read_clock(words: Sequence[str], at: int) -> Mention | None:
    if words[at] in _NAMED_HOURS:
        return _clock(words, at, at + 1, _NAMED_HOURS[words[at]], 0)
    return _read_relative(words, at) or _read_written(words, at) or _read_spoken(words, at)


def _read_written(words: Sequence[str], at: int) -> Mention | None:
    """Read `6:30`, and `6.30` where the words around it speak of a time."""
    written = _COLON.fullmatch(words[at])
    if written is None or not (":" in words[at] or _is_near_clock(words, at, at + 1)):
        return None
    return _clock(words, at, at + 1, int(written[1]), int(written[2]))


def _read_spoken(words: Sequence[str], at: int) -> Mention | None:
    """Read `at six thirty`, `six o'clock`, `six pm`, `by six`."""
    run = read_run(words, at)
    end = at + _length(run)
    match [number.value for number in run]:
        case [hour, minute] | [hour, 0, minute] if _is_near_clock(words, at, end):
            return _clock(words, at, end, hour, minute)
        case [hour] if _word(words, end) == "o'clock":
            return _clock(words, at, end + 1, hour, 0)
        case [hour] if _word(words, end) in _HALVES or _ends_after_at(words, at, end):
            return _clock(words, at, end, hour, 0)
        case _:
            return None


def _read_relative(words: Sequence[str], at: int) -> Mention | None:
    """Read `half past six`, `quarter to seven`, `ten past six`."""
    number = read_number(words, at)
    fixed = {"half": 30, "quarter": 15}.get(words[at])
    minutes = fixed if fixed is not None else number.value if number is not None else None
    end = at + (number.length if number is not None else 1)
    direction = _word(words, end)
    hour = read_number(words, end + 1)
    if minutes is None or hour is None or direction not in {"past", "to"}:
        return None
    after = _word(words, end + 1 + hour.length)
    if minutes >= _HOUR or after in _MINUTES | _HOURS or (direction == "to" and minutes > 30):  # noqa: PLR2004 - "forty to six" is no time
        return None
    total = hour.value * _HOUR + (minutes if direction == "past" else -minutes)
    return _clock(words, at, end + 1 + hour.length, total // _HOUR, total % _HOUR)


def _is_near_clock(words: Sequence[str], at: int, end: int) -> bool:
    before = {_word(words, at - 1), _word(words, at - 2)}
    return (
        bool(before & _BEFORE_CLOCK) or _word(words, end) in _HALVES or (at, end) == (0, len(words))
    )


def _ends_after_at(words: Sequence[str], at: int, end: int) -> bool:
    return _word(words, at - 1) in {"at", "by"} and _word(words, end) in {"", "tonight", "today"}


def _clock(words: Sequence[str], at: int, end: int, hour: int, minute: int) -> Mention | None:
    if not (0 <= hour < _DAY_HOURS and 0 <= minute < _HOUR):
        return None
    half = _word(words, end)
    end += half in _HALVES
    if half == "pm" and hour < _DAY_HOURS // 2:
        hour += _DAY_HOURS // 2
    # A shop says "six" and means the evening: the same minute of either half of the day.
    key = f"clock:{(hour * _HOUR + minute) % _HALF_DAY}"
    return Mention(at, end, (Reading(key, f"{hour}:{minute:02d}"),))


def _span(
    at: int, end: int, low: int, high: int | None = None, *, is_plain: bool = True
) -> Mention:
    text = str(low) if high in {None, low} else f"{low}-{high}"
    return Mention(at, end, (Reading(f"span:{text}", f"{text} minutes"),), is_plain)


def _length(run: Sequence[Number]) -> int:
    return sum(number.length for number in run)


def _word(words: Sequence[str], at: int) -> str:
    return words[at] if 0 <= at < len(words) else ""
