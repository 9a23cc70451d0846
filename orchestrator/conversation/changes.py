"""Corrections of what was already said: "no, make it two", "not Ada, Ana", "drop the cola"."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from orchestrator.conversation.number_words import QUANTITY, read_quantity
from orchestrator.conversation.spans import TAKEN, Remainder
from orchestrator.errands import Form, Item

_SIZES = ("extra large", "small", "medium", "large", "family", "regular")
_SIZE = r"(?:extra[- ]large|small|medium|large|family|regular)"
_END = rf"(?=\s*(?:$|[,.;!?\n{TAKEN}]|\b(?:please|instead|and|but)\b))"
_OLD = r"(?P<old>[\w'&+][\w'&+ -]*?)"
_NEW = r"(?P<new>[\w'&+][\w'&+ -]*?)"
_ARTICLE = r"(?:the |an? |to )?"
_SWAPS = (
    re.compile(rf"\b(?:it's |it is |that's |i said )?not {_ARTICLE}{_OLD},? (?:but |it's |it is )?{_ARTICLE}{_NEW}{_END}", re.IGNORECASE),
    re.compile(rf"\b(?:change|swap|correct) {_ARTICLE}{_OLD} (?:to|for|into|with|by) {_ARTICLE}{_NEW}{_END}", re.IGNORECASE),
    re.compile(rf"\breplace {_ARTICLE}{_OLD} (?:by|with) {_ARTICLE}{_NEW}{_END}", re.IGNORECASE),
    re.compile(rf"(?:\b(?:i'd like|i want|it's|it is|make it|that's) )?{_ARTICLE}\b{_NEW},? (?:instead of|rather than|not) {_ARTICLE}{_OLD}{_END}", re.IGNORECASE),
    re.compile(rf"\binstead of {_ARTICLE}{_OLD},? (?:i'd like |i want |make it )?{_ARTICLE}{_NEW}{_END}", re.IGNORECASE),
)  # fmt: skip
_REMOVE = re.compile(
    r"\b(?:remove|drop|delete|cancel|forget(?: about)?|leave out|take (?:off|out)|skip|without|no(?: more)?"
    rf"|not|i don't want|don't order) (?:the |any |that |a |an )?(?P<old>[\w'&+][\w'&+ -]*?){_END}",
    re.IGNORECASE,
)
_COUNT = re.compile(
    r"(?:\b(?:no|actually|sorry|oh|wait|please|hmm),?\s+)*"
    r"\b(?:make (?:it|that|them)|change (?:it|that|the (?:quantity|number|amount)) to|i (?:want|need|meant|said)"
    rf"|just|only|rather|better|actually|no,?|let's say)\s+(?:just |only )?(?P<count>{QUANTITY})"
    rf"(?:\s+of (?:them|those|these|it))?(?P<what>\s+[\w'&+][\w'&+ -]*?)??{_END}(?:,? (?:instead|please))?",
    re.IGNORECASE,
)
_COUNT_ALONE = re.compile(
    rf"^\W*(?P<count>{QUANTITY})(?: (?:instead|please|of them))*\W*$", re.IGNORECASE
)
_COUNT_OF = re.compile(
    rf"\bmake the (?P<what>[\w'&+][\w'&+ -]*?) (?:to )?(?P<count>{QUANTITY})\b{_END}", re.IGNORECASE
)
_RESIZE = re.compile(
    r"\b(?:make (?:it|that|them)|change (?:it|that|the size) to|the|i (?:said|meant|want)|rather"
    r"|actually|no,?)\s+(?:an? |the )?"
    rf"(?P<size>{_SIZE})(?: one)?{_END}",
    re.IGNORECASE,
)
_RESIZE_OF = re.compile(
    rf"\b(?:make )?the (?P<what>[\w'&+][\w'&+ -]*?) (?:an? )?(?P<size>{_SIZE})(?: one)?{_END}",
    re.IGNORECASE,
)
_WISH = re.compile(
    rf"(?:^|[,.;!\n])\s*(?:and |but |please )*(?P<wish>(?:no|without|with|extra) [\w'&+][\w'&+ -]*?){_END}",
    re.IGNORECASE,
)
_SIZE_ALONE = re.compile(
    rf"^\W*(?:(?:a|the) )?(?P<size>{_SIZE})(?: one)?(?: please)?\W*$", re.IGNORECASE
)
_ALREADY_PLURAL = frozenset(
    ["fries", "chips", "wings", "noodles", "nachos", "olives", "rolls", "ribs", "rings"]
)


@dataclass(frozen=True, slots=True)
class Changed:
    """What a message corrected: the form afterwards, and whether anything is unclear."""

    form: Form
    happened: bool = False
    unclear: str = ""  # a question for the person; empty when all was clear


def take_changes(rest: Remainder, form: Form) -> Changed:
    """Take the corrections of values that the form already holds out of the message."""
    changed = _swap_values(rest, form)
    counted = _change_counts(rest, changed.form)
    sized = _change_sizes(rest, counted.form)
    removed = _remove_items(rest, sized.form)
    wished = _add_wishes(rest, removed.form)
    happened = any(one.happened for one in (changed, counted, sized, removed, wished))
    return Changed(wished.form, happened, counted.unclear or sized.unclear)


def _swap_values(rest: Remainder, form: Form) -> Changed:
    """Put Y where X stands for every "not X, Y" whose X the form holds."""
    happened = False
    for pattern in _SWAPS:
        for found in list(pattern.finditer(rest.text)):
            old, new = found["old"].strip(), found["new"].strip()
            swapped = _swap(form, old, new)
            if swapped is not None:
                rest.take_span(found.start(), found.end())
                form, happened = swapped, True
    return Changed(form, happened)


def _swap(form: Form, old: str, new: str) -> Form | None:
    """Replace `old` by `new` in the first place that holds it; None when nothing does."""
    words = re.compile(rf"(?<!\w){re.escape(old)}(?!\w)", re.IGNORECASE)
    spelled = _capital_like(old, new)
    for name in ("name", "address", "notes"):
        value = form.get(name)
        if value and words.search(value):
            return replace(form, values={**form.values, name: words.sub(spelled, value)})
    for position, item in enumerate(form.items):
        loose = re.compile(rf"(?<!\w){re.escape(old)}s?(?!\w)", re.IGNORECASE)
        if words.search(item.what) or loose.search(item.what):
            what = loose.sub(
                plural(new) if item.quantity > 1 and " " not in new and not _is_size(new) else new,
                item.what,
            )
            return _with_item(form, position, replace(item, what=what))
        if re.fullmatch(QUANTITY, old, re.IGNORECASE) and read_quantity(old) == item.quantity:
            count = re.match(rf"(?P<count>{QUANTITY})\b", new, re.IGNORECASE)
            if count is not None:
                return _with_item(form, position, recount(item, read_quantity(count["count"])))
    return None


def _capital_like(old: str, new: str) -> str:
    """Write a new name with a capital, because names carry one even when typed without."""
    return new.title() if new.islower() and not old.isdigit() else new


def _change_counts(rest: Remainder, form: Form) -> Changed:
    """Set quantities: "make it two", "make the colas three", "only one margherita"."""
    if not form.items:
        return Changed(form)
    for pattern in (_COUNT_OF, _COUNT, _COUNT_ALONE):
        found = pattern.search(rest.text)
        if found is None:
            continue
        what = (found.groupdict().get("what") or "").strip()
        position = find_item(form.items, what)
        if what and position is None:
            continue
        if position is None and len(form.items) > 1:
            rest.take_span(found.start(), found.end())
            return Changed(form, unclear=f"How many of each, please: {_whats(form.items)}?")
        rest.take_span(found.start(), found.end())
        item = form.items[position or 0]
        return Changed(
            _with_item(
                form, position or 0, _named(recount(item, read_quantity(found["count"])), what)
            ),
            True,
        )
    return Changed(form)


def _named(item: Item, what: str) -> Item:
    """Take a new size along when the correction names one, as in "make it two small ones"."""
    size = re.match(_SIZE, what, re.IGNORECASE)
    return replace(item, what=resize(item.what, size.group())) if size else item


def _change_sizes(rest: Remainder, form: Form) -> Changed:
    """Set sizes: "make it small", "make the cola large"."""
    if not form.items:
        return Changed(form)
    for pattern in (_RESIZE_OF, _RESIZE, _SIZE_ALONE):
        found = pattern.search(rest.text)
        if found is None:
            continue
        what = (found.groupdict().get("what") or "").strip()
        position = find_item(form.items, what)
        if what and position is None:
            continue
        rest.take_span(found.start(), found.end())
        if position is None and len(form.items) > 1:
            return Changed(
                form, unclear=f"Which one shall be {found['size']}: {_whats(form.items)}?"
            )
        item = form.items[position or 0]
        return Changed(
            _with_item(form, position or 0, replace(item, what=resize(item.what, found["size"]))),
            True,
        )
    return Changed(form)


def _remove_items(rest: Remainder, form: Form) -> Changed:
    """Drop things: "no cola", "leave out the salad"; what is no item stays for other readers."""
    happened = False
    for found in list(_REMOVE.finditer(rest.text)):
        position = find_item(form.items, found["old"].strip())
        if position is not None and not _is_size(found["old"]):
            items = form.items[:position] + form.items[position + 1 :]
            form, happened = replace(form, items=items), True
            rest.take_span(found.start(), found.end())
    return Changed(form, happened)


def _add_wishes(rest: Remainder, form: Form) -> Changed:
    """Hang "no onions", "with extra cheese" on the last thing; "no thanks" is no wish."""
    found = _WISH.search(rest.text) if form.items else None
    if found is None or re.search(
        r"\b(?:thanks|thank|problem|idea|my|a name|call)\b", found["wish"], re.IGNORECASE
    ):
        return Changed(form)
    rest.take_span(found.start("wish"), found.end())
    last = form.items[-1]
    joint = " " if found["wish"].lower().startswith("with") and "," not in last.what else ", "
    wished = replace(last, what=f"{last.what}{joint}{found['wish']}")
    return Changed(_with_item(form, len(form.items) - 1, wished), True)


def find_item(items: tuple[Item, ...], what: str) -> int | None:
    """Return the place of the thing that `what` names, None when none or several fit."""
    words = {_singular(word) for word in re.findall(r"\w+", what.lower())} - {"one", "ones", "the"}
    words -= set(_SIZES)
    if not words:
        return None if len(items) != 1 or not what else 0
    fitting = [
        place
        for place, item in enumerate(items)
        if words <= {_singular(word) for word in re.findall(r"\w+", item.what.lower())}
    ]
    return fitting[0] if len(fitting) == 1 else None


def _with_item(form: Form, position: int, item: Item) -> Form:
    items = (*form.items[:position], item, *form.items[position + 1 :])
    return replace(form, items=items)


def _whats(items: Iterable[Item]) -> str:
    return " or ".join(item.what for item in items)


def _is_size(text: str) -> bool:
    return re.fullmatch(_SIZE, text.strip(), re.IGNORECASE) is not None


def resize(what: str, size: str) -> str:
    """Put a size in front of a thing, in place of the one it had."""
    bare = re.sub(rf"^{_SIZE}\s+", "", what, flags=re.IGNORECASE)
    return f"{size.lower()} {bare}"


def recount(item: Item, quantity: int) -> Item:
    """Change how many; the noun follows: "large margherita" becomes "large margheritas"."""
    quantity = max(1, min(quantity, 99))
    if (quantity == 1) == (item.quantity == 1):
        return replace(item, quantity=quantity)
    head, joint, tail = re.match(
        r"^(.*?)((?:,|\s+(?:with|without|no|of|and|in|on)\b).*)?$", item.what
    ).groups("") + ("",)  # type: ignore[union-attr, assignment]  # the pattern matches every line
    noun = plural(head) if quantity > 1 else _singular_phrase(head)
    return Item(quantity, noun + joint + tail)


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
