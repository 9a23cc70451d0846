"""The shop that takes the order: greets, listens, names price and time."""

from sandbox.callees.cues import After, AgentFinished
from sandbox.callees.scripted import Line, ScriptedCallee

HELLO = Line(After(400), "Luigi's Pizza, hello?")
CONFIRMATION = "That will be fourteen fifty, ready in twenty minutes."


def order_taker() -> ScriptedCallee:
    """Build a callee who takes the order at once."""
    return ScriptedCallee("luigi", [HELLO, Line(AgentFinished(), CONFIRMATION)])
