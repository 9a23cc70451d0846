"""What a create may order beside the talk: machine detection and a recording."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class DetectionOrder:
    """`MachineDetection` and what belongs to it; `callback` is empty when none was given."""

    waits_for_end: bool
    """Whether the verdict waits for the end of a machine's message (DetectMessageEnd)."""
    is_async: bool
    callback: str
    method: str
    timeout_s: int
    speech_end_ms: int


@dataclass(frozen=True, slots=True)
class RecordingOrder:
    """`Record` and what belongs to it; `callback` is empty when none was given."""

    channels: int
    track: str
    """`inbound` (the callee), `outbound` (the agent) or `both`."""
    trims: bool
    """Whether silence at both ends is cut off."""
    callback: str
    method: str
    events: frozenset[str]


def read_detection(fields: Mapping[str, str]) -> DetectionOrder | None:
    """Read the order from a checked form; None when there is none.

    Twilio ignores it beside `SendDigits`.
    """
    mode = fields.get("MachineDetection")
    if mode is None or fields.get("SendDigits"):
        return None
    return DetectionOrder(
        waits_for_end=mode == "DetectMessageEnd",
        is_async=fields.get("AsyncAmd") == "true",
        callback=fields.get("AsyncAmdStatusCallback", ""),
        method=fields.get("AsyncAmdStatusCallbackMethod", "POST"),
        timeout_s=int(fields.get("MachineDetectionTimeout", "30")),
        speech_end_ms=int(fields.get("MachineDetectionSpeechEndThreshold", "1200")),
    )


def read_recording(pairs: Pairs) -> RecordingOrder | None:
    """Read the order from a checked form; None when there is none."""
    fields = dict(pairs)
    if fields.get("Record") != "true":
        return None
    events = [value for name, value in pairs if name == "RecordingStatusCallbackEvent"]
    return RecordingOrder(
        channels=2 if fields.get("RecordingChannels") == "dual" else 1,
        track=fields.get("RecordingTrack", "both"),
        trims=fields.get("Trim", "trim-silence") == "trim-silence",
        callback=fields.get("RecordingStatusCallback", ""),
        method=fields.get("RecordingStatusCallbackMethod", "POST"),
        events=frozenset(events or ["completed"]),
    )
