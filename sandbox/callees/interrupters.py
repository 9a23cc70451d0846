"""The callees who cut the agent short: by talking over it, or by a line that breaks."""

from sandbox.callees.cues import After, AgentFinished, AgentSpeaking, Cue, IntoSpeech
from sandbox.callees.order_taker import confirm, greet_as_luigi
from sandbox.callees.scripted import Act, Line, ScriptedCallee
from sandbox.callees.wordings import PRICE_AND_TIME
from sandbox.variation import Variation

_INTERJECTIONS = ("Wait.", "Sorry?", "Hm, yes.", "What?", "Just a second.", "Who is this?")
_CHATTER = (
    "Yes, yes, pizza, everybody wants pizza today, we have been busy since this morning.",
    "I know, I know, we make the best ones in town, my grandmother's recipe, you see.",
    "Hang on, let me turn the radio down, it is so loud in here that I hear nothing at all.",
)


def interrupting_shop(variation: Variation) -> ScriptedCallee:
    """Build a callee who talks into the agent's first sentence, then takes the order."""
    return ScriptedCallee(
        "luigi",
        [
            greet_as_luigi(variation),
            Line(AgentSpeaking(variation.pause_ms(2_000)), "Sorry, one moment, please."),
            Line(AgentFinished("of course"), "Now, go ahead."),
            confirm(variation),
        ],
        variation,
    )


def constant_interrupter(variation: Variation) -> ScriptedCallee:
    """Build a callee who interrupts nine times and more, then takes the order.

    Deep in a sentence; again as soon as the agent has begun anew; while the audio still comes in
    a burst; and just when the answer to the interruption before begins.
    """
    moments: list[Cue] = [
        *(IntoSpeech(variation.pause_ms(mean)) for mean in (2_000, 220, 60)),
        After(variation.pause_ms(580)),
        *(IntoSpeech(variation.pause_ms(mean)) for mean in (1_200, 100, 2_600)),
        After(variation.pause_ms(620)),
        *(IntoSpeech(variation.pause_ms(mean)) for mean in (400, 160, 800)),
    ]
    lines = [Line(moment, variation.pick(_INTERJECTIONS)) for moment in moments]
    last = confirm(variation, "All right.")
    return ScriptedCallee("luigi", [greet_as_luigi(variation), *lines, last], variation)


def talkative_shop(variation: Variation) -> ScriptedCallee:
    """Build a callee who talks on while the agent talks, at length, then takes the order."""
    return ScriptedCallee(
        "luigi",
        [
            greet_as_luigi(variation),
            Line(IntoSpeech(variation.pause_ms(1_500)), variation.pick(_CHATTER)),
            Line(IntoSpeech(variation.pause_ms(300)), variation.pick(_CHATTER)),
            Line(After(variation.pause_ms(600)), variation.pick(_CHATTER)),
            Line(AgentFinished(), f"Sure, gladly. {variation.pick(PRICE_AND_TIME)}"),
        ],
        variation,
    )


def broken_line(variation: Variation) -> ScriptedCallee:
    """Build a callee whose line breaks while they look the order up."""
    lost = Line(AgentFinished(), "Let me see, that would be", act=Act.BREAK_LINE)
    return ScriptedCallee("luigi", [greet_as_luigi(variation), lost], variation)
