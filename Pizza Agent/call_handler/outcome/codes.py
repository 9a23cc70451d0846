"""Numbers and codes as people spell them: "A as in alpha, four seven double one" is A4711."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from call_handler.outcome.numbers_in_words import UNITS, length_of, read_run, word_at
from call_handler.outcome.reading import Mention, Reading

_ALPHABET = (
    *("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india"),
    *("juliet", "kilo", "lima", "mike", "november", "oscar", "papa", "quebec", "romeo"),
    *("sierra", "tango", "uniform", "victor", "whiskey", "yankee", "zulu"),
)
_LETTERS = {word: word[0] for word in _ALPHABET} | {"alfa": "a", "whisky": "w", "xray": "x"}
_REPEATED = {"double": 2, "triple": 3, "treble": 3}
_LABELS = frozenset(
    ("number", "code", "reference", "confirmation", "order", "ticket", "booking", "ref", "id")
)
_UNITS = frozenset(
    ("minutes", "minute", "mins", "min", "hours", "hour", "dollars", "dollar", "euros", "euro")
) | {"pounds", "pound", "bucks", "quid", "cents", "o'clock", "am", "pm", "past", "%", "percent"}
_SIGNS = frozenset("$\u20ac\u00a3")
_LEAST_REPEATED = 3  # of one code said twice
_LEAST_LETTERS = 3  # letters alone are a code only from here on

_SPELLED = re.compile(r"\b([a-z]) (?:as in|for|like|as) [a-z]+\b", re.IGNORECASE)
_NUMBER_SIGN = re.compile(r"#\s*(?=\w)|\b(?:no|nr)\.\s*(?=\d)", re.IGNORECASE)
_CAPITALS = re.compile(r"\b[A-Z]{2,4}\b(?=[ -]?\d)")
_GLUED = re.compile(r"\b(?=[a-z]*\d)(?=\d*[a-z])[a-z\d]{2,12}\b", re.IGNORECASE)
_MEASURE = re.compile(r"\d+(?:st|nd|rd|th|mins?|am|pm|h|hrs?|p|k|cm|kg|x)", re.IGNORECASE)
_ONE = "|".join(
    (r"\d", r"[a-z]", *UNITS, *_REPEATED, *_LETTERS),
)
_PAUSED = re.compile(rf"\b({_ONE})(?:,|\.{{2,}}| -)\s*(?=(?:{_ONE})\b(?!'))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Element:
    """One word of a code: what it stands for, and whether that is a digit."""

    text: str
    is_digit: bool


def join_codes(text: str) -> str:
    """Take the pauses and the glue out of what is spelled: `A-47`, `4, 7, 1`, `B as in Bravo`."""
    text = _NUMBER_SIGN.sub("number ", text)
    text = _CAPITALS.sub(lambda found: " ".join(found[0]), text)
    text = _GLUED.sub(lambda found: _spread(found[0]), text)
    return _PAUSED.sub(r"\1 ", _SPELLED.sub(r"\1", text))


def say_doubled(words: Sequence[str]) -> list[str]:
    """Split numerals at their separators and say doubled digits twice."""
    said: list[str] = []
    times = 1
    for word in words:
        if word in _REPEATED:
            times = _REPEATED[word]
            continue
        is_list = word[0].isdigit() and re.fullmatch(r"\d+(?:[,.]\d+){2,}|\d{1,3},\d{3}", word)
        said += (re.split(r"[.,]", word) if is_list else [word]) * times
        times = 1
    return said


def find_codes(words: Sequence[str]) -> Iterator[Mention]:
    """Give each number or code that the words may name."""
    at = 0
    while at < len(words):
        elements, end = _read_elements(words, at)
        mention = _read_code(words, at, end, elements)
        if mention is not None:
            yield mention
        at = max(end, at + 1)


def _read_elements(words: Sequence[str], at: int) -> tuple[list[_Element], int]:
    """Read what can belong to one code, from a word on, and where it ends."""
    elements: list[_Element] = []
    while at < len(words):
        word = words[at]
        letter = _LETTERS.get(word, word if len(word) == 1 and word.isalpha() else "")
        run = read_run(words, at)
        if word == "o" and elements and elements[-1].is_digit:
            elements.append(_Element("0", is_digit=True))
            at += 1
        elif run:
            elements += (_Element(number.digits, is_digit=True) for number in run)
            at += length_of(run)
        elif letter:
            elements.append(_Element(letter.upper(), is_digit=False))
            at += 1
        else:
            break
    return elements, at


def _read_code(
    words: Sequence[str], at: int, end: int, elements: Sequence[_Element]
) -> Mention | None:
    has_unit = word_at(words, end) in _UNITS
    if has_unit:  # "four seven one twenty minutes": the last number is no part of it
        elements = elements[:-1]
    digits = "".join(each.text for each in elements if each.is_digit)
    is_money = word_at(words, at - 1) in _SIGNS
    if is_money or (not digits and len(elements) < _LEAST_LETTERS):
        return None
    code = "".join(each.text for each in elements)
    # "That's a 471": the article is no part of the code.
    spelled = [code, code[1:] if not elements[0].is_digit else code, digits]
    half = len(code) // 2
    if half >= _LEAST_REPEATED and code[:half] == code[half:]:
        spelled.append(code[:half])  # "four seven one, four seven one"
    readings = tuple(Reading("number", text, (("code", text),)) for text in dict.fromkeys(spelled))
    is_labelled = bool(_LABELS & set(words[max(0, at - 4) : at]))
    real = tuple(reading for reading in readings if reading.written)
    return Mention(at, end, real, is_plain=is_labelled)


def _spread(token: str) -> str:
    return token if _MEASURE.fullmatch(token) else " ".join(token)
