"""Numbers as people write and say them: quantities, digits in a row, amounts."""

import re

_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")

CARDINALS = {word: value for value, word in enumerate(_UNITS)} | {
    word: 10 * value for value, word in enumerate(_TENS, start=2)
}
_DIGIT_WORDS = {word: str(value) for value, word in enumerate(_UNITS[:10])} | {
    "oh": "0",
    "o": "0",
    "nought": "0",
    "null": "0",
}
_REPEATS = {"double": 2, "triple": 3, "treble": 3}
_TEENS_FROM = 10

_TENS_WORD = "|".join(_TENS)
_UNIT_WORD = "|".join(_UNITS[1:10])
CARDINAL = (
    rf"(?:(?:{_TENS_WORD})[- ](?:{_UNIT_WORD})|{_TENS_WORD}|{'|'.join(reversed(_UNITS[1:]))})"
)
QUANTITY = (
    r"(?:half a dozen|a dozen|(?:a )?couple(?: of)?|a pair of|another|an?"
    rf"|\d{{1,3}}(?: ?x\b)?|{CARDINAL})"
)
DIGIT_WORD = (
    rf"(?:{'|'.join(sorted([*_DIGIT_WORDS, *CARDINALS], key=len, reverse=True))}"
    r"|double|triple|treble|hundred)"
)

_FIXED_QUANTITIES = {
    "half a dozen": 6,
    "a dozen": 12,
    "couple": 2,
    "a couple": 2,
    "couple of": 2,
    "a couple of": 2,
    "a pair of": 2,
    "another": 1,
    "a": 1,
    "an": 1,
}


def read_quantity(text: str) -> int:
    """Turn a phrase that matched QUANTITY into its number."""
    phrase = " ".join(text.lower().split())
    fixed = _FIXED_QUANTITIES.get(phrase)
    if fixed is not None:
        return fixed
    digits = re.match(r"\d+", phrase)
    return int(digits.group()) if digits else read_cardinal(phrase)


def read_cardinal(text: str) -> int:
    """Turn "twenty five" into 25. Source: the words of CARDINAL, nothing above 99."""
    return sum(CARDINALS[word] for word in re.split(r"[- ]", text.lower()) if word)


def read_digits(words: list[str]) -> str:
    """Turn spoken digits into a row: "four one double five oh" is "41550", "fifty five" "55"."""
    row = ""
    repeat = 1
    for position, word in enumerate(words):
        low = word.lower()
        if low in _REPEATS:
            repeat = _REPEATS[low]
        elif low == "hundred":
            row += "00"
        else:
            row += _spoken_part(low, words[position + 1 : position + 2]) * repeat
            repeat = 1
    return row


def _spoken_part(word: str, following: list[str]) -> str:
    """Give the digits of one word; "fifty" gives "5" when a single digit completes it."""
    digit = _DIGIT_WORDS.get(word)
    if digit is not None:
        return digit
    value = CARDINALS[word]
    next_word = following[0].lower() if following else ""
    completes = next_word in _UNITS[1:_TEENS_FROM]
    return str(value // 10) if value >= 2 * _TEENS_FROM and completes else str(value)
