"""Says in words which rule a message broke, field by field, without repeating what was said."""

import re
from collections.abc import Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from orchestrator.errors import Violation

MAX_VIOLATIONS = 50
_SAFE_NAME = re.compile(r"\w{1,64}", re.ASCII)
_FORMS: Mapping[str, str] = {
    "call_sid": '"CA" and 32 hex digits',
    "call_id": "a UUID in lower case, as the server minted it",
    "to_number": "E.164, such as +14155550100",
    "from_number": "E.164, such as +14155550100",
    "name": "lower case letters, digits and underscores, at most 64, a letter first",
    "currency": "an ISO 4217 code, such as USD",
    "dtmf": "keys 0-9, *, #, A-D, at most 64",
    "stream_nonce": "32 hex digits in lower case",
}
"""What a text must look like, by the name of its field."""
_EXPECTED: Mapping[str, str] = {
    "missing": "is required",
    "extra_forbidden": "is no field of this message",
    "string_too_long": "must have at most {max_length} characters",
    "too_long": "must have at most {max_length} entries",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "greater_than_equal": "must be at least {ge}",
    "int_type": "must be a whole number",
    "string_type": "must be a text",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
}
"""What is expected, by the kind of complaint; the braces hold its limits."""
_SHOWN = 10**20
_WITHOUT_VALUE = frozenset({"missing", "extra_forbidden"})


def describe_violations(error: ValidationError) -> list[Violation]:
    """Turn the model's complaints into violations, at most fifty."""
    complaints = error.errors(include_url=False)[:MAX_VIOLATIONS]
    return [_describe(complaint) for complaint in complaints]


def _describe(complaint: ErrorDetails) -> Violation:
    kind = complaint["type"]
    if kind == "call_sid":  # the rule about two fields belongs to the message as a whole
        return Violation("call_sid", complaint["msg"])
    name = _name(complaint["loc"])
    if kind in {"status", "role"}:  # our own rules say themselves what came
        return Violation(name, complaint["msg"])
    expected = _expectation(complaint, name.rpartition(".")[2])
    return Violation(name, expected + _measure(kind, complaint["input"]))


def _name(path: tuple[int | str, ...]) -> str:
    name = ""
    for step in path:
        if isinstance(step, int):
            name += f"[{step}]"
        else:
            safe = step if _SAFE_NAME.fullmatch(step) else "?"
            name += f".{safe}" if name else safe
    return name


def _expectation(complaint: ErrorDetails, field: str) -> str:
    kind = complaint["type"]
    limits = complaint.get("ctx", {})
    if kind == "string_pattern_mismatch":
        return f"must be {_FORMS.get(field, 'in the given form')}"
    words = _EXPECTED.get(kind)
    return words.format(**limits) if words else complaint["msg"]


def _measure(kind: str, value: object) -> str:
    """Say what came: a number as it is, of everything else only the size."""
    if kind in _WITHOUT_VALUE:
        return ""
    match value:
        case int() if not isinstance(value, bool) and abs(value) < _SHOWN:
            return f", not {value}"
        case int() | float():
            return ", not what came"
        case str():
            return f", not a text of {len(value)} characters"
        case list() | tuple():
            return f", not a list of {len(value)}"
        case _:
            return ""
