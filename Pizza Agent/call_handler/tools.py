"""What the model may do during a call: end it, and record what was agreed; nothing dials."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from call_handler.outcome import AgentReason, FactClaim
from foundation.text import clean_tree
from ringback.v1.call_results_pb2 import FactDeclaration

MAX_VALUE = 1_000
"""The longest value of a fact, in characters; the contract's limit."""


class ToolName(StrEnum):
    """The tools there are."""

    END_CALL = "end_call"
    RECORD_FACT = "record_fact"


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """What came of one use of a tool.

    `claim` is None unless a fact was recorded; `end` is None unless the call is to be ended.
    """

    output: str
    claim: FactClaim | None = None
    end: AgentReason | None = None

    @property
    def is_accepted(self) -> bool:
        """Say whether the tool did what it was used for."""
        return self.claim is not None or self.end is not None


def describe_tools(facts: Sequence[FactDeclaration]) -> list[dict[str, object]]:
    """Describe the tools for `session.update`; without declared facts there is none to record."""
    end_call: dict[str, object] = {
        "type": "function",
        "name": ToolName.END_CALL.value,
        "description": "Hang up. Say goodbye first, in the same answer.",
        "parameters": {
            "type": "object",
            "required": ["reason"],
            "properties": {
                "reason": {"type": "string", "enum": [reason.value for reason in AgentReason]}
            },
        },
    }
    if not facts:
        return [end_call]
    meanings = "; ".join(f"{fact.name}: {fact.description}" for fact in facts)
    record_fact: dict[str, object] = {
        "type": "function",
        "name": ToolName.RECORD_FACT.value,
        "description": f"Record what the callee agreed to, as soon as they said it. {meanings}",
        "parameters": {
            "type": "object",
            "required": ["name", "value"],
            "properties": {
                "name": {"type": "string", "enum": [fact.name for fact in facts]},
                "value": {"type": "string"},
            },
        },
    }
    return [end_call, record_fact]


def run_tool(name: str, arguments: str, facts: Sequence[FactDeclaration]) -> ToolAnswer:
    """Carry out one use of a tool; whatever is wrong with it is told to the model as the answer.

    `arguments`: the JSON text as the model gave it, untrusted.
    """
    try:
        given = clean_tree(json.loads(arguments or "{}"))
    except (ValueError, RecursionError):
        return _refusal("the arguments are not valid JSON")
    if not isinstance(given, dict):
        return _refusal("the arguments must be a JSON object")
    match name:
        case ToolName.END_CALL:
            return _end_call(given.get("reason", AgentReason.OTHER))
        case ToolName.RECORD_FACT:
            return _record_fact(given.get("name"), given.get("value"), facts)
        case _:
            known = ", ".join(ToolName)
            return _refusal(f"there is no such tool; there are: {known}")


def _end_call(reason: object) -> ToolAnswer:
    known = [each for each in AgentReason if each == reason]
    # An unknown reason must not keep a finished call open.
    return ToolAnswer('{"ok":true}', end=known[0] if known else AgentReason.OTHER)


def _record_fact(name: object, value: object, facts: Sequence[FactDeclaration]) -> ToolAnswer:
    declared = [fact.name for fact in facts]
    if not isinstance(name, str) or name not in declared:
        return _refusal(f"name must be one of: {', '.join(declared)}")
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        return _refusal("value must be a text that is not empty")
    if len(value) > MAX_VALUE:
        return _refusal(f"value must have at most {MAX_VALUE} characters")
    return ToolAnswer('{"ok":true}', claim=FactClaim(name, value.strip()))


def _refusal(reason: str) -> ToolAnswer:
    return ToolAnswer(json.dumps({"error": reason}))
