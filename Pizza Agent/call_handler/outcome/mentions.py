"""Values as people say them: what a stretch of speech may mean as money, time or number."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from call_handler.outcome.money import find_money
from call_handler.outcome.numbers_in_words import find_runs, split_words
from call_handler.outcome.reading import Mention, Reading
from call_handler.outcome.times import find_times
from ringback.v1.call_results_pb2 import FactKind

_DOTTED = re.compile(r"\b([ap])\.\s?m\b\.?")
_REPEATED = {"double": 2, "triple": 3}
_UNITS = frozenset(
    ("minutes", "minute", "mins", "min", "hours", "hour", "dollars", "dollar", "euros", "pounds")
)


@dataclass(frozen=True, slots=True)
class Speech:
    """A stretch of speech as words, and what it mentions of one kind, in order."""

    words: tuple[str, ...]
    mentions: tuple[Mention, ...]


def read_speech(text: str, kind: FactKind.ValueType) -> Speech:
    """Read what a text mentions of a kind; for free text nothing but its words."""
    words = tuple(split_words(_DOTTED.sub(r"\1m", text.lower())))
    match kind:
        case FactKind.FACT_KIND_MONEY:
            return Speech(words, tuple(find_money(words)))
        case FactKind.FACT_KIND_TIME:
            return Speech(words, tuple(find_times(words)))
        case FactKind.FACT_KIND_NUMBER:
            words = tuple(_spread(words))
            return Speech(words, tuple(_find_numbers(words)))
        case _:
            return Speech(words, ())


def normalise(value: str, kind: FactKind.ValueType) -> Reading | None:
    """Bring a claimed value into its normal form; None when it cannot be read as its kind."""
    speech = read_speech(value, kind)
    if speech.mentions:
        return speech.mentions[-1].readings[0]
    if kind == FactKind.FACT_KIND_TIME and re.fullmatch(r"\d{1,3}", value.strip()):
        return normalise(f"{value} minutes", kind)
    return None


def _find_numbers(words: Sequence[str]) -> list[Mention]:
    mentions: list[Mention] = []
    for start, run in find_runs(words):
        end = start + sum(number.length for number in run)
        if end < len(words) and words[end] in _UNITS:
            continue
        digits = "".join(number.digits for number in run)
        first = start
        while first > 0 and len(words[first - 1]) == 1 and words[first - 1].isalpha():
            first -= 1
        code = "".join(words[first:start]).upper() + digits
        readings = tuple(Reading(f"number:{text}", text) for text in dict.fromkeys((code, digits)))
        mentions.append(Mention(first, end, readings))
    return mentions


def _spread(words: Sequence[str]) -> list[str]:
    """Split numerals at their separators and say doubled digits twice."""
    spread: list[str] = []
    times = 1
    for word in words:
        if word in _REPEATED:
            times = _REPEATED[word]
            continue
        parts = re.split(r"[.,:]", word) if word[0].isdigit() else [word]
        spread += parts * times
        times = 1
    return spread
