"""The shop that takes the order: greets, listens, names price and time."""

from sandbox.callees.cues import After, AgentFinished, AgentHasSpoken
from sandbox.callees.scripted import Act, Line, ScriptedCallee
from sandbox.callees.wordings import BRISK_CONFIRMATION, PRICE_AND_TIME
from sandbox.variation import Variation

_OPENING_MS = 2_300  # a little less than the agent needs to say on whose behalf it calls
_PICK_UP_MS = 400


def greet(shop: str, variation: Variation) -> Line:
    """Build the line with which a shop answers its telephone: by the name it was called by."""
    name = shop if shop.startswith(variation.shop) else variation.shop
    return Line(After(variation.pause_ms(_PICK_UP_MS)), f"{name}, hello?")


def greet_as_luigi(variation: Variation) -> Line:
    """Build the line with which Luigi's answers its telephone."""
    return greet("Luigi's Pizza", variation)


def confirm(variation: Variation, before: str = "") -> Line:
    """Build the line that names price and time once the agent has spoken."""
    return Line(AgentFinished(), f"{before} {variation.pick(PRICE_AND_TIME)}".strip())


def order_taker(variation: Variation) -> ScriptedCallee:
    """Build a callee who takes the order at once."""
    return ScriptedCallee("luigi", [greet_as_luigi(variation), confirm(variation)], variation)


def late_riser(variation: Variation) -> ScriptedCallee:
    """Build a callee who takes a second to say hello, and then the order."""
    hello = Line(After(variation.pause_ms(1_300)), "Luigi's Pizza, hello?")
    return ScriptedCallee("luigi", [hello, confirm(variation)], variation)


def brisk_shop(variation: Variation) -> ScriptedCallee:
    """Build a callee who takes the order in as few words as that can be done, at one pace."""
    said = variation.pick(BRISK_CONFIRMATION)
    lines = [Line(After(200), "Hello?"), Line(AgentHasSpoken(_OPENING_MS), said)]
    return ScriptedCallee("luigi", lines)


def brisk_shop_that_hangs_up(variation: Variation) -> ScriptedCallee:
    """Build a callee who takes the order and hangs up without waiting for a good-bye."""
    said = variation.pick(BRISK_CONFIRMATION)
    last = Line(AgentHasSpoken(_OPENING_MS), said, Act.HANG_UP)
    return ScriptedCallee("luigi", [Line(After(200), "Hello?"), last])
