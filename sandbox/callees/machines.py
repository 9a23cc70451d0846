"""The callees who are nobody: an answering machine, and a line on which nobody speaks."""

from sandbox.callees.cues import After
from sandbox.callees.scripted import Act, Line, ScriptedCallee


def answering_machine() -> ScriptedCallee:
    """Build a callee that is a recorded message."""
    return ScriptedCallee(
        "machine",
        [
            Line(
                After(600),
                "You have reached Luigi's Pizza. Please leave a message after the tone.",
            )
        ],
        waits=False,
    )


def silent_person() -> ScriptedCallee:
    """Build a callee who answers, says nothing, and hangs up after a while."""
    return ScriptedCallee("nobody", [Line(After(25_000), act=Act.HANG_UP)], waits=False)
