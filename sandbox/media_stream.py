"""The media stream: Twilio's side of the WebSocket, from upgrade to `stop` or worse."""

import asyncio
import socket
import struct
from collections import Counter
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from sandbox.address_map import Address, host_header
from sandbox.calls import Call
from sandbox.carrier_faults import StreamFault
from sandbox.errors import CarrierError, HostUnreachable
from sandbox.line import StepOfCallee
from sandbox.mulaw import BYTES_PER_MS, FRAME_BYTES
from sandbox.playback import PlaybackBuffer
from sandbox.progress import Ending
from sandbox.signing import sign_url
from sandbox.stream_messages import (
    CONNECTED,
    Audio,
    Clear,
    Faulty,
    Mark,
    Message,
    StreamWriter,
    read_message,
)
from sandbox.twiml import Stream
from sandbox.world import World

OPEN_LIMIT_S = 10.0
SEND_LIMIT_S = 1.0
FULL_BYTES = 65_536
"""Unsent bytes above which the product reads too slowly and audio is dropped (31930)."""
OPEN_FAILED, REFUSED, BAD_ANSWER, SERVER_CLOSED = 31901, 31902, 31920, 31921
TOO_SLOW, TOO_MUCH = 31930, 31931


class StreamNotOpened(CarrierError):
    """The WebSocket could not be opened; `code` is Twilio's stream error."""

    def __init__(self, code: int, words: str) -> None:
        self.code = code
        super().__init__(words)


async def open_socket(stream: Stream, world: World) -> ClientConnection:
    """Open the signed WebSocket at the first address that listens. Raises: StreamNotOpened."""
    try:
        *others, last = world.addresses.find(stream.url)
        for address in others:
            with suppress(ConnectionRefusedError):
                return await _open_at(address, stream, world)
        return await _open_at(last, stream, world)
    except TimeoutError as error:
        raise StreamNotOpened(OPEN_FAILED, "no answer to the upgrade") from error
    except InvalidStatus as error:
        words = f"upgrade answered {error.response.status_code}"
        raise StreamNotOpened(BAD_ANSWER, words) from error
    except (OSError, EOFError, InvalidHandshake, HostUnreachable) as error:
        raise StreamNotOpened(REFUSED, f"{type(error).__name__}: {error}") from error


async def _open_at(address: Address, stream: Stream, world: World) -> ClientConnection:
    parts = urlsplit(stream.url)
    uri = urlunsplit(("ws", host_header(stream.url), parts.path or "/", "", ""))
    signer = world.signer
    return await connect(
        uri,
        host=address.ip,
        port=address.port,
        additional_headers=signer.headers(sign_url(signer.key, stream.url, signer.scheme)),
        user_agent_header="Twilio.TmeWs/1.0",
        compression=None,
        proxy=None,
        ping_interval=None,
        open_timeout=OPEN_LIMIT_S,
        close_timeout=SEND_LIMIT_S,
    )


class MediaStream:
    """One open stream: the callee's audio out, the agent's audio into the playback buffer."""

    def __init__(self, call: Call, stream: Stream, socket_: ClientConnection, world: World) -> None:
        self.playback = call.playback = PlaybackBuffer()
        self.sid = world.names.sid("MZ")
        self.is_ours_to_end = False
        self._call = call
        self.asked = stream
        self._socket = socket_
        self._world = world
        self._faults = call.faults
        self._writer = StreamWriter(call.account_sid, call.sid, self.sid)
        self._counts: Counter[str] = Counter()
        self._warned: set[int] = set()
        self._received_bytes = 0
        self._sent_frames = 0
        self._silent = False

    async def begin(self) -> None:
        """Send `connected` and `start`."""
        self._world.open_streams += 1
        await self._send(CONNECTED)
        await self._send(self._writer.start(self.asked.parameters))

    async def read(self) -> None:
        """Read what the product sends until it closes the socket or is gone."""
        try:
            async for raw in self._socket:
                if not self._silent:
                    await self._take(read_message(raw, self.sid))
        except ConnectionClosed:
            return

    async def carry(self, step: StepOfCallee, marks: list[str]) -> Ending | None:
        """Send the callee's 20 ms, a key, and the echoes of marks; apply the stream's fault."""
        if self._silent:
            return None
        if step.reset:
            return self._break(StreamFault.RESET)
        fault = self._faults.stream
        if fault in _AT_A_TIME and self._writer.media_ms >= self._faults.stream_fault_at_ms:
            return self._break(fault)
        frame = self._writer.media(step.frame)
        if self._socket.transport.get_write_buffer_size() > FULL_BYTES:
            self._warn(TOO_SLOW, "audio dropped")
        elif await self._send(frame):
            self._sent_frames += 1
        if step.digit is not None:
            await self._send(self._writer.dtmf(step.digit))
        await self._echo(marks)
        return None

    async def stop(self) -> None:
        """End the stream as Twilio does: `stop`, then close 1000."""
        self.is_ours_to_end = True
        if self._silent:
            self._abort()
            return
        await self._send(self._writer.stop())
        await self._socket.close()

    def drop(self) -> None:
        """Reset the connection."""
        self.is_ours_to_end = True
        self._abort()

    def write_books(self) -> None:
        """Enter the stream's end with everything that was counted."""
        self._world.open_streams -= 1
        self._note(
            "stream_closed",
            by="carrier" if self.is_ours_to_end else "product",
            close_code=self._socket.close_code,
            media_out_ms=self._writer.media_ms,
            frames_sent=self._sent_frames,
            frames_received=self._received_bytes // FRAME_BYTES,
            played_ms=self.playback.played_ms,
            unplayed_bytes=self.playback.queued_bytes,
            messages=dict(self._counts),
        )

    async def _take(self, message: Message) -> None:
        self._counts[type(message).__name__.lower()] += 1
        match message:
            case Audio(payload):
                self._received_bytes += len(payload)
                self._queue(payload)
            case Mark(name):
                if self.playback.queue_mark(name):
                    await self._echo([name])
            case Clear():
                await self._clear()
            case Faulty(code, reason):
                self._warn(code, reason)

    def _queue(self, payload: bytes) -> None:
        if not self.playback.queue_audio(payload):
            self._warn(TOO_MUCH, "ten minutes are queued, the rest is discarded")
        stale = self.playback.track.stale
        while stale:
            stretch = stale.pop(0)
            self._note("stale", text=stretch.text, offset_ms=stretch.offset_ms)

    async def _clear(self) -> None:
        if self._faults.clear_ignored:
            return
        unplayed_ms = self.playback.queued_bytes // BYTES_PER_MS
        cleared = self.playback.clear()
        cut = cleared.cut
        self._note(
            "clear",
            text=cut.text if cut else "",
            voice=cut.voice if cut else "",
            played_ms=cut.played_ms if cut else 0,
            stream_played_ms=self.playback.played_ms,
            unplayed_ms=unplayed_ms,
            pending_marks=len(cleared.marks),
        )
        await self._echo(cleared.marks)

    async def _echo(self, names: list[str]) -> None:
        if self._faults.marks_lost:
            return
        for name in names:
            self._counts["mark_echo"] += 1
            await self._send(self._writer.mark(name))

    async def _send(self, text: str) -> bool:
        try:
            if self._socket.transport.get_write_buffer_size() == 0:
                await self._socket.send(text)  # cannot wait: a timer for each frame costs more
            else:
                async with asyncio.timeout(SEND_LIMIT_S):
                    await self._socket.send(text)
        except (ConnectionClosed, TimeoutError):
            # The reader sees the end of the socket; a product that only reads slowly loses this.
            self._counts["unsent"] += 1
            return False
        return True

    def _break(self, fault: StreamFault) -> Ending | None:
        self._note("stream_fault", fault=fault.value, media_out_ms=self._writer.media_ms)
        if fault is StreamFault.SILENT:
            self._silent = True
            self._socket.transport.pause_reading()
            return None
        self.is_ours_to_end = True
        if fault is StreamFault.RESET:
            self._abort()
        else:
            self._world.tasks.start(self._socket.close(), f"close {self.sid}")
        return Ending("completed", "carrier")

    def _abort(self) -> None:
        raw = self._socket.transport.get_extra_info("socket")
        if raw is not None and not self._socket.transport.is_closing():
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.transport.abort()

    def _warn(self, code: int, reason: str) -> None:
        self._counts[f"warning_{code}"] += 1
        if code not in self._warned:
            self._warned.add(code)
            self._note("stream_warning", code=code, reason=reason)

    def _note(self, kind: str, **facts: object) -> None:
        self._world.ledger.write(kind, **self._call.facts, stream_sid=self.sid, **facts)


_AT_A_TIME = {StreamFault.RESET, StreamFault.CLOSED_WITHOUT_STOP, StreamFault.SILENT}
