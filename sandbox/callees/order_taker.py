"""The shop that takes the order: greets, listens, names price and time."""

from sandbox.callees.cues import After, AgentFinished, AgentHasSpoken
from sandbox.callees.scripted import Act, Line, ScriptedCallee

CONFIRMATION = "That will be fourteen fifty, ready in twenty minutes."
BRISK_CONFIRMATION = "Fourteen fifty, in twenty minutes."
_OPENING_MS = 2_300  # a little less than the agent needs to say on whose behalf it calls


def greet(shop: str) -> Line:
    """Build the line with which a shop answers its telephone."""
    return Line(After(400), f"{shop}, hello?")


HELLO = greet("Luigi's Pizza")


def order_taker() -> ScriptedCallee:
    """Build a callee who takes the order at once."""
    return ScriptedCallee("luigi", [HELLO, Line(AgentFinished(), CONFIRMATION)])


def brisk_shop() -> ScriptedCallee:
    """Build a callee who takes the order in as few words as that can be done."""
    lines = [Line(After(200), "Hello?"), Line(AgentHasSpoken(_OPENING_MS), BRISK_CONFIRMATION)]
    return ScriptedCallee("luigi", lines)


def brisk_shop_that_hangs_up() -> ScriptedCallee:
    """Build a callee who takes the order and hangs up without waiting for a good-bye."""
    last = Line(AgentHasSpoken(_OPENING_MS), BRISK_CONFIRMATION, Act.HANG_UP)
    return ScriptedCallee("luigi", [Line(After(200), "Hello?"), last])
