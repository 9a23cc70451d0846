"""Frames made beforehand: 20 ms that tell whose they are, their number, the moment they left."""

import binascii
import struct
import zlib
from typing import NamedTuple

from sandbox.mulaw import FRAME_BYTES, noise

CALLEE, AGENT = 0xCA11, 0xA6E7
"""Which side a frame is of."""

_STAMP = struct.Struct(">IHIQ")
_STAMP_SIGNS = _STAMP.size * 4 // 3  # 18 bytes are 24 signs of base64, without a rest
# Quiet mu-law: no ear of the product shall take it for a tone or a beep.
_QUIET = bytes(code | 0x78 for code in noise(FRAME_BYTES - _STAMP.size, 1))
_REST = binascii.b2a_base64(_QUIET, newline=False).decode()
_REST_BYTES = _REST.encode()
PAYLOAD_SIGNS = _STAMP_SIGNS + len(_REST)


class Stamp(NamedTuple):
    """What a frame tells; `sent_ns`: the monotonic clock of this machine when it was sent."""

    tag: int
    side: int
    number: int
    sent_ns: int


def tag_of(call_id: str) -> int:
    """Give the number that stands for a call in its frames."""
    return zlib.crc32(call_id.encode())


def press(stamp: tuple[int, int, int, int]) -> str:
    """Give the base64 of a frame with this stamp."""
    return binascii.b2a_base64(_STAMP.pack(*stamp), newline=False).decode() + _REST


def read_stamp(payload: bytes) -> Stamp | None:
    """Read the stamp of a frame in base64; None when any byte of it is another than was sent."""
    if len(payload) != PAYLOAD_SIGNS or not payload.endswith(_REST_BYTES):
        return None
    try:
        return Stamp._make(_STAMP.unpack(binascii.a2b_base64(payload[:_STAMP_SIGNS])))
    except (binascii.Error, struct.error):
        return None
