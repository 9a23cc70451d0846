"""What `POST /control/bind` says: which scenario answers a number, with which faults."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from typing import TypeVar

from sandbox.call_form import E164
from sandbox.scenario import Scenario

PARTS = ("ring", "carrier", "model")
"""The parts of a scenario that a binding may change, by the names of their fields."""
NOT_FOUND, UNPROCESSABLE = 404, 422

T = TypeVar("T")


class BadBinding(ValueError):
    """A body that binds nothing; the message names the field. `status`: what it is answered."""

    def __init__(self, words: str, status: int = UNPROCESSABLE) -> None:
        self.status = status
        super().__init__(words)


@dataclass(frozen=True, slots=True)
class BindingRequest:
    """One binding. `count`: for how many calls, None for all; `facts`: for the books."""

    number: str
    scenario: Scenario
    count: int | None
    facts: Mapping[str, object]


def read_binding(raw: bytes, scenarios: Mapping[str, Scenario]) -> BindingRequest:
    """Read a binding such as `{"number", "scenario", "count", "carrier": {"stream": "reset"}}`.

    Raises: BadBinding.
    """
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise BadBinding("the body is not JSON") from error
    if not isinstance(body, dict):
        raise BadBinding("the body is not an object")
    number, name, count = body.get("number"), body.get("scenario"), body.get("count")
    if not isinstance(number, str) or not E164.fullmatch(number):
        raise BadBinding(f"number {number!r} is not in the form +14155550100")
    if count is not None and (not isinstance(count, int) or count < 1):
        raise BadBinding(f"count {count!r} is neither null nor from 1")
    if not isinstance(name, str) or name not in scenarios:
        known = ", ".join(scenarios)
        raise BadBinding(f"unknown scenario {name!r}; known: {known}", NOT_FOUND)
    scenario, changes = scenarios[name], {part: body[part] for part in PARTS if part in body}
    for part, given in changes.items():
        changed = _changed(getattr(scenario, part), given, part)
        scenario = replace(scenario, **{part: changed})
    seed = body.get("seed")
    scenario = replace(scenario, seed=_read_seed(seed))
    facts = {"number": number, "scenario": name, "count": count, "seed": seed}
    return BindingRequest(number, scenario, count, facts | changes)


def _read_seed(seed: object) -> str:
    if seed is None:
        return ""
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise BadBinding(f"seed {seed!r} is neither null nor a whole number")
    return str(seed)


def _changed(settings: T, given: object, path: str) -> T:
    if not isinstance(given, Mapping):
        raise BadBinding(f"{path} {given!r} is not an object")
    known = {field.name: getattr(settings, field.name) for field in fields(settings)}  # type: ignore[arg-type]  # a dataclass
    for name in given:
        if name not in known:
            raise BadBinding(f"{path}.{name} does not exist; known: {', '.join(known)}")
    values = {name: _read(known[name], value, f"{path}.{name}") for name, value in given.items()}
    changed: T = replace(settings, **values)  # type: ignore[type-var]  # a dataclass
    return changed


def _read(now: object, given: object, path: str) -> object:
    """Read a value of the kind that the field has now."""
    if is_dataclass(now):
        return _changed(now, given, path)
    if isinstance(now, frozenset) and isinstance(given, list):
        return frozenset(map(str, given))
    if isinstance(now, Enum):
        try:
            return type(now)(given)
        except ValueError as error:
            raise BadBinding(f"{path} {given!r} is not one of {[*type(now)]}") from error
    if not _is_of_kind(now, given):
        raise BadBinding(f"{path} {given!r} is not of the kind of {now!r}")
    return given


def _is_of_kind(now: object, given: object) -> bool:
    if now is None or given is None:  # the kind of an optional field is not to be seen
        return not isinstance(given, dict | list)
    if isinstance(now, bool) or isinstance(given, bool):
        return isinstance(now, bool) and isinstance(given, bool)
    if isinstance(now, int | float):
        return isinstance(given, int | float)
    return isinstance(given, type(now))
