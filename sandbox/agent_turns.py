"""What the sandbox's agent can say and do in one go, and what makes it do so."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ToolUse:
    """One call of a tool; the values of the arguments may hold placeholders."""

    name: str
    arguments: Mapping[str, str]
    is_made_up: bool = False
    """Called although the session does not offer it: an agent that misbehaves."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One response: what is said, then which tools are called."""

    say: str = ""
    tools: tuple[ToolUse, ...] = ()
    after: "Turn | None" = None
    """What follows once the outputs of the tools are there; None: nothing more to say."""

    def uses(self, tool: str) -> bool:
        """Say whether the turn calls the tool of that name."""
        return any(use.name == tool for use in self.tools)


@dataclass(frozen=True, slots=True)
class Reaction:
    """An answer to words of the callee."""

    name: str
    hears: str
    """Regular expression, searched in the callee's words regardless of case."""
    turn: Turn
    most: int = 0
    """So often it is used, then the agent gives up; 0: there is no limit."""
    is_deaf: bool = False
    """Whether what such words name is not taken for a fact."""


def end_call(say: str, reason: str) -> Turn:
    """Build a turn that says good-bye and hangs up."""
    return Turn(say, (ToolUse("end_call", {"reason": reason}),))
