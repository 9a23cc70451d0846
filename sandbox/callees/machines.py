"""The callees who are nobody: answering machines, a fax, a line on which nobody speaks."""

from sandbox.callees.cues import After, AgentSaidIt
from sandbox.callees.scripted import MACHINE, STAYING, Act, Line, ScriptedCallee
from sandbox.speech import FRAME_MS, SILENCE
from sandbox.tones import beep, fax_tone
from sandbox.variation import Variation

_GREETINGS = (
    "You have reached Luigi's Pizza. Please leave a message after the tone.",
    "This is the voicemail of Luigi's Pizza. We cannot take your call, leave us a message.",
    "Hello, nobody is here just now. Leave your message after the beep.",
)
_BEEP_MS = 800
_SOON_MS = 600
_ANSWERS_MS = 1_200


def answering_machine(variation: Variation) -> ScriptedCallee:
    """Build a machine with a beep, at which it expects nothing."""
    return _machine(variation, _pause(variation) + beep(_BEEP_MS))


def machine_without_beep(variation: Variation) -> ScriptedCallee:
    """Build a machine that records without a beep, and expects nothing."""
    return _machine(variation)


def machine_that_records(variation: Variation) -> ScriptedCallee:
    """Build a machine on which a message has to be left after the beep."""
    return _machine(variation, _pause(variation) + beep(_BEEP_MS), Line(AgentSaidIt()))


def machine_that_records_without_beep(variation: Variation) -> ScriptedCallee:
    """Build a machine on which a message has to be left after its greeting."""
    return _machine(variation, b"", Line(AgentSaidIt()))


def fax_machine(variation: Variation) -> ScriptedCallee:
    """Build a fax machine, which whistles and waits in turn."""
    whistle = (fax_tone(3_000) + SILENCE * (3_000 // FRAME_MS)) * 6
    lines = [Line(After(variation.pause_ms(_ANSWERS_MS)), sound=whistle)]
    return ScriptedCallee("machine", lines, variation, MACHINE)


def silent_person(variation: Variation) -> ScriptedCallee:
    """Build a callee who answers and never says a word."""
    return ScriptedCallee("nobody", [], variation, STAYING)


def silent_person_who_leaves(variation: Variation) -> ScriptedCallee:
    """Build a callee who answers, says nothing, and hangs up after a while."""
    lines = [Line(After(variation.pause_ms(7_000)), act=Act.HANG_UP)]
    return ScriptedCallee("nobody", lines, variation, MACHINE)


def _machine(variation: Variation, sound: bytes = b"", *more: Line) -> ScriptedCallee:
    greeting = Line(
        After(variation.pause_ms(_ANSWERS_MS)), variation.pick(_GREETINGS), sound_after=sound
    )
    return ScriptedCallee("machine", [greeting, *more], variation, MACHINE)


def _pause(variation: Variation) -> bytes:
    return SILENCE * (variation.pause_ms(_SOON_MS) // FRAME_MS)
