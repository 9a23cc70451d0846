"""Puts what was read into an errand's form, with all that follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from orchestrator.conversation.phone_numbers import (
    GivenNumber,
    NumberOwner,
    OwnNumberRefused,
    check_own_number,
)
from orchestrator.conversation.shops import plain_key
from orchestrator.conversation.things import find_item, is_general, recount
from orchestrator.conversation.wished_times import ALSO
from orchestrator.errands import Errand, FieldKind, FieldSpec, Form, Item, shown_number
from telephony.numbers import NumberRefused, check_number

LONGEST_VALUE = 300


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the filler knows beside the message: the contacts, and where the callee may be.

    `regions`: ISO 3166 codes; the first is the one of a number without a country code.
    """

    contacts: Mapping[str, str] = field(default_factory=dict)
    regions: tuple[str, ...] = ("US",)


def put_values(errand: Errand, form: Form, found: Mapping[str, str], around: Surroundings) -> Form:
    """Put found words into the form, with all that follows from them."""
    values = dict(form.values)
    for spec in errand.fields:
        if spec.name in found:
            values[spec.name] = _join(spec, form.get(spec.name), found[spec.name])
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


def _join(spec: FieldSpec, before: str, new: str) -> str:
    """Join a value with the one before it, where both can stand."""
    if spec.kind is FieldKind.NOTE and before:
        return f"{before}; {new}"[:LONGEST_VALUE]
    if spec.kind is FieldKind.TIMES and before and new.startswith(ALSO):
        return f"{before} or {new.removeprefix(ALSO)}"[:LONGEST_VALUE]
    return new.removeprefix(ALSO) if spec.kind is FieldKind.TIMES else new


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


def drop_general(form: Form, items: tuple[Item, ...]) -> Form:
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
                and (
                    form.asked == shop_number.name
                    or bool(errand.value_of(FieldKind.SHOP, form))
                    or own is None
                )
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
