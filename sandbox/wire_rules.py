"""Rules for values that arrive as JSON: each takes a value and its path and refuses what is wrong.

Rules are small functions built by the functions here; they compose. A refusal is a
`ProtocolError` worded and coded as the realtime service words it.
"""

import math
from collections.abc import Callable, Mapping

from sandbox.protocol_error import ProtocolError

JsonObject = dict[str, object]
Rule = Callable[[object, str], None]


def refuse_value(value: object, path: str, wanted: str) -> ProtocolError:
    """Word the refusal of a value that has the wrong type or lies outside what is allowed."""
    shown = repr(value) if isinstance(value, str) else type(value).__name__
    if isinstance(value, bool | int | float):
        shown = str(value)
    return ProtocolError("invalid_value", f"Invalid value: {shown}. {wanted}.", path)


def text(value: object, path: str) -> None:
    """Accept any string."""
    if not isinstance(value, str):
        raise refuse_value(value, path, "Expected a string")


def boolean(value: object, path: str) -> None:
    """Accept true and false."""
    if not isinstance(value, bool):
        raise refuse_value(value, path, "Expected a boolean")


def anything(value: object, path: str) -> None:
    """Accept every value: for parts that are taken without effect."""
    del value, path


def mapping(value: object, path: str) -> None:
    """Accept an object with any keys."""
    if not isinstance(value, dict):
        raise refuse_value(value, path, "Expected an object")


def number(low: float, high: float) -> Rule:
    """Accept numbers from `low` to `high`, both included."""

    def check(value: object, path: str) -> None:
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not good or not low <= float(str(value)) <= high:
            raise refuse_value(value, path, f"Expected a number from {low:g} to {high:g}")

    return check


def integer(low: int, high: float = math.inf) -> Rule:
    """Accept whole numbers from `low` to `high`, both included."""

    def check(value: object, path: str) -> None:
        good = isinstance(value, int) and not isinstance(value, bool)
        if not good or not low <= int(str(value)) <= high:
            raise refuse_value(value, path, f"Expected a whole number from {low} to {high:g}")

    return check


def word(*allowed: str) -> Rule:
    """Accept the named strings only."""
    listed = ", ".join(repr(each) for each in allowed)

    def check(value: object, path: str) -> None:
        if value not in allowed:
            raise refuse_value(value, path, f"Supported values are: {listed}")

    return check


def or_null(rule: Rule) -> Rule:
    """Accept null besides what `rule` accepts."""

    def check(value: object, path: str) -> None:
        if value is not None:
            rule(value, path)

    return check


def any_of(*rules: Rule) -> Rule:
    """Accept what one of the rules accepts; an object is judged by the last rule alone."""

    def check(value: object, path: str) -> None:
        if isinstance(value, dict):
            rules[-1](value, path)
            return
        refusals: list[ProtocolError] = []
        for rule in rules:
            try:
                rule(value, path)
            except ProtocolError as refusal:
                refusals.append(refusal)
        if len(refusals) == len(rules):
            raise refusals[0]

    return check


def list_of(rule: Rule) -> Rule:
    """Accept a list whose every element passes `rule`; paths read `tools[0].name`."""

    def check(value: object, path: str) -> None:
        if not isinstance(value, list):
            raise refuse_value(value, path, "Expected an array")
        for index, element in enumerate(value):
            rule(element, f"{path}[{index}]")

    return check


def record(fields: Mapping[str, Rule], *required: str) -> Rule:
    """Accept an object with these keys only; the first unknown key is named by its full path."""

    def check(value: object, path: str) -> None:
        if not isinstance(value, dict):
            raise refuse_value(value, path, "Expected an object")
        for key in value:
            if key not in fields:
                raise unknown_parameter(_join(path, str(key)))
        for key in required:
            if key not in value:
                raise missing_parameter(_join(path, key))
        for key, inner in value.items():
            fields[key](inner, _join(path, key))

    return check


def record_by_type(kinds: Mapping[str, Rule]) -> Rule:
    """Accept an object whose key `type` says which of the rules holds for it."""
    kind = word(*kinds)

    def check(value: object, path: str) -> None:
        if not isinstance(value, dict):
            raise refuse_value(value, path, "Expected an object")
        if "type" not in value:
            raise missing_parameter(_join(path, "type"))
        kind(value["type"], _join(path, "type"))
        kinds[value["type"]](value, path)

    return check


def unknown_parameter(path: str) -> ProtocolError:
    """Word the refusal of a key that does not exist."""
    return ProtocolError("unknown_parameter", f"Unknown parameter: '{path}'.", path)


def missing_parameter(path: str) -> ProtocolError:
    """Word the refusal of an object that lacks a key."""
    return ProtocolError(
        "missing_required_parameter", f"Missing required parameter: '{path}'.", path
    )


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
