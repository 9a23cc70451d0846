"""What an errand is made of: the fields of its form, its words for the person and for the model."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import phonenumbers


class FieldKind(StrEnum):
    """Says how a field's value is found in what the person writes."""

    SHOP = "shop"
    SHOP_NUMBER = "shop_number"
    ITEMS = "items"
    SUBJECT = "subject"
    TIMES = "times"
    PERSON_NAME = "person_name"
    CALLBACK_NUMBER = "callback_number"
    CHOICE = "choice"
    ADDRESS = "address"
    MONEY = "money"
    NOTE = "note"
    VOICEMAIL = "voicemail"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to order: how many, and what in the person's own words."""

    quantity: int
    what: str


@dataclass(frozen=True, slots=True)
class Form:
    """What is known of one errand so far; a missing value is the empty string."""

    values: Mapping[str, str] = field(default_factory=dict)
    items: tuple[Item, ...] = ()
    asked: str = ""  # the field that the last question was about; empty before the first

    def get(self, name: str) -> str:
        """Return the value of the field `name`, "" while it is not known."""
        return self.values.get(name, "")

    def holds(self, spec: "FieldSpec") -> bool:
        """Say whether the field has a value."""
        return bool(self.items) if spec.kind is FieldKind.ITEMS else bool(self.get(spec.name))


def shown_number(number: str) -> str:
    """Write an E.164 number in groups, for reading: "+1 415-555-0100"."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number  # an external call may carry anything
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def always(_form: Form) -> bool:
    """Say that a field is needed whatever else the form holds."""
    return True


def never(_form: Form) -> bool:
    """Say that a field is never asked for: it is taken when the person gives it."""
    return False


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of an errand's form.

    `options` (CHOICE and VOICEMAIL): value -> pattern of the words that mean it, the first being
    the one that a refusal of the others leaves. `words` (SUBJECT): pattern of what the value may
    be, wherever it stands. `cue`: pattern of what goes before the value (SUBJECT, SHOP).
    """

    name: str
    kind: FieldKind
    label: str
    question: str
    needed: Callable[[Form], bool] = always
    options: Mapping[str, str] = field(default_factory=dict)
    words: str = ""
    cue: str = ""


@dataclass(frozen=True, slots=True)
class DeclaredFact:
    """One fact that the agent may record; `kind` is a number of the contract's FactKind."""

    name: str
    description: str
    required: bool
    kind: int
    label: str = ""  # for the result card; empty: made from the name


@dataclass(frozen=True, slots=True)
class Errand:
    """One kind of errand: everything that the rest of the program must know about it.

    `patterns`: what a first message says that means this errand; an errand without any is only
    taken as the default. `taken` says what the callee did when all went well ("took the order"),
    `again` what the person must not do twice ("order again"). `read_back` turns a complete form
    into the sentences that the person confirms; `details` turns it into the data, and
    `instructions` those data into the words for the model; `next_step` says what the person does
    once the errand succeeded, `voicemail_message` what is left after the beep, if anything.
    """

    name: str
    noun: str  # what the callee takes, such as "order"
    taken: str
    again: str
    offer: str  # what can be done, such as "order food"
    example: str  # a beginning of a first message
    patterns: tuple[str, ...]
    fields: tuple[FieldSpec, ...]
    facts: tuple[DeclaredFact, ...]
    read_back: Callable[[Form], str]
    details: Callable[[Form], dict[str, str]]
    instructions: Callable[[Mapping[str, str]], str]
    next_step: Callable[[Form], str]
    voicemail_message: Callable[[Form], str]

    def missing(self, form: Form) -> tuple[FieldSpec, ...]:
        """List the needed fields that have no value yet, in the order in which to ask."""
        return tuple(spec for spec in self.fields if spec.needed(form) and not form.holds(spec))

    def in_order(self, fact_name: str) -> int:
        """Say where a fact stands among the declared ones; undeclared ones come last."""
        names = [fact.name for fact in self.facts]
        return names.index(fact_name) if fact_name in names else len(names)

    def field_of(self, kind: FieldKind) -> FieldSpec | None:
        """Return the errand's field of that kind, None when its form has none."""
        return next((spec for spec in self.fields if spec.kind is kind), None)

    def value_of(self, kind: FieldKind, form: Form) -> str:
        """Return the value of the errand's field of that kind, "" without one."""
        spec = self.field_of(kind)
        return form.get(spec.name) if spec else ""

    def find_in(self, text: str) -> int | None:
        """Say where a message begins to speak of this errand; None when it does not."""
        found = [re.search(pattern, text, re.IGNORECASE) for pattern in self.patterns]
        return min((match.start() for match in found if match), default=None)
