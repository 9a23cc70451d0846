"""A WebSocket of `websockets` whose texts pass by the library: no queue, no task, no parser object.

The library upgrades, answers pings and closes. Tried beside it: its `send` and its iterator cost
about 25 us a message each, more than a core has for 150 calls. Source of the framing: RFC 6455.
"""

import asyncio
import struct
import time
from collections.abc import Callable, Iterator

from websockets.asyncio.connection import Connection
from websockets.protocol import State
from websockets.utils import apply_mask

_TEXT = 0x81  # the only piece of a text
_MASKED = 0x80
_LENGTH = 0x7F
_SHORT, _MEDIUM = 125, 65_535
_TWO_BYTES, _EIGHT_BYTES = 126, 127
_NO_MASK = b"\0\0\0\0"  # a mask like any other, and nothing is to be changed

Receive = Callable[[bytes, int], None]
"""Takes a text and the moment it came, in ns of the monotonic clock."""


class TakenSocket(asyncio.Protocol):
    """Stands between a connection's transport and its library from now on."""

    def __init__(self, connection: Connection, receive: Receive, *, is_client: bool) -> None:
        self.closed = asyncio.Event()
        self._connection = connection
        self._receive = receive
        self._mask = _MASKED if is_client else 0
        self._reader = FrameReader()
        self._transport = connection.transport
        self._transport.set_protocol(self)

    def send(self, *texts: str) -> None:
        """Send texts, each a message, in one write; does nothing when the socket is closing."""
        if self._connection.protocol.state is State.OPEN and not self._transport.is_closing():
            self._transport.write(b"".join([_framed(text.encode(), self._mask) for text in texts]))

    def data_received(self, data: bytes) -> None:
        """Take what came in; what is no text goes on to the library."""
        now_ns = time.monotonic_ns()
        for is_text, piece in self._reader.read(data):
            if is_text:
                self._receive(piece, now_ns)
            else:
                self._connection.data_received(piece)

    def eof_received(self) -> None:
        """Let the library answer the end of what comes in; the transport closes then."""
        self._connection.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the library and whoever waits know."""
        self._connection.connection_lost(exc)
        self.closed.set()


class FrameReader:
    """Cuts what came in into frames."""

    def __init__(self) -> None:
        self._rest = b""

    def read(self, data: bytes) -> Iterator[tuple[bool, bytes]]:
        """Yield each whole frame: whether it is a text, and that text, or else the whole frame."""
        data = self._rest + data
        at = 0
        while (spans := _measure(data, at)) is not None:
            body, end = spans
            if data[at] != _TEXT:
                yield False, data[at:end]
            elif data[at + 1] & _MASKED:
                yield True, apply_mask(data[body:end], data[body - 4 : body])
            else:
                yield True, data[body:end]
            at = end
        self._rest = data[at:]


def _measure(data: bytes, at: int) -> tuple[int, int] | None:
    """Say where the body of a frame begins and where it ends; None while it is not all there."""
    if len(data) - at < 2:  # noqa: PLR2004 - the shortest head
        return None
    length, body = data[at + 1] & _LENGTH, at + 2
    if length >= _TWO_BYTES:
        body += 2 if length == _TWO_BYTES else 8
        if len(data) < body:
            return None
        length = int.from_bytes(data[at + 2 : body])
    if data[at + 1] & _MASKED:
        body += 4
    return (body, body + length) if body + length <= len(data) else None


def _framed(text: bytes, mask: int) -> bytes:
    length = len(text)
    if length <= _SHORT:
        head = bytes((_TEXT, mask | length))
    elif length <= _MEDIUM:
        head = struct.pack(">BBH", _TEXT, mask | _TWO_BYTES, length)
    else:
        head = struct.pack(">BBQ", _TEXT, mask | _EIGHT_BYTES, length)
    return head + _NO_MASK + text if mask else head + text
