"""What the instructions of one `response.create` ask the agent to say."""

import re

_EXACTLY = re.compile(r"exactly\b[^\"]*\"(.+)\"", re.IGNORECASE | re.DOTALL)


def find_told_words(instructions: str) -> str | None:
    """Give the words that are to be said exactly: those in quotes; None when there are none."""
    told = _EXACTLY.search(instructions)
    return " ".join(told[1].split()) if told else None


def asks_for_goodbye(instructions: str) -> bool:
    """Say whether the agent is asked to take leave, in words of its own."""
    return "goodbye" in instructions.lower()
