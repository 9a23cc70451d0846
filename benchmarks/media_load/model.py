"""The speech model's side of one call: grants its session, hears frames, speaks without a pause."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from benchmarks.media_load.carrier import CarrierStream
from benchmarks.media_load.framing import (
    CLOSE,
    PING,
    PONG,
    FrameReader,
    accept_key,
    server_frame,
)
from benchmarks.media_load.pace import Pace
from benchmarks.media_load.sound import FRAME_MS, PCMU, Coding, Voice, call_of
from benchmarks.media_load.words import Turn

_AUDIO = b'"audio":"'
_SPACED_AUDIO = b'"audio": "'
_APPEND = b'"input_audio_buffer.append"'
_TURN_MS = 4_000
_WORDS_MS = 1_000


@dataclass(frozen=True, slots=True)
class Speech:
    """How the model speaks: deltas of so many milliseconds, in a coding."""

    delta_ms: int = FRAME_MS
    coding: Coding = PCMU
    is_exact: bool = True


class ModelSession(asyncio.Protocol):
    """One session with the system under test, from its upgrade to its close.

    `find_call`: gives the stream of a call by its number; -1: of the oldest without a session.
    """

    def __init__(
        self, speech: Speech, pace: Pace, find_call: Callable[[int], CarrierStream | None]
    ) -> None:
        self._speech = speech
        self._pace = pace
        self._find_call = find_call
        self._reader = FrameReader()
        self._voice = Voice(speech.delta_ms, speech.coding)
        self._stream: CarrierStream | None = None  # None until the call is known
        self._head: bytes | None = b""  # None once it is upgraded
        self._sequence = 0
        self._turn = Turn(0)
        self._transport: asyncio.Transport | None = None  # None before the connection
        self.is_open = False
        self.is_granted = False

    # -- asyncio.Protocol --------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the upgrade."""
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        """Take what the system sends."""
        now_s = time.perf_counter()
        if self._head is not None:
            data = self._upgrade(self._head + data)
        for opcode, payload in self._reader.feed(data):
            if opcode == CLOSE:
                self._write(server_frame(payload[:2], CLOSE))
                self._close()
            elif opcode == PING:
                self._write(server_frame(payload, PONG))
            else:
                self._take(now_s, payload)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's
        """Speak no more."""
        self.is_open = False
        self._pace.remove(self.speak)

    # -- the load ----------------------------------------------------------------------------

    def speak(self) -> None:
        """Send the next delta, and at a turn's end what belongs there."""
        stream = self._stream
        if stream is None or not self.is_open or stream.is_over:
            return
        at_ms = self._sequence * self._speech.delta_ms % _TURN_MS
        if at_ms == 0:
            self._begin_turn()
        text = self._voice.frame(stream.number, self._sequence)
        self._sequence += 1
        stream.out.note_sent(time.perf_counter(), text)
        message = server_frame(self._turn.delta(self._sequence, text))
        if at_ms % _WORDS_MS == 0:
            message += server_frame(self._turn.words(at_ms // _WORDS_MS))
        self._write(message)

    def _begin_turn(self) -> None:
        events = self._turn.end() if self._sequence else []
        self._turn = self._turn.next()
        self._write(b"".join(map(server_frame, [*events, *self._turn.begin()])))

    def _take(self, now_s: float, message: bytes) -> None:
        begin = message.find(_AUDIO)
        if begin < 0:
            begin = message.find(_SPACED_AUDIO)
        if begin > 0 and _APPEND in message:
            begin = message.index(b'"', begin + len(_AUDIO) - 1) + 1
            self._hear(now_s, message[begin : message.find(b'"', begin)])
            return
        event = json.loads(message)
        if event.get("type") == "session.update":
            session = event["session"]
            granted = {"type": "session.updated", "event_id": "event_2", "session": session}
            self._write(server_frame(json.dumps(granted, separators=(",", ":")).encode()))
            self.is_granted = True

    def _hear(self, now_s: float, text: bytes) -> None:
        if self._stream is None:
            self._stream = self._find_call(call_of(text) if self._speech.is_exact else -1)
            if self._stream is None:
                return
            stream = self._stream
            stream.into.is_exact = stream.out.is_exact = self._speech.is_exact
            stream.into.bytes_per_ms_out = self._speech.coding.bytes_per_ms
            stream.out_ms = self._speech.delta_ms
            self._pace.add(self.speak, self._speech.delta_ms)
        self._stream.into.note_received(now_s, text, FRAME_MS)

    def _upgrade(self, data: bytes) -> bytes:
        """Answer the upgrade; give what follows it."""
        head, found, rest = data.partition(b"\r\n\r\n")
        if not found:
            self._head = data
            return b""
        self._head = None
        lines = (line.partition(b":") for line in head.split(b"\r\n")[1:])
        headers = {name.lower(): value.strip() for name, _, value in lines}
        key = accept_key(headers.get(b"sec-websocket-key", b""))
        self._write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + key + b"\r\n\r\n"
        )
        created = {"type": "session.created", "event_id": "event_1", "session": {"id": "sess_1"}}
        self._write(server_frame(json.dumps(created, separators=(",", ":")).encode()))
        return rest

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()
