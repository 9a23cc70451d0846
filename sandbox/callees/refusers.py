"""The shops that do not take the order, each with its own reason."""

from sandbox.callees.cues import After, AgentFinished
from sandbox.callees.order_taker import HELLO, greet
from sandbox.callees.scripted import Line, ScriptedCallee


def closed_shop() -> ScriptedCallee:
    """Build a callee who is closed today."""
    return ScriptedCallee(
        "luigi", [greet("Sleepy Slice"), Line(AgentFinished(), "Sorry, we are closed today.")]
    )


def sold_out_shop() -> ScriptedCallee:
    """Build a callee who has nothing left of what is wanted."""
    return ScriptedCallee(
        "luigi", [HELLO, Line(AgentFinished(), "I am sorry, that one is sold out.")]
    )


def private_person() -> ScriptedCallee:
    """Build a callee who is no shop at all."""
    return ScriptedCallee(
        "neighbour",
        [
            Line(After(400), "Hello?"),
            Line(AgentFinished(), "I think you have the wrong number."),
        ],
    )
