"""What a model may answer about a form: its schema, and the rules that every answer is held to."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.conversation.spans import tidy_message
from orchestrator.conversation.things import MOST_EACH
from orchestrator.errands import Errand, FieldKind, FieldSpec, Item

_LONGEST = 300  # characters of one value
_MOST_ITEMS = 30
# Never asked of a model: a wrong digit would ring at a stranger's.
_NUMBERS = frozenset({FieldKind.SHOP_NUMBER, FieldKind.CALLBACK_NUMBER})
# A model may put these in other words; the rest must be the person's.
_FREE = frozenset({FieldKind.CHOICE, FieldKind.VOICEMAIL, FieldKind.MONEY, FieldKind.NOTE})
_CHOSEN = frozenset({FieldKind.CHOICE, FieldKind.VOICEMAIL})


class BadReading(ValueError):
    """Says which rule an answer of the model breaks, in words for the model."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model read: the words it found, and all things as they stand."""

    values: Mapping[str, str]
    items: tuple[Item, ...]


def reading_schema(errand: Errand) -> dict[str, object]:
    """Write the JSON schema of an answer: every field but the numbers, null for not told."""
    properties = {spec.name: _field_schema(spec) for spec in _read_fields(errand)}
    return _object_schema(properties)


def _read_fields(errand: Errand) -> list[FieldSpec]:
    return [spec for spec in errand.fields if spec.kind not in _NUMBERS]


def _object_schema(properties: Mapping[str, object]) -> dict[str, object]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _field_schema(spec: FieldSpec) -> dict[str, object]:
    match spec.kind:
        case FieldKind.ITEMS:
            item = {"quantity": {"type": "integer"}, "what": {"type": "string"}}
            return {"type": "array", "items": _object_schema(item)}
        case FieldKind.CHOICE | FieldKind.VOICEMAIL:
            return {"type": ["string", "null"], "enum": [*spec.options, None]}
        case _:
            return {"type": ["string", "null"], "description": spec.question}


def read_reading(errand: Errand, answer: str, said: str) -> Reading:
    """Read and check an answer.

    `said`: the form and the message; what is no choice must consist of their words.
    Raises: BadReading.
    """
    try:
        content = json.loads(answer)
    except ValueError as error:
        raise BadReading("the answer is not JSON") from error
    if not isinstance(content, dict):
        raise BadReading("the answer is not an object")
    fields = _read_fields(errand)
    unknown = content.keys() - {spec.name for spec in fields}
    if unknown:
        raise BadReading(f"unknown fields {', '.join(sorted(unknown))}")
    values: dict[str, str] = {}
    items: tuple[Item, ...] = ()
    for spec in fields:
        if spec.kind is FieldKind.ITEMS:
            items = _read_items(spec, content.get(spec.name))
        elif content.get(spec.name) is not None:
            values[spec.name] = _read_value(spec, content[spec.name], said)
    return Reading(values, items)


def _read_items(spec: FieldSpec, listed: object) -> tuple[Item, ...]:
    if not isinstance(listed, list) or len(listed) > _MOST_ITEMS:
        raise BadReading(f"{spec.name}: expected a list of at most {_MOST_ITEMS}")
    return tuple(_read_item(spec, one) for one in listed)


def _read_item(spec: FieldSpec, one: object) -> Item:
    quantity = one.get("quantity") if isinstance(one, dict) else None
    what = one.get("what") if isinstance(one, dict) else None
    if type(quantity) is not int or not 1 <= quantity <= MOST_EACH:
        raise BadReading(f"{spec.name}: quantity must be 1 to {MOST_EACH}")
    return Item(quantity, _check_text(f"{spec.name}.what", what))


def _read_value(spec: FieldSpec, value: object, said: str) -> str:
    text = _check_text(spec.name, value)
    if spec.kind in _CHOSEN and text not in spec.options:
        raise BadReading(f"{spec.name}: expected one of {', '.join(spec.options)}")
    if spec.kind not in _FREE and not _words(text) <= _words(said):
        raise BadReading(f"{spec.name}: use only words that the person wrote")
    return text


def _check_text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST:
        raise BadReading(f"{name}: expected 1 to {_LONGEST} characters")
    return tidy_message(value).replace("\n", " ")


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))
