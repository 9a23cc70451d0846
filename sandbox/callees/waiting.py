"""The callees with whom one has to wait: screened calls, music, a colleague who is fetched."""

from sandbox.callees.cues import After, AgentFinished
from sandbox.callees.order_taker import confirm
from sandbox.callees.scripted import MACHINE, Line, ScriptedCallee
from sandbox.tones import hold_music
from sandbox.variation import Variation

FIVE_MINUTES_MS = 300_000
ANSWERS_MS = 1_200
_HOLD = (
    "Luigi's Pizza, please hold.",
    "Luigi's Pizza, all our lines are busy, please stay on the line.",
    "Thank you for calling Luigi's. Your call is important to us. Please hold.",
)
BACK = (
    "Thanks for your patience, what can I get you?",
    "Luigi's Pizza, hello?",
    "Hello, how can I help?",
)
"""What somebody says who takes the call after a while."""


def screened_line(variation: Variation) -> ScriptedCallee:
    """Build a callee who wants to know who is calling, and then fetches the shop."""
    who = variation.pick(
        (
            "Who is calling, please?",
            "Please say your name and the reason for your call.",
            "Who's calling, and what is it about?",
        )
    )
    connect = variation.pick(
        ("Thank you. I am connecting you.", "Fine, please hold.", "Let me put you through.")
    )
    return ScriptedCallee(
        "clerk",
        [
            Line(After(variation.pause_ms(ANSWERS_MS)), f"Hello, this is the front desk. {who}"),
            Line(AgentFinished(), connect),
            Line(After(1_500), variation.pick(BACK), sound=hold_music(variation.pause_ms(4_000))),
            confirm(variation),
        ],
        variation,
    )


def busy_shop(variation: Variation) -> ScriptedCallee:
    """Build a callee who takes the order after half a minute of music."""
    return ScriptedCallee(
        "luigi",
        [
            Line(After(variation.pause_ms(ANSWERS_MS)), variation.pick(_HOLD)),
            Line(After(1_500), variation.pick(BACK), sound=hold_music(variation.pause_ms(30_000))),
            confirm(variation),
        ],
        variation,
    )


def endless_hold(variation: Variation) -> ScriptedCallee:
    """Build a callee who plays five minutes of music, and then the tape is over."""
    return ScriptedCallee(
        "machine",
        [
            Line(After(variation.pause_ms(ANSWERS_MS)), variation.pick(_HOLD)),
            Line(After(1_500), sound=hold_music(FIVE_MINUTES_MS)),
        ],
        variation,
        MACHINE,
    )
