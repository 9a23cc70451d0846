"""What the sandbox agent knows of its errand: the first JSON object with details it is told."""

import json
from collections.abc import Mapping

from sandbox.agent_filling import without_braces
from sandbox.session_schema import part
from sandbox.told_words import find_first_sentences

_NEUTRAL = {
    "customer_name": "a customer",
    "order": "the usual order",
    "purpose": "",
    "wished_times": "as soon as you can",
    "callback_number": "the number you see on your telephone",
    "address": "the address on file",
    "delivery": "pick-up",
}

_TOLD = ("told_first", "told_second")


def read_details(instructions: str) -> dict[str, str]:
    """Give every placeholder of the agent's sentences a wording.

    Keys: those of the JSON object (one level of nesting is opened), the neutral wordings where
    it has none, `delivery_clause` ("for pick-up", "for delivery to 5 Elm Street"),
    `request_clause`: what the whole call is for, and `told_first` and `told_second`: sentences
    to begin with, each with a space behind it.
    """
    details = dict(_NEUTRAL)
    for key, value in _flattened(_first_details(instructions)):
        worded = _worded(value)
        if worded:
            details[key] = worded
    address = details["address"]
    to_address = "" if address == _NEUTRAL["address"] else f" to {address}"
    wants_delivery = _is_delivery(details)
    details["delivery"] = "delivery" if wants_delivery else "pick-up"
    details["delivery_clause"] = f"for delivery{to_address}" if wants_delivery else "for pick-up"
    details["request_clause"] = f"order {details['order']} {details['delivery_clause']}"
    if details["purpose"]:
        wish = f"{details['purpose']}, {details['wished_times']}"
        details["request_clause"] = f"make an appointment for {wish}"
    for name, sentence in zip(_TOLD, find_first_sentences(instructions), strict=True):
        details[name] = f"{without_braces(sentence)} " if sentence else ""
    return details


def read_wishes(details: Mapping[str, str]) -> tuple[str, ...]:
    """Give what to choose in a menu, the most wanted first, as regular expressions."""
    if details["purpose"]:
        return "english", "appointment|book|reserv"
    return "english", "order|food|pizza", "deliver" if _is_delivery(details) else "pick|collect"


def read_facts(tools: object) -> list[str]:
    """Give the names of the facts that the session's tools can record, in their order."""
    for tool in tools if isinstance(tools, list) else ():
        if isinstance(tool, dict) and tool.get("name") == "record_fact":
            names = part(tool, "parameters", "properties", "name").get("enum")
            return [str(name) for name in names] if isinstance(names, list) else []
    return []


def _is_delivery(details: Mapping[str, str]) -> bool:
    return details["delivery"].lower() in {"delivery", "deliver", "delivered", "yes"}


def _first_details(text: str) -> Mapping[str, object]:
    decoder = json.JSONDecoder()
    start = text.find("{")
    while start >= 0:
        try:
            found, _ = decoder.raw_decode(text, start)
        except ValueError:
            found = None
        # A name with braces in it, told in the prose before, is not the details.
        if isinstance(found, dict) and _NEUTRAL.keys() & dict(_flattened(found)).keys():
            return found
        start = text.find("{", start + 1)
    return {}


def _flattened(details: Mapping[str, object]) -> list[tuple[str, object]]:
    flat: list[tuple[str, object]] = []
    for key, value in details.items():
        if isinstance(value, dict):
            flat += [(str(inner), found) for inner, found in value.items()]
        else:
            flat.append((key, value))
    return flat


def _worded(value: object) -> str:
    """Word one value for speaking; empty for null and for what has no wording."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list():
            return " and ".join(filter(None, map(_worded, value)))
        case dict():
            return " ".join(filter(None, map(_worded, value.values())))
        case _:
            return " ".join(str(value).replace("{", "").replace("}", "").split())
