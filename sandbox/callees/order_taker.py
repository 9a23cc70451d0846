"""The shop that takes the order: greets, listens, names price and time."""

from sandbox.callees.cues import After, AgentFinished
from sandbox.callees.scripted import Line, ScriptedCallee

CONFIRMATION = "That will be fourteen fifty, ready in twenty minutes."


def greet(shop: str) -> Line:
    """Build the line with which a shop answers its telephone."""
    return Line(After(400), f"{shop}, hello?")


HELLO = greet("Luigi's Pizza")


def order_taker() -> ScriptedCallee:
    """Build a callee who takes the order at once."""
    return ScriptedCallee("luigi", [HELLO, Line(AgentFinished(), CONFIRMATION)])
