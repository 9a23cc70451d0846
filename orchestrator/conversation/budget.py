"""What the errand may cost, in the person's words."""

import re
from decimal import Decimal

from orchestrator.conversation.number_words import CARDINAL, read_cardinal
from orchestrator.conversation.spans import Remainder

_UNIT = r"(?:dollars?|bucks|usd|euros?|eur|pounds?|quid|gbp|francs?|chf)"
_AMOUNT = rf"(?P<sign>[$\u20ac\u00a3]\s?)?(?P<figure>\d+(?:[.,]\d{{1,2}})?|{CARDINAL})"
_MONEY = rf"(?:{_AMOUNT}(?:\s?(?P<unit>{_UNIT}|[$\u20ac\u00a3]))?)"
_STRONG = (
    r"(?:(?:my |the |a |with a |on a )?(?:budget|limit|price limit|spending limit)"
    r"(?:'s| is| of| to| should be|:)*|(?:i (?:can|will|want to) )?(?:spend|pay)(?:ing)?"
    r"|(?:it )?(?:can|may|must|should)(?: not|n't)? cost)"
)
_WEAK = (
    r"(?:no(?:t)? (?:more than|above|over)|at (?:the )?most|max(?:imum)?(?: of)?|up to|under|below"
    r"|less than|at max|around|about|over|not over|above)"
)
_BUDGETS = (
    re.compile(
        rf"\b{_STRONG}\s*(?:{_WEAK}\s*)?{_MONEY}(?: (?:at most|max(?:imum)?))?", re.IGNORECASE
    ),
    re.compile(rf"\b(?:for )?{_WEAK}\s+{_MONEY}(?![\w-]| ?(?:x\b|[a-z]))", re.IGNORECASE),
    re.compile(rf"\b(?:for )?{_WEAK}\s+{_MONEY}(?<=[a-z$\u20ac\u00a3])\b", re.IGNORECASE),
    re.compile(
        rf"{_MONEY}\s+(?:at (?:the )?most|max(?:imum)?|budget|or less|tops)\b", re.IGNORECASE
    ),
)
_BARE = re.compile(rf"^\s*{_MONEY}\s*[.!]?\s*$", re.IGNORECASE)

_FIGURE = re.compile(r"\d+(?:\.\d{1,2})?")


def costs_more(price: str, budget: str) -> bool:
    """Say whether a price is above a budget; no when one of them names no plain amount.

    Their units are not compared: a shop and its customer mean the same money.
    """
    amounts = [_FIGURE.findall(text.replace(",", "")) for text in (price, budget)]
    if any(len(found) != 1 for found in amounts):
        return False
    asked, most = (Decimal(found[0]) for found in amounts)
    return asked > most


def take_budget(rest: Remainder, *, asked: bool) -> str:
    """Take the budget out of the message; "" when it names none.

    `asked`: the last question was about the budget, so that a bare amount counts.
    """
    for pattern in (*_BUDGETS, *([_BARE] if asked else [])):
        found = pattern.search(rest.text)
        if found is not None and (pattern is not _BUDGETS[2] or found["unit"] or found["sign"]):
            rest.take_span(found.start(), found.end())
            return _written(found)
    return ""


def _written(found: re.Match[str]) -> str:
    """Write the amount with figures and the unit that the person used."""
    figure = found["figure"]
    figure = figure.replace(",", ".") if figure[0].isdigit() else str(read_cardinal(figure))
    unit = (found["unit"] or "").lower()
    sign = (found["sign"] or "").strip()
    if unit in {"$", "\u20ac", "\u00a3"}:
        return f"{unit}{figure}"
    return f"{sign}{figure} {unit}".strip()
