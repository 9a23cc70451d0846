"""What the rules of conduct want done in a call; the dialogue does it."""

from dataclasses import dataclass
from typing import TypeAlias

from call_handler.outcome import EndKind


@dataclass(frozen=True, slots=True)
class Speak:
    """Have the agent speak now, instead of what it is saying.

    `words`: instructions for this one answer; empty for an ordinary answer to what was said.
    """

    words: str = ""


@dataclass(frozen=True, slots=True)
class Hush:
    """Let nobody hear the agent while `is_on`.

    `lets_finish`: what it has begun to say is heard to its end; else it is cut.
    """

    is_on: bool
    lets_finish: bool = False


@dataclass(frozen=True, slots=True)
class End:
    """End the call. `words`: instructions for the last words; empty: hang up at once."""

    kind: EndKind
    words: str = ""


@dataclass(frozen=True, slots=True)
class Stay:
    """Call an end off whose last words are under way, and answer what was said."""


Wish: TypeAlias = Speak | Hush | End | Stay
"""One thing to be done."""

NEVER_MS = 2**31
"""Later than any call on the media clock."""


def say_exactly(words: str) -> str:
    """Write the instructions to say these words and no others."""
    told = " ".join(words.replace('"', "'").split())
    return f'Say exactly the following words, nothing before and nothing after them: "{told}"'
