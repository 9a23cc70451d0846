"""The session that a call needs: what we ask for, and whether the model granted it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_ULAW = {"type": "audio/pcmu"}


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """What one call asks of the model. Source: realtime.md, section 3.1."""

    instructions: str
    tools: Sequence[Mapping[str, object]]
    voice: str = "cedar"
    transcription_model: str = "gpt-transcribe"

    def describe(self) -> dict[str, object]:
        """Give the session as `session.update` carries it: u-law both ways, so nothing is coded."""
        audio_input = {
            "format": _ULAW,
            "noise_reduction": {"type": "near_field"},
            "transcription": {"model": self.transcription_model, "language": "en"},
            "turn_detection": {
                "type": "server_vad",
                "threshold": 0.5,
                "prefix_padding_ms": 300,
                "silence_duration_ms": 500,
                "idle_timeout_ms": 6_000,
                "create_response": True,
                "interrupt_response": True,
            },
        }
        return {
            "type": "realtime",
            "output_modalities": ["audio"],
            "instructions": self.instructions,
            "audio": {
                "input": audio_input,
                "output": {"format": _ULAW, "voice": self.voice, "speed": 1.0},
            },
            "tools": list(self.tools),
            "tool_choice": "auto",
            "max_output_tokens": "inf",
            "truncation": "auto",
            "tracing": None,
        }

    def find_difference(self, granted: Mapping[str, object]) -> str:
        """Name the first thing that was not granted and that the call cannot do without.

        Returns: its path in the session; empty when all is as asked.
        """
        asked = self.describe()
        for path in (
            "audio.input.format.type",
            "audio.output.format.type",
            "audio.input.turn_detection.type",
            "audio.input.turn_detection.create_response",
            "audio.input.turn_detection.interrupt_response",
            "audio.input.turn_detection.silence_duration_ms",
        ):
            if _look_up(granted, path) != _look_up(asked, path):
                return path
        return "" if _tool_names(granted) == _tool_names(asked) else "tools"


def _look_up(session: Mapping[str, object], path: str) -> object:
    value: object = session
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _tool_names(session: Mapping[str, object]) -> list[str]:
    tools = session.get("tools")
    if not isinstance(tools, Sequence):
        return []
    return sorted(str(tool.get("name")) for tool in tools if isinstance(tool, Mapping))
