"""Ordered things by their English names: which one is meant, its number, its size."""

import re
from dataclasses import replace

from orchestrator.errands import Item

MOST_EACH = 99  # of one thing; more is a slip of the pen
SIZE = r"(?:extra[- ]large|small|medium|large|family|regular)"
_SIZE_WORDS = frozenset(["extra", "small", "medium", "large", "family", "regular"])
_ALREADY_PLURAL = frozenset(
    ["fries", "chips", "wings", "noodles", "nachos", "olives", "rolls", "ribs", "rings"]
)
_PIZZA = re.compile(
    r"\b(?:pizzas?|margh?eritas?|pepperonis?|salamis?|hawaiians?|funghis?|di?avol[ao]s?|quattro"
    r"|calzones?|capricciosas?|marinaras?|prosciuttos?|napoli|napolitanas?|veg(?:gie|etarian))\b",
    re.IGNORECASE,
)
# Where the noun of a phrase ends: "margherita" in "large margherita with ham, no onions".
_AFTER_NOUN = re.compile(r",|\s+(?:with|without|no|of|and|in|on)\b")


def find_item(items: tuple[Item, ...], what: str) -> int | None:
    """Return the place of the thing that `what` names, None when none or several fit."""
    words = {_singular(word) for word in re.findall(r"\w+", what.lower())} - {"one", "the"}
    words -= _SIZE_WORDS
    if not words:
        return 0 if what and len(items) == 1 else None
    fitting = [
        place
        for place, item in enumerate(items)
        if words <= {_singular(word) for word in re.findall(r"\w+", item.what.lower())}
    ]
    return fitting[0] if len(fitting) == 1 else None


def is_general(item: Item, items: tuple[Item, ...]) -> bool:
    """Say whether a thing is only "pizza", of which `items` now say the kind."""
    return item.what.lower() in {"pizza", "pizzas"} and any(
        _PIZZA.search(one.what) for one in items
    )


def is_size(text: str) -> bool:
    """Say whether the words are a size and nothing else."""
    return re.fullmatch(SIZE, text.strip(), re.IGNORECASE) is not None


def resize(what: str, size: str) -> str:
    """Put a size in front of a thing, in place of the one it had."""
    bare = re.sub(rf"^{SIZE}\s+", "", what, flags=re.IGNORECASE)
    return f"{size.lower()} {bare}"


def recount(item: Item, quantity: int) -> Item:
    """Change how many; the noun follows: "large margherita" becomes "large margheritas"."""
    quantity = max(1, min(quantity, MOST_EACH))
    if (quantity == 1) == (item.quantity == 1):
        return replace(item, quantity=quantity)
    joint = _AFTER_NOUN.search(item.what)
    end = joint.start() if joint else len(item.what)
    noun, rest = item.what[:end], item.what[end:]
    return Item(quantity, (plural(noun) if quantity > 1 else _singular_phrase(noun)) + rest)


def plural(noun: str) -> str:
    """Give the plural of an English noun phrase whose last word is the noun."""
    last = noun.rsplit(" ", 1)[-1].lower()
    if last in _ALREADY_PLURAL or (last.endswith("s") and not last.endswith("ss")):
        return noun
    if last.endswith(("ss", "x", "ch", "sh")):
        return f"{noun}es"
    return f"{noun}s"


def _singular_phrase(noun: str) -> str:
    head, space, last = noun.rpartition(" ")
    return head + space + _singular(last)


def _singular(word: str) -> str:
    """Give the singular of an English noun, the word itself when unsure."""
    if word.lower() in _ALREADY_PLURAL or word.endswith("ss") or not word.endswith("s"):
        return word
    if word.endswith(("xes", "ches", "shes", "sses")):
        return word[:-2]
    return word[:-1] if len(word) > 3 else word  # noqa: PLR2004 - "gas", "yes" are no plurals
