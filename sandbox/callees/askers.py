"""The shops that ask back before they take the order."""

from sandbox.callees.cues import AgentFinished
from sandbox.callees.order_taker import CONFIRMATION, greet
from sandbox.callees.scripted import Line, ScriptedCallee


def careful_shop() -> ScriptedCallee:
    """Build a callee who asks how and for whom before confirming."""
    return ScriptedCallee(
        "luigi",
        [
            greet("Mamma Rosa"),
            Line(AgentFinished(), "For pick-up or delivery?"),
            Line(AgentFinished(), "And what name, please?"),
            Line(AgentFinished(), CONFIRMATION),
        ],
    )


def correcting_shop() -> ScriptedCallee:
    """Build a callee who corrects the price when it is read back."""
    return ScriptedCallee(
        "luigi",
        [
            greet("Golden Wok"),
            Line(AgentFinished(), CONFIRMATION),
            Line(AgentFinished("right"), "Sorry, no, I mean sixteen fifty."),
        ],
    )


def piecemeal_shop() -> ScriptedCallee:
    """Build a callee who has to be asked for the time."""
    return ScriptedCallee(
        "luigi",
        [
            greet("Bean There Bakery"),
            Line(AgentFinished(), "Sure, that is fourteen fifty."),
            Line(AgentFinished("when"), "It will be ready in twenty minutes."),
        ],
    )
