"""The person's name, in the person's words."""

import re

from orchestrator.conversation.spans import TAKEN, Remainder

# Never a name by itself, whatever its capital says.
_NOT_NAMES = frozenset(
    [
        "i",
        "yes",
        "no",
        "ok",
        "okay",
        "please",
        "thanks",
        "thank",
        "hello",
        "hi",
        "hey",
        "sorry",
        "actually",
        "pick",
        "pickup",
        "pick-up",
        "delivery",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "today",
        "tonight",
        "tomorrow",
        "and",
        "the",
        "a",
        "an",
        "my",
        "me",
        "us",
        "you",
        "them",
        "it",
        "order",
        "call",
        "two",
        "one",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "delivered",
        "takeaway",
        "collection",
        "not",
        "hungry",
        "good",
        "great",
        "fine",
        "here",
        "sure",
        "correct",
        "right",
        "perfect",
        "cool",
        "dinner",
        "lunch",
        "breakfast",
        "breakfast",
        "now",
        "make",
        "change",
        "cancel",
        "instead",
        "also",
        "add",
        "remove",
        "large",
        "small",
        "medium",
        "what",
        "when",
        "where",
        "who",
        "how",
        "why",
        "is",
        "are",
        "can",
        "could",
        "would",
        "if",
        "but",
        "or",
        "with",
        "from",
        "at",
        "for",
        "to",
        "extra",
        "all",
        "that",
        "this",
        "everything",
        "nothing",
        "yep",
        "yeah",
        "nope",
        "just",
        "only",
        "his",
        "her",
        "their",
        "our",
        "ready",
        "done",
        "vegan",
        "vegetarian",
        "allergic",
        "paying",
        "coming",
        "looking",
        "calling",
        "ordering",
        "trying",
        "having",
        "thinking",
        "very",
        "so",
        "in",
        "on",
        "of",
        "by",
        "people",
        "persons",
        "about",
        "after",
        "before",
    ]
)
_PARTICLE = r"(?:van|der|den|de|del|della|di|da|la|le|von|bin|al|el|ter|dos)"
_WORD = r"[^\W\d_][\w'-]*\.?"
_CAPITAL = r"(?-i:[A-Z\u00c0-\u00de\u0100-\u024f\u0370-\u03ff\u0400-\u042f])[\w'-]*\.?"
_PROPER = rf"(?P<name>{_CAPITAL}(?:\s+(?:{_PARTICLE}\s+){{0,2}}{_CAPITAL}){{0,3}})"
_ANY_WORDS = rf"(?P<name>{_WORD}(?:\s+{_WORD}){{0,3}})"
_STRONG = re.compile(
    r"\b(?:change |set |correct )?(?:(?:my|the|his|her|customer|order'?s?) )?"
    r"(?:(?:last|first|full) )?name(?:'s|s| is| on the order is| should be| to"
    r"| for (?:it|the order)"
    rf" is|:| =)+\s+(?:actually )?{_ANY_WORDS}",
    re.IGNORECASE,
)
_LISTED = re.compile(rf"(?:^|[,.;\n{TAKEN}])\s*name\s+{_ANY_WORDS}", re.IGNORECASE)
_UNDER = re.compile(
    r"\b(?:put it |order it |it'?s |goes )?(?:under|in) (?:the name(?: of)?|my name,?)"
    rf"\s+{_ANY_WORDS}",
    re.IGNORECASE,
)
_WEAK = (
    re.compile(rf"(?:^|[.!?]\s|,\s){_PROPER} here\b", re.IGNORECASE),
    re.compile(
        r"\b(?:i'm|i am|this is|it's|it is|they call me|call me|on behalf of|under|name)"
        rf"\s+{_PROPER}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:thanks|thank you|cheers|regards)(?: a lot)?[,.!]?\s+{_PROPER}(?=\W*$)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?:(?<=\s)|^|(?<={TAKEN}))for\s+{_PROPER}(?!')(?=\s*(?:$|[,.;!\n{TAKEN}]|and\b))",
        re.IGNORECASE,
    ),
    re.compile(rf"\s-+\s*{_PROPER}(?=\W*$)", re.IGNORECASE),
)
_ALONE = re.compile(
    # Spaces only: for `\s` the mark of what was taken is space, too, and there may be many.
    rf"(?:^|[,.;!\n{TAKEN}]) *(?:and )?{_PROPER}(?= *(?:$|[,.;!\n{TAKEN}]))",
    re.IGNORECASE,
)
_ANSWER = re.compile(
    r"^(?:no,? |sorry,? |oh,? |well,? |actually,? |hi,? |hello,? )*"
    r"(?:(?:make|put) it (?:under |for )?|it'?s |it is |that'?s |that is |i'm |i am |just |under "
    rf"|for |use |say )*{_ANY_WORDS}(?: please|,? thanks| instead)?[.!]?$",
    re.IGNORECASE,
)


def take_name(rest: Remainder) -> str:
    """Take the person's name out of the message; "" when it is not told in so many words."""
    for pattern in (_STRONG, _LISTED, _UNDER, *_WEAK):
        for found in pattern.finditer(rest.text):
            name, end = _cut_name(found["name"])
            if name:
                whole = end == len(found["name"])
                rest.take_span(found.start(), found.end() if whole else found.start("name") + end)
                return _written(name)
    return ""


def take_lone_name(rest: Remainder) -> str:
    """Take a name that stands alone between commas, as in "..., Ada Lovelace, 415 ..."."""
    for found in _ALONE.finditer(rest.text):
        name, end = _cut_name(found["name"])
        if name and end == len(found["name"]):
            rest.take_span(found.start("name"), found.end("name"))
            return _written(name)
    return ""


def take_answer_name(rest: Remainder) -> str:
    """Take the name out of the answer to "What name ...?"; "" when the answer holds none."""
    answer = rest.plain().strip(" ,.!")
    answer = re.sub(r"(?:,|\b(?:and|with|at|on))+$", "", answer).strip(" ,")
    first = re.split(r"[,;.](?:\s|$)|\band\b|\n", answer)[0].strip()
    found = _ANSWER.match(first)
    if found is None:
        return ""
    name, _end = _cut_name(found["name"])
    if name:
        place = rest.text.find(name)
        rest.take_span(max(place, 0), max(place, 0) + len(name) if place >= 0 else 0)
    return _written(name) if name else ""


def _cut_name(words: str) -> tuple[str, int]:
    """Keep the words up to the first that cannot belong to a name; also say where they end."""
    end = 0
    for word in re.finditer(r"\S+", words):
        if word.group().lower().strip(".,") in _NOT_NAMES:
            break
        end = word.end()
        if word.group().endswith(".") and len(word.group()) > 3:  # noqa: PLR2004 - "Dr." goes on
            break
    return words[:end].rstrip(" .,-"), end


def _written(name: str) -> str:
    """Write a name with capitals when the person used none."""
    return name.title().replace("'S ", "'s ") if name.islower() else name
