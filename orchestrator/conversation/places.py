"""Choices such as pick-up or delivery, and addresses, in the person's words."""

import re
from collections.abc import Mapping

from orchestrator.conversation.spans import TAKEN, Remainder

_STREET_KIND = (
    r"(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|way|court|ct|place|pl"
    r"|square|sq|terrace|close|row|alley|parkway|pkwy|highway|hwy|crescent|quay|plaza|walk)"
)
# What begins the next thought, and so ends an address.
_NEXT = (
    r"(?:and |but |or )?(?:my (?:name|number|phone|budget|mobile|cell)|(?:the )?name(?:'s|\b)"
    r"|under (?:the name|[A-Z])|for [A-Z]|call(?:[- ]?back)?\b|phone\b|number\b|budget\b|max\b"
    r"|at (?:the )?most|no more|not more|up to|please|thanks|thank you|i'm\b|i am\b|i want\b"
    r"|i'd\b|this is|it's for|from [A-Z]|order\b|ring\b|reach\b|on behalf|tell them|not to|not at"
    r"|not pick|instead|with (?:a|my)\b|as soon|asap|the order\b)"
)
_END = rf"(?=\s*(?:$|[!?;\n{TAKEN}]|(?<!\bapt)(?<!\bno)\.(?:\s|$)|,?\s+{_NEXT}))"
_PLACE = rf"(?P<place>(?!(?:me|us|my|be|the same|pick|home|go|order)\b)[^\s,.;].*?){_END}"
_BARE = (
    rf"(?P<place>\b\d+[a-z]?(?:[-/]\d+)?\s+(?:[\w'.-]+\s+){{0,4}}?{_STREET_KIND}\b\.?"
    r"(?:,?\s*(?:apartment|apt\.?|flat|unit|suite|floor|#)\s*#?\w+)?"
    r"(?:,\s*(?!(?:my|name|for|call|under|and|please|a|an|one|two)\b)[A-Z][\w'-]+"
    r"(?:\s[A-Z][\w'-]+)*)?(?:,?\s+[A-Z]{2})?(?:,?\s+\d{5}\b)?)"
)
_ADDRESSES = (
    re.compile(
        r"\b(?:change |set |make |correct )?(?:(?:the|my|its|our) )?(?:new )?(?:delivery )?address"
        rf"(?: is| to|'s| should be| was|:| =)+\s*{_PLACE}",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:please )?(?:(?:for )?(?:delivery|delivered)|deliver(?: it| them| that| this)?"
        r"|(?:bring|drop|send|take) (?:it|them|that)(?: off| over| round)?)"
        rf"(?:,)?\s+(?:to|at)\s+{_PLACE}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\bi(?:'m| am)? (?:live|living|stay|staying) (?:at|in|on)\s+{_PLACE}", re.IGNORECASE
    ),
    re.compile(rf"(?:\b(?:at|to)\s+)?{_BARE}", re.IGNORECASE),
)
_DENIED = r"(?:not|no|instead of|rather than|isn't|don't|do not|without)\s+(?:a |the |for )?"
_BEFORE_CHOICE = (
    r"(?:\b(?:change (?:it|that) to|make (?:it|that)|it'?s|it is|i(?:'d| would) (?:like|prefer)"
    r"|i(?:'ll| will)|let's do|i want|please|to be|for|as|by|to|a|via)\s+){0,4}"
)


def take_address(rest: Remainder) -> str:
    """Take a postal address out of the message; "" when there is none.

    The words that say "delivery" are left in place when they came before it, because they are a
    choice as well.
    """
    for pattern in _ADDRESSES:
        found = pattern.search(rest.text)
        if found is not None and found["place"].strip(" ,.'\""):
            cue = rest.text[found.start() : found.start("place")]
            keeps_cue = re.search(r"deliver|bring|drop|send|take", cue, re.IGNORECASE)
            rest.take_span(found.start("place") if keeps_cue else found.start(), found.end())
            return _clean_place(found["place"])
    return ""


def _clean_place(place: str) -> str:
    return " ".join(place.strip(" ,.'\"").split())


def take_choice(rest: Remainder, options: Mapping[str, str]) -> str:
    """Take the choice among `options` (value -> pattern) out of the message; "" without one.

    What is denied ("not delivery") does not count; of two options that are both denied or absent
    the answer is "", and denying one of two means the other.
    """
    denied = [value for value in options if _take_option(rest, options[value], _DENIED)]
    chosen = ""
    latest = -1
    for value, words in options.items():
        place = _take_option(rest, words, _BEFORE_CHOICE)
        if place and place > latest:
            chosen, latest = value, place
    left = [value for value in options if value not in denied]
    return chosen or (left[0] if denied and len(left) == 1 else "")


def _take_option(rest: Remainder, words: str, before: str) -> int:
    """Take every mention of one option; return where the last one ended, 0 without any."""
    pattern = re.compile(
        rf"{before}\b(?:{words})\b(?: instead| please)?(?:\s+to(?=\s*{TAKEN}))?", re.IGNORECASE
    )
    last = 0
    while found := rest.take(pattern):
        last = found.end()
    return last
