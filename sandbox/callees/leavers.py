"""The callees who hang up, each at another moment of the call."""

from sandbox.callees.cues import After, AgentFinished, AgentSaying, AgentSpeaking
from sandbox.callees.order_taker import confirm, greet_as_luigi
from sandbox.callees.scripted import Act, Line, ScriptedCallee
from sandbox.callees.wordings import PRICE
from sandbox.variation import Variation


def leaves_before_a_word(variation: Variation) -> ScriptedCallee:
    """Build a callee who picks up and puts down again."""
    lines = [Line(After(variation.pause_ms(700)), act=Act.HANG_UP)]
    return ScriptedCallee("luigi", lines, variation)


def leaves_after_hello(variation: Variation) -> ScriptedCallee:
    """Build a callee who hangs up with the last sound of their own greeting."""
    hello = Line(After(variation.pause_ms(400)), "Luigi's Pizza, hello?", Act.HANG_UP)
    return ScriptedCallee("luigi", [hello], variation)


def hanging_up_person(variation: Variation, after_ms: int = 2_000) -> ScriptedCallee:
    """Build a callee who hangs up while the agent is still saying who it is."""
    leave = Line(AgentSpeaking(variation.pause_ms(after_ms)), act=Act.HANG_UP)
    return ScriptedCallee("luigi", [greet_as_luigi(variation), leave], variation)


def leaves_after_the_opening(variation: Variation) -> ScriptedCallee:
    """Build a callee who hears the agent out and hangs up without an answer."""
    leave = Line(AgentFinished(), act=Act.HANG_UP)
    return ScriptedCallee("luigi", [greet_as_luigi(variation), leave], variation)


def leaves_after_the_price(variation: Variation) -> ScriptedCallee:
    """Build a callee who names the price and hangs up while asked for the time."""
    return ScriptedCallee(
        "luigi",
        [
            greet_as_luigi(variation),
            Line(AgentFinished(), variation.pick(PRICE)),
            Line(AgentSaying("when"), act=Act.HANG_UP),
        ],
        variation,
    )


def leaves_during_the_goodbye(variation: Variation) -> ScriptedCallee:
    """Build a callee who takes the order and hangs up into the agent's thanks."""
    leave = Line(AgentSaying("thank you"), act=Act.HANG_UP)
    lines = [greet_as_luigi(variation), confirm(variation), leave]
    return ScriptedCallee("luigi", lines, variation)


def leaves_instead_of_waiting(variation: Variation) -> ScriptedCallee:
    """Build a callee who asks something and hangs up while the agent waits for the person."""
    return ScriptedCallee(
        "luigi",
        [
            greet_as_luigi(variation),
            Line(AgentFinished(), "Any allergies?"),
            Line(AgentFinished("moment"), "I have no time for that.", Act.HANG_UP),
        ],
        variation,
    )
