"""The shops that ask back before they take the order, or take it in pieces."""

from sandbox.callees.cues import After, AgentFinished, AgentSaying
from sandbox.callees.order_taker import confirm, greet, greet_as_luigi
from sandbox.callees.scripted import PATIENT, Line, ScriptedCallee
from sandbox.callees.wordings import (
    CLOCK_TIME,
    CONFIRMATION_NUMBER,
    CORRECTED_PRICE,
    PRICE,
    PRICE_AND_TIME,
    TIME,
)
from sandbox.variation import Variation

_ALLERGIES = (
    "Do you have any allergies I should know of?",
    "Are there any allergies?",
    "And allergies, is there anything?",
)


def careful_shop(variation: Variation) -> ScriptedCallee:
    """Build a callee who asks how and for whom before confirming."""
    return ScriptedCallee(
        "luigi",
        [
            greet("Mamma Rosa", variation),
            Line(AgentFinished(), "For pick-up or delivery?"),
            Line(AgentFinished(), "And what name, please?"),
            confirm(variation),
        ],
        variation,
    )


def correcting_shop(variation: Variation) -> ScriptedCallee:
    """Build a callee who corrects the price when it is read back."""
    return ScriptedCallee(
        "luigi",
        [
            greet("Golden Wok", variation),
            confirm(variation),
            Line(AgentFinished("right"), variation.pick(CORRECTED_PRICE)),
        ],
        variation,
    )


def self_correcting_shop(variation: Variation) -> ScriptedCallee:
    """Build a callee who corrects the price in the same breath."""
    said = f"{variation.pick(PRICE_AND_TIME)} {variation.pick(CORRECTED_PRICE)}"
    lines = [greet_as_luigi(variation), Line(AgentFinished(), said)]
    return ScriptedCallee("luigi", lines, variation)


def piecemeal_shop(variation: Variation) -> ScriptedCallee:
    """Build a callee who has to be asked for the time."""
    return ScriptedCallee(
        "luigi",
        [
            greet("Bean There Bakery", variation),
            Line(AgentFinished(), variation.pick(PRICE)),
            Line(AgentFinished("when"), variation.pick(TIME)),
        ],
        variation,
    )


def late_price_shop(variation: Variation) -> ScriptedCallee:
    """Build a callee who talks of everything else before it names the price."""
    return ScriptedCallee(
        "luigi",
        [
            greet_as_luigi(variation),
            Line(AgentFinished(), "What name is it for?"),
            Line(AgentFinished(), "And a telephone number?"),
            Line(AgentFinished(), f"Good. {variation.pick(TIME)}"),
            Line(AgentFinished("how much"), f"Let me see. {variation.pick(PRICE)}"),
        ],
        variation,
    )


def clock_watching_shop(variation: Variation) -> ScriptedCallee:
    """Build a callee who names a time of day, after the price."""
    said = f"{variation.pick(PRICE)} {variation.pick(CLOCK_TIME)}"
    lines = [greet_as_luigi(variation), Line(AgentFinished(), said)]
    return ScriptedCallee("luigi", lines, variation)


def numbering_shop(variation: Variation) -> ScriptedCallee:
    """Build a callee who gives the order a number."""
    said = f"{variation.pick(PRICE_AND_TIME)} {variation.pick(CONFIRMATION_NUMBER)}"
    lines = [greet_as_luigi(variation), Line(AgentFinished(), said)]
    return ScriptedCallee("luigi", lines, variation)


def delivering_shop(variation: Variation) -> ScriptedCallee:
    """Build a callee who wants to know where to bring it."""
    where = variation.pick(("What is the address?", "And the address, please?", "Sure, where to?"))
    return ScriptedCallee(
        "luigi",
        [
            greet_as_luigi(variation),
            Line(AgentFinished(), where),
            Line(AgentFinished(), "And what name is on the door?"),
            confirm(variation, "Fine."),
        ],
        variation,
    )


def slow_kitchen(variation: Variation) -> ScriptedCallee:
    """Build a callee who goes to ask the kitchen, and is away for a while."""
    away = variation.pick(
        ("One moment, please, I have to ask.", "Just a second, please.", "Hold on, I will ask.")
    )
    back = f"So, here I am again. {variation.pick(PRICE_AND_TIME)}"
    return ScriptedCallee(
        "luigi",
        [
            greet_as_luigi(variation),
            Line(AgentFinished(), away),
            Line(After(variation.pause_ms(10_000)), back),
        ],
        variation,
    )


def card_asking_shop(variation: Variation) -> ScriptedCallee:
    """Build a callee who asks for a card number, and does without it."""
    asked = variation.pick(
        (
            "Sure. I need your card number for that.",
            "Can you give me the number of your card?",
            "You have to pay now, what is your card number and the security code?",
        )
    )
    lines = [greet_as_luigi(variation), Line(AgentFinished(), asked)]
    return ScriptedCallee("luigi", [*lines, confirm(variation, "Pay here, then.")], variation)


def asking_shop(variation: Variation) -> ScriptedCallee:
    """Build a callee with a question that only the person can answer."""
    return ScriptedCallee(
        "luigi",
        [
            greet_as_luigi(variation),
            Line(AgentFinished(), variation.pick(_ALLERGIES)),
            Line(AgentFinished("they say"), f"Good to know. {variation.pick(PRICE_AND_TIME)}"),
        ],
        variation,
        PATIENT,
    )


def asking_shop_unanswered(variation: Variation) -> ScriptedCallee:
    """Build a callee whose question nobody answers."""
    return ScriptedCallee(
        "luigi",
        [
            greet_as_luigi(variation),
            Line(AgentFinished(), variation.pick(_ALLERGIES)),
            Line(AgentSaying("nobody can tell"), ""),
        ],
        variation,
        PATIENT,
    )


def item_by_item_shop(variation: Variation) -> ScriptedCallee:
    """Build a callee who names the price of something else before that of the order."""
    other = variation.pick(
        ("A cola would be two fifty.", "The salad is $2.50.", "A beer is two dollars fifty.")
    )
    said = f"{other} {variation.pick(('The pizza comes to', 'In total it is'))} fourteen fifty"
    lines = [greet_as_luigi(variation), Line(AgentFinished(), f"{said}, ready in twenty minutes.")]
    return ScriptedCallee("luigi", lines, variation)


def denying_shop(variation: Variation) -> ScriptedCallee:
    """Build a callee who says what the price is not."""
    denied = variation.pick(
        (
            "It is not fourteen fifty any more.",
            "No, that is not $14.50 today.",
            "It isn't fourteen dollars fifty, that was last year.",
        )
    )
    said = f"{denied} I would have to ask my boss. {variation.pick(TIME)}"
    return ScriptedCallee(
        "luigi", [greet_as_luigi(variation), Line(AgentFinished(), said)], variation
    )


def agreeing_shop(variation: Variation) -> ScriptedCallee:
    """Build a callee who agrees to everything and names nothing."""
    agreed = variation.pick(("Yes, that is right.", "Yes, exactly.", "Yeah, okay."))
    lines = [greet_as_luigi(variation), Line(AgentFinished(), agreed)]
    return ScriptedCallee("luigi", lines, variation)
