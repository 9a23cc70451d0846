"""Recordings of calls: both directions as they were really played, as a resource and as WAV."""

import struct
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from sandbox.call_orders import RecordingOrder
from sandbox.mulaw import (
    BYTES_PER_MS,
    FRAME_BYTES,
    SAMPLE_RATE,
    decode_mulaw,
    frames_of,
    is_loud,
)
from sandbox.script_time import rfc2822, wall_now

COMPLETED, ABSENT = "completed", "absent"
PUBLIC_ROOT = "https://api.twilio.com"
"""Where Twilio says that a recording is; a client fetches it where its API is."""
_API = "2010-04-01"
_MS_PER_S = 1_000
_BYTES_PER_SAMPLE = 2


class Recorder:
    """Takes down both sides of a call, 20 ms at a time."""

    def __init__(self) -> None:
        self._agent = bytearray()
        self._callee = bytearray()

    def take(self, heard: bytes, said: bytes) -> None:
        """Take what the callee heard and what they said in the same 20 ms."""
        self._agent += heard
        self._callee += said

    def sides(self, *, trims: bool) -> tuple[bytes, bytes]:
        """Give the callee's side and the agent's; with `trims`, without silence at both ends."""
        callee, agent = bytes(self._callee), bytes(self._agent)
        if not trims:
            return callee, agent
        pairs = list(zip(frames_of(callee), frames_of(agent), strict=True))
        first, last = 0, len(pairs)
        while first < last and not any(map(is_loud, pairs[first])):
            first += 1
        while last > first and not any(map(is_loud, pairs[last - 1])):
            last -= 1
        span = slice(first * FRAME_BYTES, last * FRAME_BYTES)
        return callee[span], agent[span]


@dataclass(slots=True)
class Recording:
    """One recording: what was ordered, and what is in it."""

    sid: str
    account_sid: str
    call_sid: str
    order: RecordingOrder
    started: datetime
    status: str = "in-progress"
    callee: bytes = b""
    agent: bytes = b""
    updated: datetime = field(default_factory=wall_now)

    @property
    def duration_s(self) -> int:
        """Give its length in whole seconds."""
        return round(len(self.callee) / BYTES_PER_MS / _MS_PER_S)

    @property
    def path(self) -> str:
        """Give its place in the API, without a format."""
        return f"/{_API}/Accounts/{self.account_sid}/Recordings/{self.sid}"

    @property
    def url(self) -> str:
        """Give the URL that Twilio tells."""
        return PUBLIC_ROOT + self.path

    def finish(self, recorder: Recorder, status: str) -> None:
        """Take over what was recorded; what holds no sound is absent."""
        self.callee, self.agent = recorder.sides(trims=self.order.trims)
        if status == ABSENT or not self.callee:
            self.callee = self.agent = b""
            status = ABSENT
        self.status, self.updated = status, wall_now()

    def fields(self) -> list[tuple[str, str]]:
        """Give the parameters of a recording callback."""
        return [
            ("AccountSid", self.account_sid),
            ("CallSid", self.call_sid),
            ("RecordingSid", self.sid),
            ("RecordingUrl", self.url),
            ("RecordingStatus", self.status),
            ("RecordingDuration", str(self.duration_s)),
            ("RecordingChannels", str(self.order.channels)),
            ("RecordingStartTime", rfc2822(self.started) or ""),
            ("RecordingSource", "OutboundAPI"),
            ("RecordingTrack", self.order.track),
            ("ErrorCode", "0"),
        ]

    def resource(self) -> dict[str, object]:
        """Give the Recording resource; the duration is text, as there."""
        return {
            "account_sid": self.account_sid,
            "api_version": _API,
            "call_sid": self.call_sid,
            "conference_sid": None,
            "date_created": rfc2822(self.started),
            "date_updated": rfc2822(self.updated),
            "start_time": rfc2822(self.started),
            "duration": str(self.duration_s),
            "sid": self.sid,
            "price": None,
            "price_unit": "USD",
            "status": self.status,
            "channels": self.order.channels,
            "source": "OutboundAPI",
            "error_code": None,
            "uri": f"{self.path}.json",
            "encryption_details": None,
            "subresource_uris": {},
            "media_url": self.url,
        }

    def wav(self) -> bytes:
        """Give the sound as WAV: 16 bits, 8 kHz; dual has the callee left, the agent right."""
        callee, agent = (decode_mulaw(side).astype(np.int32) for side in (self.callee, self.agent))
        if self.order.track == "inbound":
            agent[:] = 0
        elif self.order.track == "outbound":
            callee[:] = 0
        if self.order.channels == 1:
            sound = np.clip(callee + agent, -32_768, 32_767)
        else:
            sound = np.column_stack((callee, agent)).reshape(-1)
        return _wav(sound.astype("<i2").tobytes(), self.order.channels)


def _wav(data: bytes, channels: int) -> bytes:
    block = channels * _BYTES_PER_SAMPLE
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, channels),
        *(SAMPLE_RATE, SAMPLE_RATE * block, block, 8 * _BYTES_PER_SAMPLE, b"data", len(data)),
    )
    return head + data
