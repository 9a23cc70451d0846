"""Times of day as people say them: "half past six", "6.30 pm", "at six thirty"."""

import re
from collections.abc import Sequence

from call_handler.outcome.numbers_in_words import length_of, read_number, read_run, word_at
from call_handler.outcome.reading import Mention, Reading

_UNITS = frozenset(("minutes", "minute", "mins", "min", "hours", "hour", "hrs", "hr", "h"))
_TODAY = frozenset(("tonight", "today", "tomorrow"))
_WEEKDAYS = frozenset(
    ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
)
_PREPOSITIONS = frozenset(("at", "by", "around"))
_BEFORE = _PREPOSITIONS | _TODAY | _WEEKDAYS | {"for", "about", "from", "past", "ready", "say"}
_AFTER_HOUR = (
    _TODAY
    | _WEEKDAYS
    | {"", "sharp", "please", "then", "for", "on", "in", "this", "if", "ok", "okay", "works"}
    | {"is", "would", "and", "the"}
)
_HALF_WORDS = {
    ("am",): "am",
    ("in", "the", "morning"): "am",
    ("this", "morning"): "am",
    ("pm",): "pm",
    ("in", "the", "afternoon"): "pm",
    ("in", "the", "evening"): "pm",
    ("this", "afternoon"): "pm",
    ("this", "evening"): "pm",
    ("tonight",): "pm",
    ("at", "night"): "pm",
}
_CORRECTING = frozenset(("mean", "meant", "actually", "sorry", "no", "rather", "make", "wait"))
_OFFERING = frozenset(("have", "do", "offer", "ok", "okay", "got", "take"))
_SUITING = frozenset(
    (("works",), ("free",), ("then",), ("suits",), ("is", "fine"), ("is", "free"), ("is", "good"))
) | {("is", "ok"), ("is", "okay"), ("it", "is"), ("would", "work"), ("is", "possible")}
_WRITTEN = re.compile(r"(\d{1,2})[:.](\d\d)(?::\d\d)?")
_NAMED = {"midnight": (0, "am"), "noon": (12, "pm"), "midday": (12, "pm")}
_HOUR, _HALF_DAY, _DAY_HOURS, _HALF_HOURS = 60, 720, 24, 12
_TWO_DIGITS = 10


def read_clock(words: Sequence[str], at: int) -> Mention | None:
    """Read the time of day that begins at a word; None when none does."""
    if words[at] in _NAMED:
        hour, half = _NAMED[words[at]]
        return Mention(at, at + 1, (_reading(hour, 0, half),))
    return _read_relative(words, at) or _read_written(words, at) or _read_spoken(words, at)


def read_full_hour(hour: int) -> tuple[Reading, ...]:
    """Read a bare hour, of either half of the day."""
    return (_reading(hour, 0, ""),)


def _read_written(words: Sequence[str], at: int) -> Mention | None:
    """Read `6:30`, and `6.30` where the words around it speak of a time."""
    written = _WRITTEN.fullmatch(words[at])
    if written is None or not (":" in words[at] or _is_near(words, at, at + 1)):
        return None
    end = at + 1 + (word_at(words, at + 1) == "o'clock")
    return _clock(words, at, end, int(written[1]), int(written[2]))


def _read_spoken(words: Sequence[str], at: int) -> Mention | None:
    """Read `at six thirty`, `six o'clock`, `six pm`, `by six`."""
    run = read_run(words, at)
    end = at + length_of(run)
    match [number.value for number in run]:
        case [hour, minute] if minute >= _TWO_DIGITS:
            return _read_pair(words, at, end, (hour, minute))
        case [hour, 0, minute] if minute < _TWO_DIGITS:
            return _read_pair(words, at, end, (hour, minute))
        case [hour] if word_at(words, end) == "o'clock":
            return _clock(words, at, end + 1, hour, 0)
        case [hour] if _half_after(words, end)[1] or _is_full_hour(words, at, end):
            return _clock(words, at, end, hour, 0)
        case [hour] if 0 < hour <= _HALF_HOURS and at == 0 and _is_offered(words, at, end):
            return _clock(words, at, end, hour, 0, is_plain=False)
        case _:
            return None


def _read_pair(words: Sequence[str], at: int, end: int, time: tuple[int, int]) -> Mention | None:
    """Read `six thirty`: plain beside words of time; alone or as a correction maybe a price."""
    is_small = time[0] <= _HALF_HOURS  # "for fourteen fifty" is no time of day
    is_near = _is_near(words, at, end) and (is_small or _is_surely_near(words, at, end))
    is_alone = end == len(words) and (at == 0 or word_at(words, at - 1) in _CORRECTING)
    if not is_near and not (is_small and (is_alone or _is_offered(words, at, end))):
        return None
    return _clock(words, at, end, *time, is_plain=is_near)


def _read_relative(words: Sequence[str], at: int) -> Mention | None:
    """Read `half past six`, `half six`, `quarter to seven`, `ten past six`."""
    number = read_number(words, at)
    fixed = {"half": 30, "quarter": 15}.get(words[at])
    minutes = fixed if fixed is not None else number.value if number is not None else None
    end = at + (number.length if number is not None else 1)
    direction = word_at(words, end)
    if words[at] == "half" and read_number(words, end) is not None:
        direction, end = "past", end - 1
    hour = read_number(words, end + 1)
    if minutes is None or hour is None or not 0 < hour.value <= _HALF_HOURS:
        return None
    last = end + 1 + hour.length
    if minutes >= _HOUR or word_at(words, last) in _UNITS:
        return None
    if direction in {"past", "after"}:
        return _clock(words, at, last, hour.value, minutes)
    # "Forty to six" is no time of day.
    if direction in {"to", "till", "before"} and minutes <= _HOUR // 2:
        before = (hour.value - 1) or _HALF_HOURS
        return _clock(words, at, last, before, _HOUR - minutes)
    return None


def _is_near(words: Sequence[str], at: int, end: int) -> bool:
    before = {word_at(words, at - 1), word_at(words, at - 2)}
    day_at = end + (word_at(words, end) == "on")
    after = word_at(words, day_at) in _TODAY | _WEEKDAYS | {"o'clock", "sharp"}
    return bool(before & _BEFORE) or after or bool(_half_after(words, end)[1])


def _is_surely_near(words: Sequence[str], at: int, end: int) -> bool:
    before = {word_at(words, at - 1), word_at(words, at - 2)}
    is_before = bool(before & (_PREPOSITIONS | _WEEKDAYS)) and "looking" not in before
    return is_before or word_at(words, end) in {"sharp", "pm"}


def _is_offered(words: Sequence[str], at: int, end: int) -> bool:
    """Hear `six thirty works`, `I have six thirty`: a time in a talk of appointments."""
    after = tuple(words[end : end + 2])
    is_before = word_at(words, at - 1) in _OFFERING and after[:1] in {(), ("free",), ("on",)}
    return is_before or after[:1] in _SUITING or after in _SUITING


def _is_full_hour(words: Sequence[str], at: int, end: int) -> bool:
    before = {word_at(words, at - 1)}
    if word_at(words, at - 1) in {"about", "exactly"}:
        before = {word_at(words, at - 2)}
    return bool(before & _PREPOSITIONS) and word_at(words, end) in _AFTER_HOUR


def _half_after(words: Sequence[str], end: int) -> tuple[int, str]:
    """Find the half of the day that follows, such as `pm`: the words it takes, and which it is."""
    for wording, half in _HALF_WORDS.items():
        if tuple(words[end : end + len(wording)]) == wording:
            return len(wording), half
    return 0, ""


def _clock(  # noqa: PLR0913 - a place and a time
    words: Sequence[str], at: int, end: int, hour: int, minute: int, *, is_plain: bool = True
) -> Mention | None:
    if not (0 <= hour < _DAY_HOURS and 0 <= minute < _HOUR):
        return None
    length, half = _half_after(words, end)
    return Mention(at, end + length, (_reading(hour, minute, half),), is_plain)


def _reading(hour: int, minute: int, half: str) -> Reading:
    """Make a reading; without a half of the day it may be either, as shops mean it."""
    if half == "pm" and hour < _HALF_HOURS:
        hour += _HALF_HOURS
    elif half == "am" and hour == _HALF_HOURS:
        hour = 0
    if hour > _HALF_HOURS or (hour == _HALF_HOURS and half):
        half = "pm"
    elif hour == 0:
        half = "am"
    parts: list[tuple[str, int | str]] = [("minute", (hour * _HOUR + minute) % _HALF_DAY)]
    if half:
        parts.append(("half", half))
    return Reading("clock", f"{hour}:{minute:02d}", tuple(parts))
