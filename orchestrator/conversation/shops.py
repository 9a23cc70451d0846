"""Whom to call, in the person's words: a known contact, or a name nobody knows yet."""

import re
from collections.abc import Mapping

from orchestrator.conversation.number_words import QUANTITY
from orchestrator.conversation.spans import TAKEN, Remainder

_BEFORE = (
    r"(?:\b(?:order(?:ed|ing)?(?: it)? (?:from|at|with|by)|change (?:it|the shop|that) to"
    r"|(?:please )?(?:call|ring|phone|try|ask)|from|at|with|by|to|via|of)\s+(?:the\s+)?)?"
)
_AFTER = r"(?:'s?)?(?: (?:pizza place|pizzeria|restaurant|shop|place))?(?: instead| please)?"
_NOT_SHOPS = frozenset(
    [
        "me",
        "us",
        "him",
        "her",
        "you",
        "them",
        "there",
        "here",
        "home",
        "work",
        "now",
        "back",
        "it",
        "this",
        "that",
        "the",
        "my",
        "a",
        "an",
        "one",
        "noon",
        "midnight",
        "least",
        "most",
        "once",
        "menu",
        "pick-up",
        "pickup",
        "delivery",
        "i",
    ]
)
_CAPITAL = r"(?-i:[A-Z\u00c0-\u00de])[\w'&.-]*"
_PROPER = rf"{_CAPITAL}(?:\s+(?:(?:of|the|and|&|di|da|del|la|il|a|n')\s+)?{_CAPITAL}){{0,4}}"
_STOP = (
    r"(?:for|and|my|with|please|under|to|at|on|in|the name|name|call|phone|number|their"
    r"|pick|deliver"
    r"|delivery|pickup|pick-up|as|by|today|tonight|tomorrow|it|i|i'm|is|not|instead|but|no|can)"
)
_LOWER = rf"(?P<shop>(?!{_STOP}\b)[\w'&-]+(?:\s+(?!{_STOP}\b)[\w'&-]+){{0,3}})"
_QUOTED = re.compile(r'(?:\b(?:from|at|call|with)\s+)?"(?P<shop>[^"]{2,60})"', re.IGNORECASE)
_UNKNOWN = (
    re.compile(
        r"\b(?:the )?(?:shop|restaurant|place|pizzeria)(?:'s name)?(?: is| should be|:)"
        rf"(?: called)?\s+(?P<shop>{_PROPER})",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:from|at|(?:order|book) with)\s+(?:the\s+)?(?P<shop>{_PROPER})", re.IGNORECASE
    ),
    re.compile(
        rf"\b(?:call|ring|phone|try)\s+(?:up\s+)?(?:the\s+)?(?!(?:me|back|now|us)\b)(?P<shop>{_PROPER})",
        re.IGNORECASE,
    ),
    re.compile(rf"\bfrom\s+(?:the\s+)?{_LOWER}", re.IGNORECASE),
)
_ANSWER = re.compile(
    r"^(?:no,? |sorry,? |oh,? |well,? |actually,? )*(?:(?:please )?(?:call|ring|phone|try|from|at"
    r"|it'?s"
    r"|the|use|make it|how about|what about)\s+)*"
    r"(?P<shop>[\w'&. -]{2,60}?)(?: please| instead)?[.!?]?$",
    re.IGNORECASE,
)

_NO_ANSWER = re.compile(
    rf"^(?:{QUANTITY}|and|also|plus|small|medium|large|what|which|who|how|why|i\b|i'd|we|can|could|do|is)(?:\s|$)|\?$",
    re.IGNORECASE,
)


def plain_key(name: str) -> str:
    """Reduce a shop's name to what must agree: letters and digits, no case, no apostrophe."""
    return re.sub(r"[^\w]+", " ", name.lower().replace("'", "")).strip()


def take_known_shop(rest: Remainder, contacts: Mapping[str, str]) -> str:
    """Take a shop that the contacts name out of the message; "" when none is mentioned."""
    for name in sorted(contacts, key=len, reverse=True):
        found = rest.take(_pattern_of(name))
        if found is not None:
            return name
    return ""


def _pattern_of(name: str) -> re.Pattern[str]:
    """Match a contact's name with or without its apostrophe and its final s."""
    words = plain_key(name).split()
    stem = r"[\s'-]+".join(rf"{re.escape(word[:-1])}'?{word[-1]}" for word in words)
    ending = r"(?:'?s)?" if not words[-1].endswith("s") else ""
    loose = rf"{stem}|{stem[:-3]}" if re.search(r"'s$", name.lower()) else stem
    return re.compile(rf"{_BEFORE}(?<![\w'])(?:{loose}){ending}(?!\w){_AFTER}", re.IGNORECASE)


def take_unknown_shop(rest: Remainder, cue: str = "") -> str:
    """Take the name of a shop that no contact has out of the message; "" without one.

    `cue`: pattern of what else the errand says before such a name.
    """
    quoted = rest.take(_QUOTED)
    if quoted is not None:
        return quoted["shop"].strip()
    cued = rf"\b(?:{cue})\s+(?:the\s+)?(?P<shop>{_PROPER})"
    for pattern in (*_UNKNOWN, *([re.compile(cued, re.IGNORECASE)] if cue else [])):
        for found in pattern.finditer(rest.text):
            shop = found["shop"].strip(" .,")
            if plain_key(shop).split()[0] not in _NOT_SHOPS and not shop[0].isdigit():
                rest.take_span(found.start(), found.end())
                return shop
    return ""


def take_answer_shop(rest: Remainder) -> str:
    """Take the shop out of the answer to "Which shop ...?"; "" when the answer holds none."""
    first = re.split(rf"[,;\n{TAKEN}]", rest.plain())[0].strip()
    found = _ANSWER.match(first)
    if (
        found is None
        or _NO_ANSWER.search(first)
        or plain_key(found["shop"]) in _NOT_SHOPS | {"yes", "no", "ok", ""}
    ):
        return ""
    rest.text = rest.text.replace(first, TAKEN * len(first), 1)
    return found["shop"].strip(" .")
