"""Cleaning and masking of text: done once, at the door, before anything is stored or logged."""

import re
from collections.abc import Callable

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Marks, embeddings, overrides and isolates of the Unicode bidirectional algorithm (UAX 9).
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_FULL_NUMBER = re.compile(r"(?:\+|%2B)(\d)\d{3,12}(\d{4})(?!\d)", re.IGNORECASE)
_STREAM_PATH = re.compile(r"(/media-stream/[^/\s\"']+/)[^/\s\"'?#\\]+")
# All but tab and line feed, which tracebacks are made of; JSON lines have them escaped already.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_REPLACEMENT = "\ufffd"
_KEPT_DIGITS = 4


def clean_text(text: str) -> tuple[str, bool]:
    """Replace what databases and JSON refuse: NUL and lone surrogates become U+FFFD.

    Returns: the text, and whether anything was replaced.
    """
    cleaned, replaced = _UNSTORABLE.subn(_REPLACEMENT, text)
    return cleaned, replaced > 0


def clean_tree(value: object) -> object:
    """Clean every text in a tree of dicts and lists, names included."""
    return change_texts(value, lambda text: clean_text(text)[0])


def change_texts(value: object, change: Callable[[str], str]) -> object:
    """Change every text in a tree of dicts and lists, names included."""
    match value:
        case str():
            return change(value)
        case dict():
            return {
                change_texts(name, change): change_texts(one, change) for name, one in value.items()
            }
        case list():
            return [change_texts(one, change) for one in value]
        case _:
            return value


def strip_bidi(text: str) -> str:
    """Drop the controls that turn the reading direction, so that text shows as it is stored."""
    return _BIDI.sub("", text)


def escape_controls(line: str) -> str:
    """Write control characters as escapes, so that a log line shows them and obeys none."""
    return _CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode(), line)


def mask_number(number: str) -> str:
    """Mask a telephone number for a log: "+14155552671" becomes "+1*****2671"."""
    match = _FULL_NUMBER.fullmatch(number)
    if match:
        return f"+{match[1]}*****{match[2]}"
    digits = [char for char in number if char.isdigit()]
    return "*****" + "".join(digits[-_KEPT_DIGITS:] if len(digits) > 2 * _KEPT_DIGITS else [])


def mask_line(line: str) -> str:
    """Mask every full number and every media stream token in a log line."""
    line = _FULL_NUMBER.sub(r"+\1*****\2", line)
    return _STREAM_PATH.sub(r"\1*****", line)
