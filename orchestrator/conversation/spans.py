"""A message while it is being read: what was understood is taken out, the rest stays."""

import re
import unicodedata

from foundation.text import clean_text, strip_bidi

TAKEN = "\x1e"  # stands where something was taken out; no pattern of words matches it

_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "`": "'"})
_DASHES = re.compile("[\u2010-\u2015]")


def tidy_message(text: str) -> str:
    """Clean what a person typed: plain quotes and dashes, no control or bidi signs, one-line."""
    cleaned, _changed = clean_text(text)
    plain = unicodedata.normalize("NFKC", strip_bidi(cleaned)).translate(_QUOTES)
    plain = _DASHES.sub("-", plain)
    without_controls = "".join(
        " " if char in "\r\t\v\f" or (unicodedata.category(char) == "Cc" and char != "\n") else char
        for char in plain
    )
    lines = (" ".join(line.split()) for line in without_controls.split("\n"))
    return "\n".join(line for line in lines if line)


class Remainder:
    """The part of a message that nobody has understood yet."""

    def __init__(self, text: str) -> None:
        self.text = text

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Find the pattern and take it out; None when it does not occur."""
        found = pattern.search(self.text)
        if found is not None:
            self.take_span(found.start(), found.end())
        return found

    def take_span(self, start: int, end: int) -> None:
        """Take out the characters from `start` to `end`; positions of the rest stay."""
        self.text = self.text[:start] + TAKEN * (end - start) + self.text[end:]

    def plain(self) -> str:
        """Return what is left as one phrase, without the marks of what was taken."""
        return " ".join(self.text.replace(TAKEN, " ").split())
