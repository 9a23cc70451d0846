"""Numbers as people say them: words and digits of a text, read as tokens with values."""

import re
from collections.abc import Callable, Iterator, Sequence
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
_LONGEST = 12  # digits of a numeral; a longer one counts nothing


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


def word_at(words: Sequence[str], at: int) -> str:
    """Give the word at a position; "" before the first and after the last."""
    return words[at] if 0 <= at < len(words) else ""


def length_of(run: Sequence[Number]) -> int:
    """Count the tokens that a run of numbers takes."""
    return sum(number.length for number in run)


def read_number(words: Sequence[str], start: int) -> Number | None:
    """Read the cardinal that begins at `start`: `14`, `fourteen`, `twenty two`, `a hundred ten`.

    Returns: None when no number begins there.
    """
    head = _read_hundreds(words, start)
    if head is None or not 0 < head.value < _THOUSAND:
        return head
    return _scaled(words, start, head, "thousand", _read_hundreds)


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
        at += length_of(run) or 1


def _read_hundreds(words: Sequence[str], start: int) -> Number | None:
    head = _read_small(words, start)
    if word_at(words, start) == "a" and word_at(words, start + 1) in {"hundred", "thousand"}:
        head = Number(1, "1", 1)
    if head is None or not 0 < head.value < _HUNDRED:
        return head
    return _scaled(words, start, head, "hundred", _read_small)


def _scaled(
    words: Sequence[str],
    start: int,
    head: Number,
    scale: str,
    read_rest: Callable[[Sequence[str], int], Number | None],
) -> Number:
    """Multiply `head` when the scale follows, and add what follows the scale."""
    if word_at(words, start + head.length) != scale:
        return head
    unit = _HUNDRED if scale == "hundred" else _THOUSAND
    value, length = head.value * unit, head.length + 1
    after = length + (word_at(words, start + length) == "and")
    rest = read_rest(words, start + after)
    if rest is not None and 0 < rest.value < unit:
        value, length = value + rest.value, after + rest.length
    return Number(value, str(value), length)


def _read_small(words: Sequence[str], start: int) -> Number | None:
    word = word_at(words, start)
    if word.isdigit():
        return Number(int(word), word, 1) if len(word) <= _LONGEST else None
    if word in TENS:
        unit = UNITS.get(word_at(words, start + 1), 0)
        value = TENS[word] + unit
        return Number(value, str(value), 2 if unit else 1)
    if word in _SMALL:
        return Number(_SMALL[word], str(_SMALL[word]), 1)
    return None
