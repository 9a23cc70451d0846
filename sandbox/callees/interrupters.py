"""The callees who cut the agent short: by talking, by hanging up, by a line that breaks."""

from sandbox.callees.cues import AgentFinished, AgentSpeaking
from sandbox.callees.order_taker import CONFIRMATION, HELLO
from sandbox.callees.scripted import Act, Line, ScriptedCallee


def interrupting_shop() -> ScriptedCallee:
    """Build a callee who talks into the agent's first sentence, then takes the order."""
    return ScriptedCallee(
        "luigi",
        [
            HELLO,
            Line(AgentSpeaking(2_000), "Sorry, one moment, please."),
            Line(AgentFinished("of course"), "Now, go ahead."),
            Line(AgentFinished(), CONFIRMATION),
        ],
    )


def hanging_up_person(after_ms: int = 2_000) -> ScriptedCallee:
    """Build a callee who hangs up while the agent is still saying who it is."""
    return ScriptedCallee("luigi", [HELLO, Line(AgentSpeaking(after_ms), act=Act.HANG_UP)])


def broken_line() -> ScriptedCallee:
    """Build a callee whose line breaks while they look the order up."""
    return ScriptedCallee(
        "luigi",
        [HELLO, Line(AgentFinished(), "Let me see, that would be", act=Act.BREAK_LINE)],
    )
