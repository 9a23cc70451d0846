"""The carrier's side of one call: frames in, the agent's sound and its marks back."""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import cast

from benchmarks.media_load.framing import CLOSE, PING, PONG, FrameReader, client_frame, new_key
from benchmarks.media_load.sound import FRAME_MS, Voice, Way

ACCOUNT_SID = "AC" + "0" * 32
_PAYLOAD = b'"payload":'
_NAME = b'"name":'
_UPGRADED = b"HTTP/1.1 101"
_NORMAL = (1000).to_bytes(2)


@dataclass(frozen=True, slots=True)
class StreamPlace:
    """Where a stream is opened: host, port, path; `headers`: what the upgrade carries besides."""

    port: int
    path: str
    host: str = "127.0.0.1"
    headers: tuple[tuple[str, str], ...] = ()


class CarrierStream(asyncio.Protocol):
    """One media stream, from its upgrade to its `stop`.

    `into`: the callee's way to the model; `out`: the model's way to the callee.
    """

    def __init__(self, number: int, call_id: str, call_sid: str, place: StreamPlace) -> None:
        self.number = number
        self.call_id = call_id
        self.into = Way()
        self.out = Way()
        self.out_ms = FRAME_MS
        self.marks = 0
        self.error = ""
        self.opened: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.is_over = False
        self._call_sid = call_sid
        self._stream_sid = f"MZ{number:032x}"
        self._place = place
        self._voice = _VOICE
        self._sequence = 0
        self._reader = FrameReader()
        self._head = b""
        self._is_open = False
        self._transport: asyncio.Transport | None = None  # None before the connection

    # -- asyncio.Protocol --------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast("asyncio.Transport", transport)
        lines = [
            f"GET {self._place.path} HTTP/1.1",
            f"Host: {self._place.host}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {new_key()}",
            "Sec-WebSocket-Version: 13",
            *(f"{name}: {value}" for name, value in self._place.headers),
        ]
        self._transport.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    def data_received(self, data: bytes) -> None:
        """Take what the system sends."""
        now_s = time.perf_counter()
        if not self._is_open:
            data = self._open(self._head + data)
        for opcode, payload in self._reader.feed(data):
            if opcode == CLOSE:
                self._end()
            elif opcode == PING:
                self._write(client_frame(payload, PONG))
            else:
                self._take(now_s, payload)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that it is over."""
        if not self.is_over:
            self._fail(f"call {self.number}: the stream was lost: {exc}")
        self.is_over = True
        if not self.opened.done():
            self.opened.set_result(False)

    # -- the load ----------------------------------------------------------------------------

    def send_frame(self) -> None:
        """Send the next 20 ms of the callee's sound."""
        if not self._is_open or self.is_over:
            return
        text = self._voice.frame(self.number, self._sequence)
        self._sequence += 1
        sequence = self._sequence
        message = (
            b'{"event":"media","sequenceNumber":"%d","streamSid":"%b","media":{"track":"inbound",'
            b'"chunk":"%d","timestamp":"%d","payload":"%b"}}'
        ) % (
            sequence + 1,
            self._stream_sid.encode(),
            sequence,
            (sequence - 1) * FRAME_MS,
            text,
        )
        self.into.note_sent(time.perf_counter(), text)
        self._write(client_frame(message))

    def hang_up(self) -> None:
        """Say `stop` and close, as the carrier does when the callee has hung up."""
        if self._is_open and not self.is_over:
            stop = {"accountSid": ACCOUNT_SID, "callSid": self._call_sid}
            self._send_message("stop", {"stop": stop})
            self._write(client_frame(_NORMAL, CLOSE))
        self._end()

    def _take(self, now_s: float, message: bytes) -> None:
        text = _text_behind(_PAYLOAD, message)
        if text:
            self.out.note_received(now_s, text, self.out_ms)
            return
        name = _text_behind(_NAME, message)
        if name:
            self.marks += 1
            self._send_message("mark", {"mark": {"name": name.decode()}})

    def _open(self, data: bytes) -> bytes:
        """Read the answer to the upgrade; give what follows it."""
        head, found, rest = data.partition(b"\r\n\r\n")
        if not found:
            self._head = data
            return b""
        if not head.startswith(_UPGRADED):
            self._fail(f"call {self.number}: the upgrade was answered {head[:40]!r}")
            return b""
        self._is_open = True
        self._write(client_frame(b'{"event":"connected","protocol":"Call","version":"1.0.0"}'))
        self._send_message("start", {"start": self._describe_start()})
        if not self.opened.done():
            self.opened.set_result(True)
        return rest

    def _describe_start(self) -> dict[str, object]:
        return {
            "accountSid": ACCOUNT_SID,
            "callSid": self._call_sid,
            "streamSid": self._stream_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {"call_id": self.call_id},
        }

    def _send_message(self, event: str, fields: dict[str, object]) -> None:
        message = {"event": event, "sequenceNumber": "1", "streamSid": self._stream_sid, **fields}
        self._write(client_frame(json.dumps(message, separators=(",", ":")).encode()))

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _fail(self, reason: str) -> None:
        self.error = self.error or reason

    def _end(self) -> None:
        self.is_over = True
        if self._transport is not None:
            self._transport.close()


def _text_behind(key: bytes, message: bytes) -> bytes:
    """Cut out the text that follows a key, with or without a space; empty when it is not there."""
    at = message.find(key)
    if at < 0:
        return b""
    begin = message.index(b'"', at + len(key)) + 1
    return message[begin : message.index(b'"', begin)]


_VOICE = Voice(FRAME_MS)
