"""The shops that answer in another language than English."""

from sandbox.callees.cues import After, AgentFinished
from sandbox.callees.order_taker import confirm
from sandbox.callees.scripted import Line, ScriptedCallee
from sandbox.variation import Variation


def spanish_shop(variation: Variation) -> ScriptedCallee:
    """Build a callee who speaks Spanish and nothing else."""
    again = ("No entiendo. \u00bfHabla usted espa\u00f1ol?", "Buenos dias, \u00bfquien es?")
    return ScriptedCallee(
        "spanish",
        [
            Line(After(variation.pause_ms(400)), "Casa Pepe, buenos dias."),
            Line(AgentFinished(), variation.pick(again)),
            Line(AgentFinished(), variation.pick(again)),
            Line(AgentFinished(), "Lo siento, no entiendo nada. Gracias."),
        ],
        variation,
    )


def italian_shop(variation: Variation) -> ScriptedCallee:
    """Build a callee who answers in Italian and speaks English when asked."""
    return ScriptedCallee(
        "italian",
        [
            Line(After(variation.pause_ms(400)), "Da Mario, buongiorno."),
            Line(AgentFinished(), variation.pick(("Prego, desidera?", "Pronto? Chi parla?"))),
            confirm(variation, "Yes, a little."),
        ],
        variation,
    )
