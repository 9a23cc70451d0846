"""The speech model's connection: four verbs - connect, send, receive, close."""

from call_handler.realtime.connection import ModelSettings, RealtimeModel
from call_handler.realtime.events import AudioDelta, EventWriter, read_audio_delta, read_event
from call_handler.realtime.fault import ModelFault
from call_handler.realtime.instructions import behalf_of, write_instructions
from call_handler.realtime.session import SessionPlan

__all__ = [
    "AudioDelta",
    "EventWriter",
    "ModelFault",
    "ModelSettings",
    "RealtimeModel",
    "SessionPlan",
    "behalf_of",
    "read_audio_delta",
    "read_event",
    "write_instructions",
]
