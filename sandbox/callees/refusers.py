"""The callees who do not take the order, each with its own reason."""

from sandbox.callees.cues import After, AgentFinished
from sandbox.callees.order_taker import greet, greet_as_luigi
from sandbox.callees.scripted import Line, ScriptedCallee
from sandbox.callees.wordings import OPT_OUT
from sandbox.variation import Variation


def closed_shop(variation: Variation) -> ScriptedCallee:
    """Build a callee who is closed today."""
    closed = variation.pick(
        ("Sorry, we are closed today.", "We are closed.", "No, I am sorry, the kitchen is closed.")
    )
    return _answering(greet("Sleepy Slice", variation), closed, variation)


def sold_out_shop(variation: Variation) -> ScriptedCallee:
    """Build a callee who has nothing left of what is wanted."""
    sold_out = variation.pick(
        (
            "I am sorry, that one is sold out.",
            "Sorry, we are out of that.",
            "We are sold out for today.",
        )
    )
    return _answering(greet_as_luigi(variation), sold_out, variation)


def wrong_shop(variation: Variation) -> ScriptedCallee:
    """Build a callee who sells something else."""
    other = variation.pick(
        (
            "A pizza? We only sell flowers here.",
            "This is not a pizzeria, we are a flower shop.",
            "You have the wrong shop, we only have flowers.",
        )
    )
    return _answering(greet("Bella's Flowers", variation), other, variation)


def private_person(variation: Variation) -> ScriptedCallee:
    """Build a callee who is no shop at all."""
    wrong = variation.pick(
        (
            "I think you have the wrong number.",
            "This is a private number.",
            "There is no pizzeria here, wrong number.",
        )
    )
    hello = Line(After(variation.pause_ms(400)), "Hello?")
    return ScriptedCallee("neighbour", [hello, Line(AgentFinished(), wrong)], variation)


def card_demanding_shop(variation: Variation) -> ScriptedCallee:
    """Build a callee who takes no order without a card number."""
    lines = [
        greet_as_luigi(variation),
        Line(AgentFinished(), "I need a card number first."),
        Line(AgentFinished(), "Sorry, no card, no order."),
    ]
    return ScriptedCallee("luigi", lines, variation)


def opting_out_person(variation: Variation) -> ScriptedCallee:
    """Build a callee who does not want to be called again."""
    return _answering(greet_as_luigi(variation), variation.pick(OPT_OUT), variation)


def booked_hairdresser(variation: Variation) -> ScriptedCallee:
    """Build a hairdresser with nothing free."""
    booked = variation.pick(
        (
            "I am sorry, we are fully booked.",
            "There is nothing free before Christmas.",
            "No, we are fully booked that whole week.",
        )
    )
    return _answering(greet("Shear Delight", variation), booked, variation)


def _answering(hello: Line, words: str, variation: Variation) -> ScriptedCallee:
    return ScriptedCallee("luigi", [hello, Line(AgentFinished(), words)], variation)
