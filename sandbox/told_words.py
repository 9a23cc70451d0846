"""What the instructions of one `response.create` ask the agent to say."""

import re

_EXACTLY = re.compile(r"exactly\b[^\"]*\"(.+)\"", re.IGNORECASE | re.DOTALL)

_SENTENCES = re.compile(r"\b(first|second) sentence is: \"([^\"\n]+)\"", re.IGNORECASE)


def find_told_words(instructions: str) -> str | None:
    """Give the words that are to be said exactly: those in quotes; None when there are none."""
    told = _EXACTLY.search(instructions)
    return " ".join(told[1].split()) if told else None


def find_first_sentences(instructions: str) -> tuple[str, str]:
    """Give the first and the second sentence that a session is told to begin with, or "".

    A first one that says what the agent is counts as none: the agent says that in its own words.
    """
    told = {ordinal.lower(): sentence for ordinal, sentence in _SENTENCES.findall(instructions)}
    first, second = told.get("first", ""), told.get("second", "")
    return "" if "AI assistant" in first else first, second


def asks_for_goodbye(instructions: str) -> bool:
    """Say whether the agent is asked to take leave, in words of its own."""
    return "goodbye" in instructions.lower()
