"""What the sandbox's agent makes of a menu: the key behind what it wants."""

import re
from collections.abc import Iterator, Sequence

from sandbox.spoken_figures import split_sentences

_KEY = (
    r"(?P<key>\d|zero|one|two|three|four|five|six|seven|eight|nine|star|pound|hash)"
    r"(?: key| now)?"
)
_PRESS = rf"(?:press|dial) {_KEY}"
_FIRST_WHAT = re.compile(
    rf"\b(?:for|to) (?P<what>[^.;,]+?),? (?:please )?{_PRESS}\b", re.IGNORECASE
)
_FIRST_KEY = re.compile(rf"\b{_PRESS},? (?:for|to) (?P<what>[^.;,]+)", re.IGNORECASE)
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_DIGITS = {word: str(value) for value, word in enumerate(_WORDS)}
_DIGITS |= {"star": "*", "pound": "#", "hash": "#"}
_SOMEBODY = r"operator|someone|somebody|staff|reception|representative|speak|talk|person"


def is_menu(words: str) -> bool:
    """Say whether the words offer keys to be pressed."""
    return any(True for _ in _find_options(words))


def choose_key(words: str, wishes: Sequence[str]) -> str | None:
    """Choose the key behind the first wish that is on offer, else one that leads to a person.

    `wishes`: regular expressions, the most wanted first. Returns: None when nothing fits.
    """
    options = list(_find_options(words))
    for wish in (*wishes, _SOMEBODY):
        for what, key in options:
            if re.search(wish, what, re.IGNORECASE):
                return _DIGITS.get(key, key)
    return None


def _find_options(words: str) -> Iterator[tuple[str, str]]:
    """Give what is offered and the word for its key, sentence by sentence."""
    for sentence in split_sentences(words):
        what, key = _FIRST_WHAT.search(sentence), _FIRST_KEY.search(sentence)
        # "Press one for this, press two for that": the key first, all along, or never.
        is_key_first = key is not None and (what is None or key.start() < what.start())
        pattern = _FIRST_KEY if is_key_first else _FIRST_WHAT
        for match in pattern.finditer(sentence):
            yield match["what"], match["key"].lower()
