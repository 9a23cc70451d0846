"""Media-stream messages: what Twilio writes, and the strict reading of what it is sent."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass

CONNECTED = '{"event":"connected","protocol":"Call","version":"1.0.0"}'
UNDECODABLE, NOT_COMPLIANT = 31950, 31951


@dataclass(frozen=True, slots=True)
class Audio:
    """`media` from the product: mu-law bytes to be played."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """`mark` from the product: to be echoed once everything before it was played."""

    name: str


@dataclass(frozen=True, slots=True)
class Clear:
    """`clear` from the product: empty the playback buffer."""


@dataclass(frozen=True, slots=True)
class Faulty:
    """A message that is dropped: 31950 for a binary frame, 31951 for the rest."""

    code: int
    reason: str


Message = Audio | Mark | Clear | Faulty


def read_message(raw: str | bytes, stream_sid: str) -> Message:
    """Read one message of the product; everything that is not exactly right is Faulty."""
    if isinstance(raw, bytes):
        return Faulty(UNDECODABLE, "binary frame")
    try:
        message = json.loads(raw)
    except ValueError:
        return Faulty(NOT_COMPLIANT, "not JSON")
    if not isinstance(message, dict) or message.get("streamSid") != stream_sid:
        return Faulty(NOT_COMPLIANT, "streamSid missing or wrong")
    reader = _READERS.get(str(message.get("event")))
    if reader is None:
        return Faulty(NOT_COMPLIANT, f"unknown event {message.get('event')!r}")
    return reader(message)


def _only_text(message: Mapping[str, object], part: str, name: str) -> str | None:
    """Give message[part][name] when the message holds nothing else."""
    inner = message.get(part)
    if message.keys() != {"event", "streamSid", part} or not isinstance(inner, dict):
        return None
    value = inner.get(name)
    return value if isinstance(value, str) and inner.keys() == {name} else None


def _read_media(message: Mapping[str, object]) -> Message:
    payload = _only_text(message, "media", "payload")
    if payload is None:
        return Faulty(NOT_COMPLIANT, "media: missing or extra field")
    try:
        return Audio(base64.b64decode(payload, validate=True))
    except binascii.Error:
        return Faulty(NOT_COMPLIANT, "media: payload is not base64")


def _read_mark(message: Mapping[str, object]) -> Message:
    name = _only_text(message, "mark", "name")
    if name is None:
        return Faulty(NOT_COMPLIANT, "mark: missing or extra field")
    return Mark(name)


def _read_clear(message: Mapping[str, object]) -> Message:
    if message.keys() != {"event", "streamSid"}:
        return Faulty(NOT_COMPLIANT, "clear: extra field")
    return Clear()


_READERS = {"media": _read_media, "mark": _read_mark, "clear": _read_clear}


class StreamWriter:
    """Writes one stream's messages in Twilio's shape: numbers inside are strings."""

    def __init__(self, account_sid: str, call_sid: str, stream_sid: str) -> None:
        self.account_sid = account_sid
        self.call_sid = call_sid
        self.stream_sid = stream_sid
        self._sequence = 0
        self._chunk = 0

    def start(self, parameters: Mapping[str, str]) -> str:
        """Write `start` with the TwiML's parameters."""
        start = {
            "accountSid": self.account_sid,
            "callSid": self.call_sid,
            "streamSid": self.stream_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": dict(parameters),
        }
        return self._message("start", start)

    def media(self, frame: bytes) -> str:
        """Write one frame of the callee's audio; `timestamp` is 20 ms per earlier frame."""
        return self.media_of(base64.b64encode(frame).decode())

    def media_of(self, payload: str) -> str:
        """Write one frame of which the base64 is there already."""
        self._sequence += 1
        self._chunk += 1
        # By hand: this line runs 50 times a second for every call.
        return (
            f'{{"event":"media","sequenceNumber":"{self._sequence}",'
            f'"streamSid":"{self.stream_sid}","media":{{"track":"inbound",'
            f'"chunk":"{self._chunk}","timestamp":"{(self._chunk - 1) * 20}",'
            f'"payload":"{payload}"}}}}'
        )

    def dtmf(self, digit: str) -> str:
        """Write a key that the callee pressed."""
        return self._message("dtmf", {"track": "inbound_track", "digit": digit})

    def mark(self, name: str) -> str:
        """Write the echo of a mark."""
        return self._message("mark", {"name": name})

    def stop(self) -> str:
        """Write the end of the stream."""
        return self._message("stop", {"accountSid": self.account_sid, "callSid": self.call_sid})

    @property
    def media_ms(self) -> int:
        """Milliseconds of media sent so far."""
        return self._chunk * 20

    def _message(self, event: str, body: Mapping[str, object]) -> str:
        self._sequence += 1
        message = {
            "event": event,
            "sequenceNumber": str(self._sequence),
            "streamSid": self.stream_sid,
            event: body,
        }
        return json.dumps(message, separators=(",", ":"))
