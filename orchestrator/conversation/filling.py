"""The deterministic form filler: reads one message into an errand's form, without any model."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from orchestrator.conversation.budget import take_budget
from orchestrator.conversation.changes import take_changes
from orchestrator.conversation.items import take_items
from orchestrator.conversation.names import take_answer_name, take_lone_name, take_name
from orchestrator.conversation.phone_numbers import (
    GivenNumber,
    NumberOwner,
    OwnNumberRefused,
    check_own_number,
    take_numbers,
)
from orchestrator.conversation.places import take_address, take_choice
from orchestrator.conversation.shops import (
    plain_key,
    take_answer_shop,
    take_known_shop,
    take_unknown_shop,
)
from orchestrator.conversation.spans import TAKEN, Remainder
from orchestrator.conversation.things import find_item, is_general, recount
from orchestrator.errands import Errand, FieldKind, FieldSpec, Form, Item, shown_number
from telephony.numbers import NumberRefused, check_number

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
_LONGEST_VALUE = 300
_TERSE_WORDS = 4


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the filler knows beside the message: the contacts, and where the callee may be.

    `regions`: ISO 3166 codes; the first is the one of a number without a country code.
    """

    contacts: Mapping[str, str] = field(default_factory=dict)
    regions: tuple[str, ...] = ("US",)


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
    _take_note(errand, rest, found)
    changes = take_changes(rest, form)
    numbers = take_numbers(rest)
    shop = errand.field_of(FieldKind.SHOP)
    _take_words(errand, rest, form, found, around)
    _take_answers(errand, rest, form, found)
    opens = shop is not None and shop.name in found and not form.items
    items = take_items(rest, asked=_expects_items(errand, form, text), opens=opens)
    name = errand.field_of(FieldKind.PERSON_NAME)
    if name and name.name not in found and not form.get(name.name):
        _keep(found, name.name, take_lone_name(rest))
    after = put_values(errand, changes.form, found, around)
    after, remarks = put_numbers(errand, after, numbers, around)
    replaces = _REPLACING.search(text) is not None and _ADDING.search(text) is None
    if _MORE.search(text) is None:
        after = _drop_general(after, items)
    after = put_items(after, items, replaces=replaces)
    return Filling(after, after != form, tuple(remarks), changes.unclear)


def _keep(found: dict[str, str], name: str, value: str) -> None:
    if value:
        found[name] = value[:_LONGEST_VALUE]


def _expects_items(errand: Errand, form: Form, text: str) -> bool:
    """Say whether words without a quantity are things to order: asked for, or a terse start."""
    spec = errand.field_of(FieldKind.ITEMS)
    terse = form == Form() and len(text.split()) <= _TERSE_WORDS
    return spec is not None and (spec.name == form.asked or terse)


def _take_note(errand: Errand, rest: Remainder, found: dict[str, str]) -> None:
    """Take "tell them ..." first: a note may hold any words."""
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
    take(FieldKind.ADDRESS, lambda _spec: take_address(rest))
    take(FieldKind.CHOICE, lambda spec: take_choice(rest, spec.options))
    take(FieldKind.SHOP, lambda _spec: take_unknown_shop(rest))
    take(FieldKind.PERSON_NAME, lambda _spec: take_name(rest))


def _take_answers(errand: Errand, rest: Remainder, form: Form, found: dict[str, str]) -> None:
    """Take what is left as the answer to the last question, if it was about words."""
    spec = next((spec for spec in errand.fields if spec.name == form.asked), None)
    if spec is None or spec.name in found or not rest.plain():
        return
    if spec.kind is FieldKind.PERSON_NAME:
        _keep(found, spec.name, take_answer_name(rest))
    elif spec.kind is FieldKind.SHOP:
        _keep(found, spec.name, take_answer_shop(rest))
    elif spec.kind is FieldKind.ADDRESS:
        place = re.split(rf"[{TAKEN}\n]", rest.text.strip(f"{TAKEN} ,.\n"))[0]
        place = re.sub(r"^(?:to|at|it's|it is)\s+", "", place.strip(" ,."), flags=re.IGNORECASE)
        _keep(found, spec.name, "" if _NOWHERE.match(place) else place)
        rest.text = TAKEN * len(rest.text)


def put_values(errand: Errand, form: Form, found: Mapping[str, str], around: Surroundings) -> Form:
    """Put found words into the form, with all that follows from them."""
    values = dict(form.values)
    values.update(found)
    for spec in errand.fields:
        if spec.kind is FieldKind.NOTE and form.get(spec.name) and spec.name in found:
            values[spec.name] = f"{form.get(spec.name)}; {found[spec.name]}"[:_LONGEST_VALUE]
    for spec in errand.fields:
        if spec.kind is FieldKind.ADDRESS and spec.name in found:
            _choose_delivery(errand, values, found)
    _unmix_name(errand, values, found)
    shop = errand.field_of(FieldKind.SHOP)
    number = errand.field_of(FieldKind.SHOP_NUMBER)
    if shop and number and shop.name in found:
        known = {plain_key(name): name for name in around.contacts}
        contact = known.get(plain_key(found[shop.name]))
        if contact:
            values[shop.name], values[number.name] = contact, around.contacts[contact]
        elif plain_key(found[shop.name]) != plain_key(form.get(shop.name)):
            values.pop(number.name, None)
    return replace(form, values=values)


def _unmix_name(errand: Errand, values: dict[str, str], found: Mapping[str, str]) -> None:
    """Take a name off an address: "12 Elm Street, Ada" was read before the name was known."""
    address = errand.field_of(FieldKind.ADDRESS)
    name = errand.field_of(FieldKind.PERSON_NAME)
    if address and name and name.name in found:
        mixed = f", {found[name.name]}"
        if values.get(address.name, "").endswith(mixed):
            values[address.name] = values[address.name].removesuffix(mixed)


def _choose_delivery(errand: Errand, values: dict[str, str], found: Mapping[str, str]) -> None:
    """An address without a word about it means delivery."""
    for spec in errand.fields:
        if spec.kind is FieldKind.CHOICE and spec.name not in found and "delivery" in spec.options:
            values[spec.name] = "delivery"


def _drop_general(form: Form, items: tuple[Item, ...]) -> Form:
    """Forget a bare "pizza" when the message says which: "I want pizza", "two pepperoni"."""
    kept = tuple(item for item in form.items if not is_general(item, items))
    return replace(form, items=kept)


def put_items(form: Form, items: tuple[Item, ...], *, replaces: bool) -> Form:
    """Put ordered things into the form; one that it already holds changes only its quantity.

    `replaces`: the message corrects, so that new things stand instead of the old ones.
    """
    kept = list(form.items)
    new = []
    for item in items:
        place = find_item(tuple(kept), item.what)
        if place is None:
            new.append(item)
        else:
            kept[place] = recount(kept[place], item.quantity)
    if new and replaces:
        kept = []
    return replace(form, items=(*kept, *new))


def put_numbers(
    errand: Errand, form: Form, numbers: list[GivenNumber], around: Surroundings
) -> tuple[Form, list[str]]:
    """Give each number to its field and check it there; also return what to say about them."""
    shop_number = errand.field_of(FieldKind.SHOP_NUMBER)
    own = errand.field_of(FieldKind.CALLBACK_NUMBER)
    remarks = []
    for number in numbers:
        to_shop = shop_number and (
            number.owner is NumberOwner.SHOP
            or (
                number.owner is NumberOwner.UNSAID
                and not form.get(shop_number.name)
                and (form.asked == shop_number.name or bool(form.get("shop")) or own is None)
            )
        )
        try:
            if to_shop and shop_number:
                before, form = form, _put_shop_number(errand, form, number.said, around)
                remarks += _tell_owner(errand, before, form)
            elif own:
                value = check_own_number(number.said, next(iter(around.regions), None))
                form = replace(form, values={**form.values, own.name: value})
        except (NumberRefused, OwnNumberRefused) as refusal:
            remarks.append(str(refusal))
    return form, remarks


def _tell_owner(errand: Errand, before: Form, after: Form) -> list[str]:
    """Say whose the number is when the person had named another shop."""
    shop, number = errand.field_of(FieldKind.SHOP), errand.field_of(FieldKind.SHOP_NUMBER)
    if not (shop and number and before.get(shop.name)):
        return []
    if before.get(shop.name) == after.get(shop.name):
        return []
    return [f"{shown_number(after.get(number.name))} is the number of {after.get(shop.name)}."]


def _put_shop_number(errand: Errand, form: Form, said: str, around: Surroundings) -> Form:
    """Check the number to dial and put it in, with the shop's name when a contact has it."""
    number = check_number(said, allowed_regions=around.regions)
    shop_number = errand.field_of(FieldKind.SHOP_NUMBER)
    shop = errand.field_of(FieldKind.SHOP)
    values = dict(form.values)
    if shop_number:
        values[shop_number.name] = number
    if shop:
        contact = next((name for name, known in around.contacts.items() if known == number), "")
        if contact:
            values[shop.name] = contact
    return replace(form, values=values)
