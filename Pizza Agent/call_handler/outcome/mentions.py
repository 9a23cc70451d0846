"""Values as people say them: what a stretch of speech may mean as money, time, number or day."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from call_handler.outcome.clauses import fold_text
from call_handler.outcome.codes import find_codes, join_codes, say_doubled
from call_handler.outcome.days import find_days, join_days
from call_handler.outcome.money import find_money
from call_handler.outcome.numbers_in_words import read_number, split_words
from call_handler.outcome.reading import Mention, Reading
from call_handler.outcome.times import find_times
from ringback.v1.call_results_pb2 import FactKind

_NUMERAL = (
    r"(?:\d+|(?:twenty|thirty|forty|fifty)(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?"
    r"|five|ten|fifteen)"
)
_PAUSED_RANGE = re.compile(
    rf"(\w+ )?\b({_NUMERAL}),\s+(?:maybe |or )?({_NUMERAL})(?=[ -](?:minutes?|mins?)\b)",
    re.IGNORECASE,
)
_PAUSED_PRICE = re.compile(  # "fourteen, uh, fifty" and "fourteen dollars, fifty"
    r"(?<!-)\b(\w+teen|ten|eleven|twelve|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
    r"(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?|dollars|euros|pounds)"
    r"(?:, (?:uh|um|er|erm),? |(?<=dollars), |(?<=euros), |(?<=pounds), )"
    r"(?=(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
    r"(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?(?! minutes| mins?\b)\b(?!-))",
    re.IGNORECASE,
)
_SLOW_PRICE = re.compile(
    r"(?<![a-z]-)(?<![a-z] )\b(\w+teen|ten|eleven|twelve)(?:\.{2,}|\u2026)\s*"
    r"(?=(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)\b(?!.{0,12}min))",
    re.IGNORECASE,
)
_STEP = 5  # minutes: people who guess say "twenty, twenty-five"


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of speech as words, and what it mentions of one kind, in order."""

    words: tuple[str, ...]
    mentions: tuple[Mention, ...]


def join_values(text: str, kind: FactKind.ValueType) -> str:
    """Take out the pauses within values of a kind, so that a pause ends no value."""
    folded = fold_text(_SLOW_PRICE.sub(r"\1 ", text) if kind == FactKind.FACT_KIND_MONEY else text)
    match kind:
        case FactKind.FACT_KIND_TIME:
            return _PAUSED_RANGE.sub(_join_range, folded)
        case FactKind.FACT_KIND_MONEY:
            return _PAUSED_RANGE.sub(_join_range, _PAUSED_PRICE.sub(r"\1 ", folded))
        case FactKind.FACT_KIND_NUMBER:
            return join_codes(folded)
        case FactKind.FACT_KIND_DAY:
            return join_days(folded)
        case _:
            return folded


def read_passage(text: str, kind: FactKind.ValueType, wanted: Sequence[str] = ()) -> Passage:
    """Read what a joined text mentions of a kind; in free text the `wanted` words."""
    words = tuple(split_words(text))
    match kind:
        case FactKind.FACT_KIND_MONEY:
            return Passage(words, tuple(find_money(words)))
        case FactKind.FACT_KIND_TIME:
            return Passage(words, tuple(find_times(words)))
        case FactKind.FACT_KIND_NUMBER:
            words = tuple(say_doubled(words))
            return Passage(words, tuple(find_codes(words)))
        case FactKind.FACT_KIND_DAY:
            return Passage(words, tuple(find_days(words)))
        case _:
            return Passage(words, tuple(_find_words(words, wanted)))


def normalise(value: str, kind: FactKind.ValueType) -> tuple[Reading, ...]:
    """Bring a claimed value into its normal form, the likeliest first.

    Returns: more than one for a date such as 5/6; none when the value cannot be read as its kind,
    or names two values.
    """
    if kind not in _READ_KINDS:
        wanted = split_words(value)
        return (_words_reading(value, wanted),) if wanted else ()
    passage = read_passage(join_values(value, kind), kind)
    found = {mention.readings[0]: mention for mention in passage.mentions}
    if len(found) > 1:
        found = {reading: each for reading, each in found.items() if each.is_plain}
    if len(found) == 1:
        (mention,) = found.values()
        return mention.readings if kind == FactKind.FACT_KIND_DAY else mention.readings[:1]
    if kind == FactKind.FACT_KIND_TIME and re.fullmatch(r"\s*\d{1,3}\s*", value):
        return normalise(f"{value} minutes", kind)
    return ()


_READ_KINDS = frozenset(
    (
        *(FactKind.FACT_KIND_MONEY, FactKind.FACT_KIND_TIME),
        *(FactKind.FACT_KIND_NUMBER, FactKind.FACT_KIND_DAY),
    )
)


def _join_range(found: re.Match[str]) -> str:
    """Join "twenty, twenty-five minutes"; not "fourteen fifty, twenty minutes"."""
    before = read_number(split_words(found[1] or ""), 0)
    low, high = (read_number(split_words(found[part]), 0) for part in (2, 3))
    if before is not None or low is None or high is None or not low.value < high.value:
        return found[0]
    if low.value % _STEP or high.value % _STEP:
        return found[0]
    return f"{found[1] or ''}{found[2]} to {found[3]}"


def _find_words(words: Sequence[str], wanted: Sequence[str]) -> list[Mention]:
    length = len(wanted)
    reading = _words_reading(" ".join(wanted), wanted)
    return [
        Mention(start, start + length, (reading,))
        for start in range(len(words) - length + 1 if length else 0)
        if list(words[start : start + length]) == list(wanted)
    ]


def _words_reading(value: str, wanted: Sequence[str]) -> Reading:
    return Reading("words", value, (("words", " ".join(wanted)),))
