"""Fills what the agent says with what it knows."""

import json
from collections.abc import Mapping
from dataclasses import replace

from sandbox.agent_turns import Turn


def fill_turn(turn: Turn, values: Mapping[str, str]) -> Turn:
    """Put values in the place of placeholders, in what is said and in the tools' arguments."""
    known = _Known(values)
    say = turn.say.format_map(known).strip()
    tools = tuple(
        replace(tool, arguments={k: v.format_map(known) for k, v in tool.arguments.items()})
        for tool in turn.tools
    )
    after = None if turn.after is None else fill_turn(turn.after, values)
    return Turn(say[:1].upper() + say[1:], tools, after)


def read_answer(output: str) -> str:
    """Read the person's answer out of the output of `ask_person`; empty when there is none."""
    try:
        told = json.loads(output)
    except ValueError:
        return ""
    answer = told.get("answer") if isinstance(told, dict) else None
    return answer if isinstance(answer, str) else ""


def without_braces(text: str) -> str:
    """Leave out what would be a placeholder."""
    return text.replace("{", "").replace("}", "")


class _Known(dict[str, str]):
    """Placeholders; one that nobody knows is left out of the sentence."""

    def __missing__(self, key: str) -> str:
        return ""
