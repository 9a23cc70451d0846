"""WebSocket frames by hand: as little of RFC 6455 as a load process needs, and no more CPU."""

import base64
import hashlib
import os
from collections.abc import Iterator

from websockets.speedups import apply_mask

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
_FIN = 0x80
_MASKED = 0x80
_SHORT, _TWO_BYTES, _EIGHT_BYTES = 126, 126, 127
_MEDIUM = 65_536
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_NO_MASK = b"\0\0\0\0"  # a mask of zeros is one: the text goes out as it is


def server_frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Write one whole frame as a server does: without a mask."""
    return _head(opcode, len(payload), 0) + payload


def client_frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Write one whole frame as a client does, under a mask of zeros."""
    return _head(opcode, len(payload), _MASKED) + _NO_MASK + payload


def accept_key(key: bytes) -> bytes:
    """Answer the key of an upgrade. Source: RFC 6455, section 4.2.2."""
    return base64.b64encode(hashlib.sha1(key + _MAGIC, usedforsecurity=False).digest())


def new_key() -> str:
    """Make the key of an upgrade."""
    return base64.b64encode(os.urandom(16)).decode()


class FrameReader:
    """Cuts bytes into frames. Of a fragmented message only the last fragment's end is told."""

    def __init__(self) -> None:
        self._left = b""
        self._parts = b""

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Take bytes as they come; give each whole message as (opcode, payload)."""
        if self._left:
            data, self._left = self._left + data, b""
        at, size = 0, len(data)
        while size - at >= 2:  # noqa: PLR2004 - the shortest head
            code, length, begin = data[at], data[at + 1] & 0x7F, at + 2
            if length == _TWO_BYTES:
                begin += 2
                length = int.from_bytes(data[at + 2 : begin])
            elif length == _EIGHT_BYTES:
                begin += 8
                length = int.from_bytes(data[at + 2 : begin])
            is_masked = data[at + 1] & _MASKED
            begin += 4 if is_masked else 0
            if begin + length > size:
                break
            payload = data[begin : begin + length]
            if is_masked:
                payload = apply_mask(payload, data[begin - 4 : begin])
            at = begin + length
            if code == _FIN | TEXT:
                yield TEXT, payload
            else:
                yield from self._whole(code, payload)
        self._left = data[at:]

    def _whole(self, code: int, payload: bytes) -> Iterator[tuple[int, bytes]]:
        opcode = code & 0x0F
        if opcode >= CLOSE:
            yield opcode, payload
            return
        self._parts += payload
        if code & _FIN:
            payload, self._parts = self._parts, b""
            yield TEXT, payload


def _head(opcode: int, size: int, masked: int) -> bytes:
    if size < _SHORT:
        return bytes((_FIN | opcode, masked | size))
    if size < _MEDIUM:
        return bytes((_FIN | opcode, masked | _TWO_BYTES)) + size.to_bytes(2)
    return bytes((_FIN | opcode, masked | _EIGHT_BYTES)) + size.to_bytes(8)
