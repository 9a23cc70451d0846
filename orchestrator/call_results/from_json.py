"""Turns the contract's JSON, and the plain body, into the model.

Field names come in snake_case or camelCase, enum values by full name, by the word alone
("no-answer", "completed") or by number, times in RFC 3339, 64-bit numbers also as text.
"""

import json
import re
from datetime import UTC, datetime
from functools import cache

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from orchestrator.call_results.from_proto import build
from orchestrator.call_results.model import CallReport, Cleaning
from orchestrator.errors import InvalidInput, Violation
from ringback.v1 import call_results_pb2 as pb

TIMESTAMP = "google.protobuf.Timestamp"
_WHOLE = re.compile(r"\d{1,20}")
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_WIDE = (FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64)


def from_json(body: bytes, cleaning: Cleaning) -> CallReport:
    """Build the model from the body of a request. Raises: InvalidInput."""
    try:
        plain = _translate(parse_json(body), pb.CallResult.DESCRIPTOR, "")
        if not isinstance(plain, dict):
            raise InvalidInput([Violation("", "must be a JSON object")])
        return build(CallReport, plain, cleaning)
    except RecursionError:
        raise InvalidInput([Violation("", "must not be nested so deeply")]) from None


def parse_json(body: bytes) -> object:
    """Parse JSON strictly: UTF-8, no key twice, no NaN or infinity.

    Raises: InvalidInput; RecursionError when nested too deeply.
    """
    try:
        return json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_refuse_doubles,
            parse_constant=_refuse_constant,
            parse_float=_refuse_infinite,
        )
    except UnicodeDecodeError:
        raise InvalidInput([Violation("", "must be JSON in UTF-8")]) from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise InvalidInput([Violation("", f"must be JSON; it breaks off at {place}")]) from None
    except ValueError:  # a whole number with thousands of digits
        raise InvalidInput([Violation("", "must not hold numbers as long as this")]) from None


def _refuse_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        shown = double if re.fullmatch(r"\w{1,64}", double, re.ASCII) else "?"
        raise InvalidInput([Violation(shown, "stands twice")])
    return fields


def _refuse_constant(word: str) -> float:
    raise InvalidInput([Violation("", f"must not hold {word}")])


def _refuse_infinite(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        raise InvalidInput([Violation("", "must not hold numbers as large as this")])
    return number


def _translate(value: object, descriptor: Descriptor, path: str) -> object:
    """Translate names and values of one message; what does not fit is left to the model."""
    if not isinstance(value, dict):
        return value
    known = _field_names(descriptor)
    translated: dict[str, object] = {}
    for name, content in value.items():
        field = known.get(name)
        if field is None:
            translated[name] = content
        elif content is not None:  # null is absent, as in protobuf's JSON
            if field.name in translated:
                raise InvalidInput([Violation(path + field.name, "stands twice")])
            translated[field.name] = _translate_field(content, field, path + field.name)
    return translated


def _translate_field(content: object, field: FieldDescriptor, path: str) -> object:
    if field.is_repeated and isinstance(content, list):
        return [_translate_one(one, field, f"{path}[{at}]") for at, one in enumerate(content)]
    return _translate_one(content, field, path)


def _translate_one(content: object, field: FieldDescriptor, path: str) -> object:
    if field.message_type is not None:
        if field.message_type.full_name == TIMESTAMP:
            return _read_time(content, path)
        return _translate(content, field.message_type, f"{path}.")
    if field.enum_type is not None:
        return _read_enum(content, field.enum_type, path)
    if field.cpp_type in _WIDE and isinstance(content, str) and _WHOLE.fullmatch(content):
        return int(content)
    return content


def _read_time(content: object, path: str) -> int:
    refusal = InvalidInput([Violation(path, "must be a time such as 2026-11-23T06:40:00Z")])
    if not (isinstance(content, str) and _RFC_3339.fullmatch(content)):
        raise refusal
    try:
        moment = datetime.fromisoformat(content.upper())
        seconds = int(moment.replace(microsecond=0).astimezone(UTC).timestamp())
    except (ValueError, OverflowError):
        raise refusal from None
    return seconds * 1_000_000 + moment.microsecond


def _read_enum(content: object, enum: EnumDescriptor, path: str) -> object:
    if not isinstance(content, str):
        return content
    numbers = _enum_words(enum)
    number = numbers.get(content.upper().replace("-", "_"))
    if number is None:
        raise InvalidInput([Violation(path, f"must be one of {_listed_words(enum)}")])
    return number


@cache
def _field_names(descriptor: Descriptor) -> dict[str, FieldDescriptor]:
    names = {field.json_name: field for field in descriptor.fields}
    return names | {field.name: field for field in descriptor.fields}


@cache
def _listed_words(enum: EnumDescriptor) -> str:
    """List an enum's words as a person writes them: completed, no-answer."""
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    words = [value.name.removeprefix(prefix) for value in enum.values if value.number]
    return ", ".join(word.lower().replace("_", "-") for word in words)


@cache
def _enum_words(enum: EnumDescriptor) -> dict[str, int]:
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    words = {value.name.removeprefix(prefix): value.number for value in enum.values}
    return words | {value.name: value.number for value in enum.values}
