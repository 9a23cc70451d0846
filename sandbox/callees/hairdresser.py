"""The hairdresser who gives an appointment: offers a time, then confirms it."""

from sandbox.callees.cues import AgentFinished
from sandbox.callees.order_taker import greet
from sandbox.callees.scripted import Line, ScriptedCallee
from sandbox.callees.wordings import AGREED_TIME, OFFERED_TIME
from sandbox.variation import Variation


def hairdresser(variation: Variation) -> ScriptedCallee:
    """Build a callee who offers an appointment and gives it."""
    return ScriptedCallee(
        "neighbour",
        [
            greet("Shear Delight", variation),
            Line(AgentFinished(), variation.pick(OFFERED_TIME)),
            Line(AgentFinished(), variation.pick(AGREED_TIME)),
        ],
        variation,
    )
