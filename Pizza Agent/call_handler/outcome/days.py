"""Days as people say and write them: "next Tuesday", "the fourteenth of May", "14/5", "tomorrow".

No current date is known here: "tomorrow" stays tomorrow, and a weekday has no date.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from call_handler.outcome.numbers_in_words import TENS, length_of, read_number, read_run, word_at
from call_handler.outcome.reading import Mention, Reading

_WEEKDAY_NAMES = (*("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),)
_MONTH_NAMES = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
_ORDINAL_WORDS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"),
    *("tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth"),
    *("seventeenth", "eighteenth", "nineteenth", "twentieth"),
)
_ORDINALS = {word: value for value, word in enumerate(_ORDINAL_WORDS, start=1)} | {"thirtieth": 30}
_WEEKDAYS = {name.lower(): name for name in _WEEKDAY_NAMES} | {
    short: name
    for shorts, name in zip(
        ("mon", "tue tues", "wed weds", "thu thur thurs", "fri", "sat", "sun"),
        _WEEKDAY_NAMES,
        strict=True,
    )
    for short in shorts.split()
}
_MONTHS = {name.lower(): name for name in _MONTH_NAMES}
_MONTHS |= {name[:3].lower(): name for name in _MONTH_NAMES} | {"sept": "September"}
_SUFFIXES = frozenset(("st", "nd", "rd", "th"))
_WEEKS = {"next": "next", "following": "next", "this": "this", "coming": "this"}
_RELATIVE = (  # the longer wording first
    (("the", "day", "after", "tomorrow"), "day after tomorrow"),
    (("day", "after", "tomorrow"), "day after tomorrow"),
    (("tomorrow",), "tomorrow"),
    (("today",), "today"),
    (("tonight",), "today"),
    (("this", "morning"), "today"),
    (("this", "afternoon"), "today"),
    (("this", "evening"), "today"),
)
_GLUE = frozenset(("the", "of", "on", "that's", "which", "is", "a"))
_AFTER_BARE = frozenset(
    ("", "at", "then", "is", "works", "would", "please", "in", "if", "ok", "okay", "and", "or")
) | {"sounds", "for", "not", "no", "isn't", "from", "around"}
_COUNTED = frozenset(("minutes", "minute", "hours", "dollars", "euros", "pounds", "o'clock"))
_LAST_DAY, _MONTHS_A_YEAR = 31, 12
_YEARS = range(2000, 2100)
_WEEK_DAYS = 7

_ISO = re.compile(r"\b(20\d\d)-(\d\d?)-(\d\d?)\b")
_SLASHED = re.compile(
    r"(?<![\d/.,])(\d\d?)(?:/(\d\d?)(?:/(\d{4}|\d\d))?|([.-])(\d\d?)\4(\d{4}))(?![\d/])"
)
_NAMES = "|".join((*_WEEKDAYS, *_MONTHS, "tomorrow", "today"))
_DAYISH = rf"(?:\d{{1,2}}(?:st|nd|rd|th)?|{_NAMES}|{'|'.join(_ORDINALS)})"
_PAUSED = re.compile(
    rf"\b({_DAYISH}),\s+(?=(?:on )?(?:the )?(?:{_DAYISH}\b(?![.:,]\d)|20\d\d\b|twenty[ -]))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a day: its names and values, where it ends; `other` is its second meaning."""

    end: int
    parts: dict[str, int | str]
    other: dict[str, int | str] = field(default_factory=dict)


def join_days(text: str) -> str:
    """Take the pauses out of dates, and write dates in figures in words."""
    text = _ISO.sub(lambda found: _in_words(found[0], found[3], found[2], found[1]), text)
    text = _SLASHED.sub(_slashed_in_words, text)
    return _PAUSED.sub(_join_parts, text)


def _join_parts(found: re.Match[str]) -> str:
    """Join "Tuesday, the fourteenth"; not "closed Monday, Tuesday is fine"."""
    after = found.string[found.end() :].lower().split(maxsplit=1)
    is_list = found[1].lower() in _WEEKDAYS and bool(after) and after[0].strip(".,") in _WEEKDAYS
    return found[0] if is_list else f"{found[1]} "


def find_days(words: Sequence[str]) -> Iterator[Mention]:
    """Give each day that the words may name, with all that is said of it."""
    at = 0
    while at < len(words):
        part = _read_part(words, at)
        if part is None:
            at += 1
            continue
        parts, other, end = dict(part.parts), {**part.parts, **part.other}, part.end
        while (more := _next_part(words, end)) is not None and not parts.keys() & more.parts.keys():
            parts |= more.parts
            other |= more.parts | more.other
            end = more.end
        meanings = [parts, other] if parts != other else [parts]
        yield Mention(at, end, tuple(_reading(meaning) for meaning in meanings))
        at = end


def ordinal_figures(word: str) -> str:
    """Give the figures of an ordinal: `fourteenth` is 14; "" for any other word."""
    return str(_ORDINALS[word]) if word in _ORDINALS else ""


def _next_part(words: Sequence[str], at: int) -> _Part | None:
    """Read what goes on about the same day, such as `, the fourteenth`."""
    for skipped in range(3):
        part = _read_part(words, at + skipped) if at + skipped < len(words) else None
        if part is not None:
            return part
        if word_at(words, at + skipped) not in _GLUE:
            return None
    return None


def _read_part(words: Sequence[str], at: int) -> _Part | None:
    for wording, name in _RELATIVE:
        if tuple(words[at : at + len(wording)]) == wording:
            return _Part(at + len(wording), {"relative": name})
    return _read_ahead(words, at) or _read_weekday(words, at) or _read_date(words, at)


def _read_ahead(words: Sequence[str], at: int) -> _Part | None:
    """Read `in three days`, `in a week`."""
    if words[at] != "in":
        return None
    number = read_number(words, at + 1)
    is_one = word_at(words, at + 1) in {"a", "one"}
    count = 1 if is_one else number.value if number else 0
    unit_at = at + 1 + (number.length if number else 1)
    days = {"day": 1, "days": 1, "week": _WEEK_DAYS, "weeks": _WEEK_DAYS}.get(
        word_at(words, unit_at), 0
    )
    if not count or not days:
        return None
    ahead = count * days
    return _Part(unit_at + 1, {"relative": "tomorrow" if ahead == 1 else f"in {ahead} days"})


def _read_weekday(words: Sequence[str], at: int) -> _Part | None:
    week = _WEEKS.get(words[at], "")
    name_at = at + bool(week)
    name = _WEEKDAYS.get(word_at(words, name_at), "")
    if not name:
        return None
    is_short = word_at(words, name_at) in {"sat", "sun"}  # "we sat", "in the sun"
    if is_short and not _is_date_near(words, name_at):
        return None
    parts: dict[str, int | str] = {"weekday": name}
    if week:
        parts["week"] = week
    end = name_at + 1
    if tuple(words[end : end + 2]) == ("after", "next"):
        return _Part(end + 2, {"weekday": name, "week": "after next"})
    return _Part(end, parts)


def _is_date_near(words: Sequence[str], at: int) -> bool:
    before = word_at(words, at - 1) in {"on", "next", "for", "by"}
    after = word_at(words, at + 1) == "the" or read_number(words, at + 1) is not None
    return before or after or len(words) == 1


def _read_date(words: Sequence[str], at: int) -> _Part | None:
    if words[at] == "dated":
        return _read_figures(words, at)
    month = _MONTHS.get(words[at], "")
    if month:
        return _read_after_month(words, at, month)
    day, end, is_ordinal = _read_day(words, at)
    if not day:
        return None
    of_at = end + (word_at(words, end) == "of")
    month = _MONTHS.get(word_at(words, of_at), "")
    if month:
        return _with_year(words, of_at + 1, {"day": day, "month": month})
    return _Part(end, {"day": day}) if _stands_alone(words, at, end, is_ordinal) else None


def _stands_alone(words: Sequence[str], at: int, end: int, is_ordinal: bool) -> bool:
    """Say whether a number without a month is a day: "the fourteenth", not "the first one"."""
    before = word_at(words, at - 1)
    is_after_weekday = before in _WEEKDAYS or (
        before == "the" and word_at(words, at - 2) in _WEEKDAYS
    )
    if not is_ordinal:
        return is_after_weekday and before == "the"
    is_marked = words[at][0].isdigit() or before == "the" or is_after_weekday
    follows = word_at(words, end)
    return is_marked and (follows in _AFTER_BARE or follows in _WEEKDAYS)


def _read_after_month(words: Sequence[str], at: int, month: str) -> _Part | None:
    day_at = at + 1 + (word_at(words, at + 1) == "the")
    day, end, _ = _read_day(words, day_at)
    if not day or word_at(words, end) in _COUNTED:
        return None
    return _with_year(words, end, {"day": day, "month": month})


def _read_day(words: Sequence[str], at: int) -> tuple[int, int, bool]:
    """Read a day of the month: its number (0: none), where it ends, whether it is an ordinal."""
    word = word_at(words, at)
    if word in _ORDINALS:
        return _ORDINALS[word], at + 1, True
    tens = TENS.get(word, 0)
    unit = _ORDINALS.get(word_at(words, at + 1), 0)
    if tens in {20, 30} and 0 < unit < 10:  # noqa: PLR2004 - twenty-first to thirty-first
        value, end, is_ordinal = tens + unit, at + 2, True
    else:
        number = read_number(words, at)
        if number is None:
            return 0, at, False
        end = at + number.length
        is_ordinal = word_at(words, end) in _SUFFIXES
        value, end = number.value, end + is_ordinal
    return (value, end, is_ordinal) if 0 < value <= _LAST_DAY else (0, at, False)


def _with_year(words: Sequence[str], at: int, parts: dict[str, int | str]) -> _Part:
    run = read_run(words, at)
    values = [number.value for number in run]
    year = values[0] if len(values) == 1 else 0
    if len(values) == 2 and values[0] == 20:  # noqa: PLR2004 - "twenty twenty-six"
        year = values[0] * 100 + values[1]
    if year not in _YEARS:
        return _Part(at, parts)
    return _Part(at + length_of(run), {**parts, "year": year})


def _read_figures(words: Sequence[str], at: int) -> _Part | None:
    """Read a date in figures that may be the day's or the month's first, after `dated`."""
    figures = [int(word) for word in words[at + 1 : at + 4] if word.isdigit()]
    if len(figures) < 2:  # noqa: PLR2004 - a day and a month
        return None
    first, second, *rest = figures
    year: dict[str, int | str] = {"year": rest[0]} if rest and rest[0] in _YEARS else {}
    if max(first, second) > _MONTHS_A_YEAR or not min(first, second):
        return None
    return _Part(
        at + 3 + bool(year),
        {"day": first, "month": _MONTH_NAMES[second - 1], **year},
        {"day": second, "month": _MONTH_NAMES[first - 1]},
    )


def _slashed_in_words(found: re.Match[str]) -> str:
    first, second = int(found[1]), int(found[2] or found[5] or 0)
    year = found[3] or found[6] or ""
    year = f"20{year}" if len(year) == 2 else year  # noqa: PLR2004 - "26"
    if found[0] == "24/7" or not second:
        return found[0]
    if first > _MONTHS_A_YEAR or found[4] == ".":  # with dots the day always comes first
        return _in_words(found[0], str(first), str(second), year)
    if second > _MONTHS_A_YEAR:
        return _in_words(found[0], str(second), str(first), year)
    return f"dated {first} {second} {year}" if first else found[0]


def _in_words(text: str, day: str, month: str, year: str) -> str:
    if not 1 <= int(day) <= _LAST_DAY or not 1 <= int(month) <= _MONTHS_A_YEAR:
        return text
    return f"{int(day)}th of {_MONTH_NAMES[int(month) - 1]} {year}".strip()


def _reading(parts: dict[str, int | str]) -> Reading:
    weekday = " ".join(str(parts[name]) for name in ("week", "weekday") if name in parts)
    if parts.get("week") == "after next":
        weekday = f"{parts['weekday']} after next"
    named = ("day", "month", "year") if "month" in parts else ()
    date = " ".join(str(parts[name]) for name in named if name in parts)
    if "day" in parts and "month" not in parts:
        date = f"the {_with_suffix(int(parts['day']))}"
    told = " ".join(each for each in (weekday, date) if each)
    written = ", ".join(each for each in (str(parts.get("relative", "")), told) if each)
    return Reading("day", written, tuple(parts.items()))


def _with_suffix(day: int) -> str:
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}th" if day in {11, 12, 13} else f"{day}{suffix}"
