"""What is to be ordered, in the person's words: things with their quantities."""

import re
from dataclasses import replace

from orchestrator.conversation.number_words import QUANTITY, read_quantity
from orchestrator.conversation.spans import TAKEN, Remainder
from orchestrator.conversation.things import MOST_EACH
from orchestrator.errands import Item

_LONGEST = 300  # characters of one thing
_OPENING_WORDS = 6
_LONGEST_TAIL = 60  # characters, more than the longest words that are cut off at once
_NO_OPENING = re.compile(
    r"^\W*(?:can|could|would|will|i|i'm|i'd|we|you|let|please|hi|hello|hey|my|your|it|this|that|not|no"
    r"|actually|sorry)\b|.*[.!?]",
    re.IGNORECASE,
)

_ORDER_CUE = (
    r"(?:(?:i|we)(?:'d| would)?(?: really)? (?:like|love|fancy|want|need|take)"
    r"|(?:i|we)(?:'ll| will) (?:have|take|get|go for)|let me (?:have|get)|let's (?:have|get|order)"
    r"|(?:can|could|may|might) (?:i|we|you) (?:please )?(?:have|get|order|buy|bring)(?: me| us)?"
    r"|(?:please )?(?:order|get|buy|bring|fetch)(?: me| us)?|give (?:me|us)|ordering|to order"
    r"|(?:change |make )?(?:the|my) order(?: is| to| should be|:)+|how about|i'm after|craving|add"
    r"|make (?:it|that))"
)
_CUE = rf"(?:{_ORDER_CUE}|it'?s|also|then|and|actually|no|instead|oh|plus)"
_LEAD = re.compile(
    rf"^(?:(?:{_CUE})(?:\s+to (?:order|have|get|eat|buy|place an order for))?[\s,:]+"
    r"|(?:hi|hello|hey|good (?:morning|evening|afternoon|day)|please|ok|okay|yes|well|so|sorry|just"
    r"|only"
    r"|for me|for us)[\s,.!:]+)+",
    re.IGNORECASE,
)
_HAS_CUE = re.compile(rf"\b{_ORDER_CUE}(?:\s+to (?:order|have|get|eat|buy))?\s+\S", re.IGNORECASE)
_COUNTED = re.compile(rf"^(?P<count>{QUANTITY})\s+(?P<what>\S.*)$", re.IGNORECASE)
_PLAIN_SIZE = re.compile(
    r"^(?:extra[- ]large|small|medium|large|big|family|jumbo|regular)\b", re.IGNORECASE
)
_SEPARATOR = re.compile(
    rf"\s*(?:,\s*(?:and|plus|with also|then)?|;|\n|&|\+|\b(?:and also|and|plus|as well as)\b(?=\s+"
    rf"(?:{QUANTITY}|(?:also|some|small|medium|large|extra[- ]large)\b)))\s*",
    re.IGNORECASE,
)
_MODIFIER = re.compile(
    r"^(?:and\s+)?(?:no|without|extra|with|well[- ]|lightly|light|hold|half\b(?! a dozen)"
    r"|on the side"
    r"|gluten|thin|thick|not too|less|more|easy on|cut|double|dairy|vegan|spicy|mild|all of them"
    r"|both"
    r"|one with|the (?:other|second|first) )",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"[\s,.!?:-]*(?:\b(?:from|at|to|for|and|with|please|thanks|thank you|to be|as|under|by|on|in"
    r"|but|is"
    r"|my|the|me|us|for (?:me|us|tonight|dinner|lunch|today|now|myself)|tonight|too|also|as well"
    r"|instead|if possible|if you can|could you|can you|would be (?:great|nice|good)|via|then"
    r"|i want it"
    r"|i'd like it|i'll|it's|it|that's all|that is all|that's it|nothing else)\b)?[\s,.!?:-]*$",
    re.IGNORECASE,
)
_NOT_FOOD = re.compile(
    r"^(?:what|how|why|who|when|where|which|is|are|do|does|did|will|ignore|call|dial"
    r"|please call)\b|\?$"
    rf"|^(?:{QUANTITY}|(?:extra[- ]large|small|medium|large|family|regular))$",
    re.IGNORECASE,
)
_POLITE = frozenset(
    [
        "hi",
        "hello",
        "hey",
        "please",
        "thanks",
        "thank",
        "you",
        "ok",
        "okay",
        "yes",
        "no",
        "sure",
        "well",
        "so",
        "great",
        "cool",
        "and",
        "the",
        "a",
        "an",
        "it",
        "that",
        "this",
        "is",
        "i'm",
        "i",
        "is",
        "my",
        "for",
        "from",
        "at",
        "to",
        "with",
        "good",
        "morning",
        "evening",
        "afternoon",
        "day",
        "there",
        "sorry",
        "actually",
        "instead",
        "in",
        "of",
        "or",
        "number",
        "phone",
        "name",
        "call",
        "them",
        "me",
        "now",
        "can",
        "could",
        "would",
        "be",
        "would",
        "like",
        "want",
        "need",
        "order",
        "food",
        "some",
        "something",
        "eat",
        "hungry",
        "i'd",
        "we",
        "us",
        "help",
        "dinner",
        "lunch",
        "again",
        "hmm",
        "oh",
        "also",
        "just",
    ]
)


def take_items(rest: Remainder, *, asked: bool, opens: bool = False) -> tuple[Item, ...]:
    """Take the ordered things out of the message; empty when it names none.

    `asked`: the last question was what to order, so that words without a quantity count as well.
    `opens`: the message names a shop and nothing was ordered before, so that its first words may
    be the order: "fish and chips from Luigi's".
    """
    items: list[Item] = []
    for start, segment in _segments(rest.text):
        found = _read_segment(segment, asked=asked, follows=bool(items))
        if found:
            rest.take_span(start, start + len(segment))
            items.extend(found)
    if opens and not items:
        items = _read_opening(rest)
    return tuple(items)


def _read_opening(rest: Remainder) -> list[Item]:
    """Read the few words that stand before the shop at the beginning of a message."""
    words, _taken, _rest = rest.text.partition(TAKEN)
    if not words.strip() or len(words.split()) > _OPENING_WORDS or _NO_OPENING.match(words):
        return []
    found = _read_segment(words, asked=True, follows=False)
    if found:
        rest.take_span(0, len(words))
    return found


def _segments(text: str) -> list[tuple[int, str]]:
    """Cut a message where a thought ends: at what was taken, sentence ends, new lines."""
    pattern = rf"(?:(?![.!?;](?:\s|$))[^{TAKEN}\n;])+"
    return [(found.start(), found.group()) for found in re.finditer(pattern, text)]


def _read_segment(segment: str, *, asked: bool, follows: bool) -> list[Item]:
    """Read one thought: its things, or none when it does not speak of food."""
    cue = _HAS_CUE.search(segment)
    body = segment[cue.start() :] if cue else segment
    stripped = _trim(_LEAD.sub("", body.strip(" ,.:-")))
    if not stripped or not set(re.findall(r"[\w']+", stripped.lower())) - _POLITE:
        return []
    counted = _COUNTED.match(stripped) is not None
    sized = _PLAIN_SIZE.match(stripped) is not None
    if not (counted or sized or asked or cue) or _NOT_FOOD.search(stripped):
        return []
    if follows and not (counted or sized):
        return []
    return _split_items(stripped)


def _split_items(phrase: str) -> list[Item]:
    """Cut a phrase into things; what has no quantity of its own belongs to the thing before."""
    items: list[Item] = []
    for part in _SEPARATOR.split(phrase):
        words = _trim(
            re.sub(r"^(?:and|also|plus|then|some)\s+", "", part.strip(), flags=re.IGNORECASE)
        )
        if not words or words.lower() in _POLITE or _NOT_FOOD.search(words):
            continue
        counted = _COUNTED.match(words)
        if counted is not None:
            quantity = min(read_quantity(counted["count"]), MOST_EACH)
            items.append(Item(quantity, _trim(counted["what"])[:_LONGEST]))
        elif items and (
            _MODIFIER.match(words) or re.search(r"\b(?:with|no|without)\b", items[-1].what)
        ):
            joined = f"{items[-1].what}, {words}"
            items[-1] = replace(items[-1], what=joined[:_LONGEST])
        else:
            items.append(Item(1, _uncapitalised(words)[:_LONGEST]))
    return [item for item in items if item.quantity > 0 and item.what]


def _uncapitalised(words: str) -> str:
    """Write a phrase small that has its capital only from standing first."""
    rest = words[1:]
    return words[0].lower() + rest if rest == rest.lower() else words


def _trim(words: str) -> str:
    """Cut polite words and loose prepositions off the end."""
    before = None
    while before != words:
        before = words
        # The end alone is searched: many such words in a row must not take seconds.
        words = words[:-_LONGEST_TAIL] + _TAIL.sub("", words[-_LONGEST_TAIL:])
    return words.strip(" ,.:;-\"'")
