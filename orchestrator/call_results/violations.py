"""Says in words which rule a message broke, field by field, without repeating what was said."""

import re
from collections.abc import Mapping

from pydantic import ValidationError

from orchestrator.errors import Violation

MAX_VIOLATIONS = 50
_SAFE_NAME = re.compile(r"\w{1,64}", re.ASCII)
_EXPECTED: Mapping[str, str] = {
    "call_sid": '"CA" and 32 hex digits',
    "call_id": "a UUID in lower case, as the server minted it",
    "to_number": "E.164, such as +14155550100",
    "from_number": "E.164, such as +14155550100",
    "name": "lower case letters, digits and underscores, at most 64, a letter first",
    "currency": "an ISO 4217 code, such as USD",
    "dtmf": "keys 0-9, *, #, A-D, at most 64",
    "stream_nonce": "32 hex digits in lower case",
}


def describe_violations(error: ValidationError) -> list[Violation]:
    """Turn the model's complaints into violations, at most fifty."""
    complaints = error.errors(include_url=False)[:MAX_VIOLATIONS]
    return [_describe(complaint) for complaint in complaints]


def _describe(complaint: Mapping[str, object]) -> Violation:
    kind = str(complaint["type"])
    path = complaint["loc"]
    assert isinstance(path, tuple)
    if kind == "call_sid":  # the rule about two fields belongs to the message as a whole
        return Violation("call_sid", "give call_sid, call_id or both")
    name = _name(path)
    return Violation(name, _expectation(kind, complaint, name.rpartition(".")[2]))


def _name(path: tuple[object, ...]) -> str:
    name = ""
    for step in path:
        if isinstance(step, int):
            name += f"[{step}]"
        else:
            safe = step if isinstance(step, str) and _SAFE_NAME.fullmatch(step) else "?"
            name += f".{safe}" if name else safe
    return name


def _expectation(kind: str, complaint: Mapping[str, object], field: str) -> str:
    context = complaint.get("ctx")
    limits = context if isinstance(context, Mapping) else {}
    came = _measure(complaint.get("input"))
    match kind:
        case "status" | "role":  # our own rules say themselves what came
            return str(complaint["msg"])
        case "missing":
            return "is required"
        case "extra_forbidden":
            return "is no field of this message"
        case "string_pattern_mismatch":
            return f"must be {_EXPECTED.get(field, 'in the given form')}{came}"
        case "string_too_long":
            return f"must have at most {limits['max_length']} characters{came}"
        case "too_long":
            return f"must have at most {limits['max_length']} entries{came}"
        case "less_than_equal" | "less_than":
            bound = limits["le"] if "le" in limits else f"less than {limits['lt']}"
            return f"must be at most {bound}{came}"
        case "greater_than_equal":
            return f"must be at least {limits['ge']}{came}"
        case _:
            return _expected_type(kind, complaint) + came


def _expected_type(kind: str, complaint: Mapping[str, object]) -> str:
    words = {
        "int_type": "must be a whole number",
        "int_parsing_size": "must be a smaller number",
        "string_type": "must be a text",
        "bool_type": "must be true or false",
        "tuple_type": "must be a list",
        "model_type": "must be an object",
        "model_attributes_type": "must be an object",
        "dict_type": "must be an object",
    }
    return words.get(kind) or str(complaint["msg"])


def _measure(value: object) -> str:
    """Say what came: a number as it is, of everything else only the size."""
    match value:
        case bool():
            return ", not a truth value"
        case int() if abs(value) < 10**20:
            return f", not {value}"
        case int() | float():
            return ", not a number like this"
        case str():
            return f", not a text of {len(value)} characters"
        case list() | tuple():
            return f", not a list of {len(value)}"
        case _:
            return ""
