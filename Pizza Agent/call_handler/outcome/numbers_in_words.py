"""Numbers as people say them: words and digits of a text, read as tokens with values."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen"),
    *("fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
UNITS = {word: value for value, word in enumerate(_ONES)} | {"oh": 0, "nought": 0}
TEENS = {word: value for value, word in enumerate(_TEENS, start=10)}
TENS = {word: value * 10 for value, word in enumerate(_TENS, start=2)} | {"fourty": 40}
_SMALL = UNITS | TEENS | TENS
_TOKEN = re.compile(r"[$\u20ac\u00a3]|\d+(?:[.,:]\d+)*|[a-z]+(?:'[a-z]+)?|%")
_HUNDRED, _THOUSAND = 100, 1_000


@dataclass(frozen=True, slots=True)
class Number:
    """One number within a run of tokens.

    `value` in whole units; `digits` as it would be written; `length`: tokens it takes.
    """

    value: int
    digits: str
    length: int


def split_words(text: str) -> list[str]:
    """Split a text into lower-case words, numerals and currency signs; hyphens separate."""
    folded = text.lower().replace("\u2019", "'")
    return _TOKEN.findall(folded)


def read_number(words: Sequence[str], start: int) -> Number | None:
    """Read the cardinal that begins at `start`: `14`, `fourteen`, `twenty two`, `a hundred ten`.

    Returns: None when no number begins there.
    """
    first = words[start] if start < len(words) else ""
    small = _read_small(words, start)
    if first == "a" and _word(words, start + 1) in {"hundred", "thousand"}:
        small = Number(1, "1", 1)
    if small is None:
        return None
    value, length = small.value, small.length
    scale = _word(words, start + length)
    if scale not in {"hundred", "thousand"} or value == 0:
        return small
    value *= _HUNDRED if scale == "hundred" else _THOUSAND
    length += 1
    after = length + (_word(words, start + length) == "and")
    rest = read_number(words, start + after)
    if rest is not None and rest.value < value and _word(words, start + after) != "a":
        value += rest.value
        length = after + rest.length
    return Number(value, str(value), length)


def read_run(words: Sequence[str], start: int) -> list[Number]:
    """Read all numbers that follow one another from `start`, such as `four seventy one`."""
    numbers: list[Number] = []
    at = start
    while (number := read_number(words, at)) is not None:
        numbers.append(number)
        at += number.length
    return numbers


def find_runs(words: Sequence[str]) -> Iterator[tuple[int, list[Number]]]:
    """Give each run of numbers with the position of its first word."""
    at = 0
    while at < len(words):
        run = read_run(words, at)
        if run:
            yield at, run
        at += sum(number.length for number in run) or 1


def _read_small(words: Sequence[str], start: int) -> Number | None:
    word = _word(words, start)
    if word.isdigit():
        return Number(int(word), word, 1)
    if word in TENS:
        unit = UNITS.get(_word(words, start + 1), 0)
        if unit:
            return Number(TENS[word] + unit, str(TENS[word] + unit), 2)
        return Number(TENS[word], str(TENS[word]), 1)
    if word in _SMALL:
        return Number(_SMALL[word], str(_SMALL[word]), 1)
    return None


def _word(words: Sequence[str], at: int) -> str:
    return words[at] if 0 <= at < len(words) else ""
