"""How the agent of one scenario behaves, as data; `agent.py` plays it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.agent_turns import Reaction, Turn
from sandbox.agent_words import AT_MACHINE, CLOSING, GIVE_UP, LOST, NUDGE, OPENING, REACTIONS


@dataclass(frozen=True, slots=True)
class AgentScript:
    """How the agent of one scenario behaves; the default runs the errand to its end."""

    opening: Turn = OPENING
    reactions: tuple[Reaction, ...] = REACTIONS
    read_back: Turn | None = None
    """Said once, when everything is recorded, before the closing; None: closes at once."""
    closing: Turn = CLOSING
    lost: Turn = LOST
    nudge: Turn = NUDGE
    give_up: Turn = GIVE_UP
    at_machine: Turn = AT_MACHINE
    """The answer to a voicemail's greeting."""
    patience: int = 3
    """How often the agent asks again before it gives up."""
    endurance: int = 5
    """How often it speaks into a silence before it gives up."""
    invented: Mapping[str, str] = field(default_factory=dict)
    """Facts recorded with these values, whatever the callee said: an agent that lies."""
    quotes: Mapping[str, str] = field(default_factory=dict)
    """Facts recorded with these quotes, which may hold placeholders: another way to lie."""
    keeps_first: bool = False
    """Holds on to the first value it hears of a fact, whatever the callee says later."""
    first_keys: tuple[str, ...] = ()
    """What is pressed at the first menus instead of the right key; "": nothing."""
    must_reach: tuple[str, ...] = ()
    """Names of reactions, or `closing`, without which the books call the call unfinished."""
