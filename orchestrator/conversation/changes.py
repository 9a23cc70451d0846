"""Corrections of what was already said: "no, make it two", "not Ada, Ana", "drop the cola"."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from orchestrator.conversation.number_words import QUANTITY, read_quantity
from orchestrator.conversation.spans import TAKEN, Remainder
from orchestrator.conversation.things import SIZE, find_item, is_size, plural, recount, resize
from orchestrator.errands import Errand, FieldKind, Form, Item

_END = rf"(?=\s*(?:$|[,.;!?\n{TAKEN}]|\b(?:please|instead|and|but)\b))"
_PHRASE = r"[\w'&+][\w'&+ -]{0,60}?"  # bounded: no message may keep the readers busy
_OLD = rf"(?P<old>{_PHRASE})"
_NEW = rf"(?P<new>{_PHRASE})"
_WHAT = rf"(?P<what>{_PHRASE})"
_THE = r"(?:the |an? |to )?"
_IT_IS = r"(?:it's |it is |that's |i said |i want |i'd like |make it )?"
_SWAPS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b{_IT_IS}not {_THE}{_OLD},? (?:but )?{_IT_IS}{_THE}{_NEW}{_END}",
        rf"\b(?:change|swap|correct) {_THE}{_OLD} (?:to|for|into|with|by) {_THE}{_NEW}{_END}",
        rf"\breplace {_THE}{_OLD} (?:by|with) {_THE}{_NEW}{_END}",
        rf"\b{_IT_IS}{_THE}\b{_NEW},? (?:instead of|rather than|not) {_THE}{_OLD}{_END}",
        rf"\binstead of {_THE}{_OLD},? {_IT_IS}{_THE}{_NEW}{_END}",
    )
)
_REMOVE = re.compile(
    r"\b(?:remove|drop|delete|cancel|forget(?: about)?|leave out|take (?:off|out)|skip|without"
    r"|no(?: more)?|not|i don't want|don't order) "
    rf"(?:the |any |that |an? )?{_OLD}{_END}",
    re.IGNORECASE,
)
_COUNT = re.compile(
    r"(?:\b(?:no|actually|sorry|oh|wait|please|hmm),?\s+){0,4}"
    r"\b(?:make (?:it|that|them)|change (?:it|that|the (?:quantity|number|amount)) to"
    r"|i (?:want|need|meant|said)|just|only|rather|better|actually|no,?|let's say)\s+"
    rf"(?:just |only )?(?P<count>{QUANTITY})(?:\s+of (?:them|those|these|it))?"
    rf"(?:\s+{_WHAT})??{_END}(?:,? (?:instead|please))?",
    re.IGNORECASE,
)
_COUNT_ALONE = re.compile(
    rf"^\W*(?P<count>{QUANTITY})(?: (?:instead|please|of them))*\W*$", re.IGNORECASE
)
_COUNT_OF = re.compile(rf"\bmake the {_WHAT} (?:to )?(?P<count>{QUANTITY})\b{_END}", re.IGNORECASE)
_RESIZE = re.compile(
    r"\b(?:make (?:it|that|them)|change (?:it|that|the size) to|the|i (?:said|meant|want)|rather"
    rf"|actually|no,?)\s+(?:an? |the )?(?P<size>{SIZE})(?: one)?{_END}",
    re.IGNORECASE,
)
_RESIZE_OF = re.compile(
    rf"\b(?:make )?the {_WHAT} (?:an? )?(?P<size>{SIZE})(?: one)?{_END}", re.IGNORECASE
)
_SIZE_ALONE = re.compile(
    rf"^\W*(?:(?:a|the) )?(?P<size>{SIZE})(?: one)?(?: please)?\W*$", re.IGNORECASE
)
_WISH = re.compile(
    r"(?:^|[,.;!\n])\s*(?:and |but |please )*"
    rf"(?P<wish>(?:no|without|with|extra) {_PHRASE}){_END}",
    re.IGNORECASE,
)
_NO_WISH = re.compile(r"\b(?:thanks|thank|problem|idea|my|a name|call)\b", re.IGNORECASE)
_CORRECTING = re.compile(
    r"\b(?:not|no|change|swap|correct|replace|instead|rather)\b", re.IGNORECASE
)
_MOST_CORRECTIONS = 8  # in one message; more is no honest one and would keep the reader busy
# The values that may be corrected word by word.
_IN_WORDS = frozenset(
    {
        FieldKind.PERSON_NAME,
        FieldKind.ADDRESS,
        FieldKind.NOTE,
        FieldKind.SUBJECT,
        FieldKind.TIMES,
    }
)


@dataclass(frozen=True, slots=True)
class Changed:
    """What a message corrected: the form afterwards, and whether anything is unclear."""

    form: Form
    happened: bool = False
    unclear: str = ""  # a question for the person; empty when all was clear


def take_changes(rest: Remainder, errand: Errand, form: Form) -> Changed:
    """Take the corrections of values that the form already holds out of the message."""
    if form == Form() or len(_CORRECTING.findall(rest.text)) > _MOST_CORRECTIONS:
        return Changed(form)
    changed = Changed(form)
    if _CORRECTING.search(rest.text):
        changed = _swap_values(rest, errand, form)
    counted = _change_counts(rest, changed.form)
    sized = _change_sizes(rest, counted.form)
    removed = _remove_items(rest, sized.form)
    wished = _add_wishes(rest, removed.form)
    happened = any(one.happened for one in (changed, counted, sized, removed, wished))
    return Changed(wished.form, happened, counted.unclear or sized.unclear)


def _swap_values(rest: Remainder, errand: Errand, form: Form) -> Changed:
    """Put Y where X stands for every "not X, Y" whose X the form holds."""
    happened = False
    for pattern in _SWAPS:
        for found in list(pattern.finditer(rest.text)):
            old, new = found["old"].strip(), found["new"].strip()
            swapped = _swap(errand, form, old, new)
            if swapped is not None:
                rest.take_span(found.start(), found.end())
                form, happened = swapped, True
    return Changed(form, happened)


def _swap(errand: Errand, form: Form, old: str, new: str) -> Form | None:
    """Replace `old` by `new` in the first place that holds it; None when nothing does."""
    words = re.compile(rf"(?<!\w){re.escape(old)}(?!\w)", re.IGNORECASE)
    for spec in errand.fields:
        found = words.search(form.get(spec.name)) if spec.kind in _IN_WORDS else None
        if found:
            written = _capital_like(found.group(), new)
            swapped = words.sub(lambda _match: written, form.get(spec.name))  # noqa: B023 - called at once
            return replace(form, values={**form.values, spec.name: swapped})
    for position, item in enumerate(form.items):
        changed = _swap_in_item(item, old, new)
        if changed is not None:
            return _with_item(form, position, changed)
    return None


def _swap_in_item(item: Item, old: str, new: str) -> Item | None:
    """Replace words or the quantity of one thing; None when it has no such words."""
    words = re.compile(rf"(?<!\w){re.escape(old)}s?(?!\w)", re.IGNORECASE)
    if words.search(item.what):
        is_noun = " " not in new and not is_size(new)
        noun = plural(new) if item.quantity > 1 and is_noun else new
        return replace(item, what=words.sub(noun, item.what))
    if re.fullmatch(QUANTITY, old, re.IGNORECASE) and read_quantity(old) == item.quantity:
        count = re.match(rf"(?P<count>{QUANTITY})\b", new, re.IGNORECASE)
        if count is not None:
            return recount(item, read_quantity(count["count"]))
    return None


def _capital_like(old: str, new: str) -> str:
    """Write the new words with capitals where the old ones have them."""
    return new.title() if new.islower() and not (old.islower() or old.isdigit()) else new


def _change_counts(rest: Remainder, form: Form) -> Changed:
    """Set quantities: "make it two", "make the colas three", "only one margherita"."""
    found = _find_change(rest, form, (_COUNT_OF, _COUNT, _COUNT_ALONE))
    if found is None:
        return Changed(form)
    position = _position_of(form, found)
    if position is None:
        return Changed(form, unclear=f"How many of each, please: {_whats(form.items)}?")
    item = recount(form.items[position], read_quantity(found["count"]))
    size = re.match(SIZE, _what_of(found), re.IGNORECASE)
    if size:  # "make it two small ones"
        item = replace(item, what=resize(item.what, size.group()))
    return Changed(_with_item(form, position, item), happened=True)


def _change_sizes(rest: Remainder, form: Form) -> Changed:
    """Set sizes: "make it small", "make the cola large"."""
    found = _find_change(rest, form, (_RESIZE_OF, _RESIZE, _SIZE_ALONE))
    if found is None:
        return Changed(form)
    position = _position_of(form, found)
    if position is None:
        return Changed(form, unclear=f"Which one shall be {found['size']}: {_whats(form.items)}?")
    item = form.items[position]
    resized = replace(item, what=resize(item.what, found["size"]))
    return Changed(_with_item(form, position, resized), happened=True)


def _find_change(
    rest: Remainder, form: Form, patterns: Iterable[re.Pattern[str]]
) -> re.Match[str] | None:
    """Take the first change that names no thing, or one that the form holds."""
    for pattern in patterns if form.items else ():
        found = pattern.search(rest.text)
        if found and not (_what_of(found) and find_item(form.items, _what_of(found)) is None):
            rest.take_span(found.start(), found.end())
            return found
    return None


def _what_of(found: re.Match[str]) -> str:
    return (found.groupdict().get("what") or "").strip()


def _position_of(form: Form, found: re.Match[str]) -> int | None:
    """Return the place of the thing that a change means, None when it may mean several."""
    if len(form.items) == 1:
        return 0
    return find_item(form.items, _what_of(found))


def _remove_items(rest: Remainder, form: Form) -> Changed:
    """Drop things: "no cola", "leave out the salad"; what is no item stays for other readers."""
    happened = False
    for found in list(_REMOVE.finditer(rest.text)):
        position = find_item(form.items, found["old"].strip())
        if position is not None and not is_size(found["old"]):
            items = (*form.items[:position], *form.items[position + 1 :])
            form, happened = replace(form, items=items), True
            rest.take_span(found.start(), found.end())
    return Changed(form, happened)


def _add_wishes(rest: Remainder, form: Form) -> Changed:
    """Hang "no onions", "with extra cheese" on the last thing; "no thanks" is no wish."""
    found = _WISH.search(rest.text) if form.items else None
    if found is None or _NO_WISH.search(found["wish"]):
        return Changed(form)
    rest.take_span(found.start("wish"), found.end())
    last = form.items[-1]
    joint = " " if found["wish"].lower().startswith("with") and "," not in last.what else ", "
    wished = replace(last, what=f"{last.what}{joint}{found['wish']}")
    return Changed(_with_item(form, len(form.items) - 1, wished), happened=True)


def _with_item(form: Form, position: int, item: Item) -> Form:
    items = (*form.items[:position], item, *form.items[position + 1 :])
    return replace(form, items=items)


def _whats(items: Iterable[Item]) -> str:
    return " or ".join(item.what for item in items)
