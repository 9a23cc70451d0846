"""The deterministic form filler: reads one message into an errand's form, without any model."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from orchestrator.conversation.budget import take_budget
from orchestrator.conversation.changes import take_changes
from orchestrator.conversation.items import take_items
from orchestrator.conversation.names import take_answer_name, take_lone_name, take_name
from orchestrator.conversation.phone_numbers import take_numbers
from orchestrator.conversation.places import take_address, take_choice
from orchestrator.conversation.putting import (
    LONGEST_VALUE,
    Surroundings,
    drop_general,
    put_items,
    put_numbers,
    put_values,
)
from orchestrator.conversation.shops import take_answer_shop, take_known_shop, take_unknown_shop
from orchestrator.conversation.spans import TAKEN, Remainder
from orchestrator.conversation.subjects import take_answer_subject, take_subject
from orchestrator.conversation.wished_times import take_times
from orchestrator.errands import Errand, FieldKind, FieldSpec, Form, Item

_NOTE = re.compile(
    rf"\b(?:please )?(?:tell them|let them know|mention|ask them|note|remark)\b(?: that| to|:)?\s+"
    rf"(?P<note>[^\n{TAKEN}.;]+)",
    re.IGNORECASE,
)
_ADDING = re.compile(
    r"\b(?:also|too|as well|add|plus|another|in addition|on top|and (?:an?|one)\b)", re.IGNORECASE
)
_MORE = re.compile(r"\b(?:also|too|as well|add|another|in addition|on top)\b", re.IGNORECASE)
_REPLACING = re.compile(
    r"\b(?:no|actually|instead|rather|change|sorry|i meant|only|just|not|make it|wait)\b",
    re.IGNORECASE,
)
_NOWHERE = re.compile(
    r"^(?:home|my (?:home|place|house|flat|office|work)|here|work|me|us|the same|same|yes|no|ok)$",
    re.IGNORECASE,
)
_TERSE_WORDS = 4


@dataclass(frozen=True, slots=True)
class Filling:
    """What one message did to a form."""

    form: Form
    changed: bool = False
    remarks: tuple[str, ...] = ()  # on given numbers: why one was not taken, whose another one is
    unclear: str = ""  # a question that must be answered first; empty when all is clear


class Filler(Protocol):
    """Reads a message into a form."""

    async def fill(self, errand: Errand, form: Form, text: str, around: Surroundings) -> Filling:
        """Return the form as it stands after the message."""

    async def close(self) -> None:
        """Close what was opened."""


class RuleFiller:
    """Fills the form by fixed rules: needs no key, answers at once, gives the same each time."""

    async def fill(self, errand: Errand, form: Form, text: str, around: Surroundings) -> Filling:
        """Return the form as it stands after the message."""
        return await asyncio.to_thread(fill_by_rules, errand, form, text, around)

    async def close(self) -> None:
        """Close nothing: the rules open nothing."""


def fill_by_rules(errand: Errand, form: Form, text: str, around: Surroundings) -> Filling:
    """Read a tidied message into the form."""
    rest = Remainder(text)
    found: dict[str, str] = {}
    _take_free_words(errand, rest, found)
    changes = take_changes(rest, errand, form)
    numbers = take_numbers(rest)
    _take_words(errand, rest, form, found, around)
    _take_answers(errand, rest, form, found)
    items = _take_items(errand, rest, form, text, found)
    name = errand.field_of(FieldKind.PERSON_NAME)
    if name and name.name not in found and not form.get(name.name):
        _keep(found, name.name, take_lone_name(rest))
    after = put_values(errand, changes.form, found, around)
    after, remarks = put_numbers(errand, after, numbers, around)
    replaces = _REPLACING.search(text) is not None and _ADDING.search(text) is None
    if _MORE.search(text) is None:
        after = drop_general(after, items)
    after = put_items(after, items, replaces=replaces)
    return Filling(after, after != form, tuple(remarks), changes.unclear)


def _keep(found: dict[str, str], name: str, value: str) -> None:
    if value:
        found[name] = value[:LONGEST_VALUE]


def _take_items(
    errand: Errand, rest: Remainder, form: Form, text: str, found: dict[str, str]
) -> tuple[Item, ...]:
    """Take the things to order, if the errand is about things."""
    if errand.field_of(FieldKind.ITEMS) is None:
        return ()
    shop = errand.field_of(FieldKind.SHOP)
    opens = shop is not None and shop.name in found and not form.items
    return take_items(rest, asked=_expects_items(errand, form, text), opens=opens)


def _expects_items(errand: Errand, form: Form, text: str) -> bool:
    """Say whether words without a quantity are things to order: asked for, or a terse start."""
    spec = errand.field_of(FieldKind.ITEMS)
    terse = form == Form() and len(text.split()) <= _TERSE_WORDS
    return spec is not None and (spec.name == form.asked or terse)


def _take_free_words(errand: Errand, rest: Remainder, found: dict[str, str]) -> None:
    """Take first what may hold any words: about a voicemail, and "tell them ..."."""
    voicemail = errand.field_of(FieldKind.VOICEMAIL)
    if voicemail:
        _keep(found, voicemail.name, take_choice(rest, voicemail.options))
    spec = errand.field_of(FieldKind.NOTE)
    note = rest.take(_NOTE) if spec else None
    if spec and note:
        _keep(found, spec.name, note["note"].strip(" ,"))


def _take_words(
    errand: Errand, rest: Remainder, form: Form, found: dict[str, str], around: Surroundings
) -> None:
    """Take what its own words give away, the surest first."""

    def take(kind: FieldKind, reader: Callable[[FieldSpec], str]) -> None:
        for spec in errand.fields:
            if spec.kind is kind and spec.name not in found:
                _keep(found, spec.name, reader(spec))

    take(FieldKind.MONEY, lambda spec: take_budget(rest, asked=form.asked == spec.name))
    take(FieldKind.SHOP, lambda _spec: take_known_shop(rest, around.contacts))
    take(FieldKind.TIMES, lambda _spec: take_times(rest))
    take(FieldKind.SUBJECT, lambda spec: take_subject(rest, spec))
    take(FieldKind.ADDRESS, lambda _spec: take_address(rest))
    take(FieldKind.CHOICE, lambda spec: take_choice(rest, spec.options))
    take(FieldKind.SHOP, lambda spec: take_unknown_shop(rest, spec.cue))
    take(FieldKind.PERSON_NAME, lambda _spec: take_name(rest))


def _take_answers(errand: Errand, rest: Remainder, form: Form, found: dict[str, str]) -> None:
    """Take what is left as the answer to the last question, if it was about words."""
    spec = next((spec for spec in errand.fields if spec.name == form.asked), None)
    if spec is None or spec.name in found or not rest.plain():
        return
    match spec.kind:
        case FieldKind.PERSON_NAME:
            _keep(found, spec.name, take_answer_name(rest))
        case FieldKind.SHOP:
            _keep(found, spec.name, take_answer_shop(rest))
        case FieldKind.SUBJECT | FieldKind.TIMES:
            _keep(found, spec.name, take_answer_subject(rest))
        case FieldKind.ADDRESS:
            _keep(found, spec.name, _take_answer_address(rest))
        case _:
            pass  # numbers, choices and things are known by their own words


def _take_answer_address(rest: Remainder) -> str:
    place = re.split(rf"[{TAKEN}\n]", rest.text.strip(f"{TAKEN} ,.\n"))[0]
    place = re.sub(r"^(?:to|at|it's|it is)\s+", "", place.strip(" ,."), flags=re.IGNORECASE)
    rest.text = TAKEN * len(rest.text)
    return "" if _NOWHERE.match(place) else place
