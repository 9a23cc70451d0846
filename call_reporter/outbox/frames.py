"""The frame around each record of the outbox: magic word, kind, CRC-32, key and body in one BLOB.

A frame can be checked without its row and found again in a damaged file: the whole truth about a
record stands in it.
"""

import mmap
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

_MAGIC = b"RBo1"
_CHECK = struct.Struct(">4sI")
_SIZES = struct.Struct(">BHI")
_HEAD_BYTES = _CHECK.size + _SIZES.size


class Kind(IntEnum):
    """Says what a record is."""

    ORDER = 1
    ANSWER = 2
    CALL = 3
    TURN = 4
    OUTCOME = 5


class BadFrame(ValueError):
    """Says that bytes are not a whole, undamaged frame."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Holds one record: its kind, the key it was written under and its bytes."""

    kind: Kind
    key: str
    body: bytes


def pack_frame(kind: Kind, key: str, body: bytes) -> bytes:
    """Put a record into a frame."""
    name = key.encode()
    content = _SIZES.pack(kind, len(name), len(body)) + name + body
    return _CHECK.pack(_MAGIC, zlib.crc32(content)) + content


def unpack_frame(data: object) -> Frame:
    """Take a record out of the frame at the start of `data`; bytes behind it are ignored.

    Raises: BadFrame when a byte of it is not the one that was written.
    """
    content, kind, key_bytes = _check_frame(data)
    name = content[_SIZES.size : _SIZES.size + key_bytes]
    return Frame(Kind(kind), name.decode(), content[_SIZES.size + key_bytes :])


def unpack_body(data: object) -> bytes:
    """Take only the record's bytes out of a frame, as checked. Raises: BadFrame.

    Half the cost of the whole frame for each row of a backlog (measured: benchmarks/backlog.py,
    2 of 18 us per result).
    """
    content, _, key_bytes = _check_frame(data)
    return content[_SIZES.size + key_bytes :]


def _check_frame(data: object) -> tuple[bytes, int, int]:
    """Give a frame's checked content, its kind and the bytes of its key. Raises: BadFrame."""
    if not isinstance(data, bytes):
        raise BadFrame("not bytes: the row itself is damaged")
    if len(data) < _HEAD_BYTES:
        raise BadFrame("shorter than a frame's head")
    magic, checksum = _CHECK.unpack_from(data)
    kind, key_bytes, body_bytes = _SIZES.unpack_from(data, _CHECK.size)
    end = _HEAD_BYTES + key_bytes + body_bytes
    content = data[_CHECK.size : end]
    if magic != _MAGIC or len(data) < end or zlib.crc32(content) != checksum:
        raise BadFrame("the checksum does not match")
    return content, kind, key_bytes


def find_frames(data: bytes | mmap.mmap) -> Iterator[Frame]:
    """Find every undamaged frame in a file's bytes, wherever it lies in one piece."""
    place = data.find(_MAGIC)
    while place >= 0:
        try:
            sizes = _SIZES.unpack_from(data, place + _CHECK.size)
            yield unpack_frame(data[place : place + _HEAD_BYTES + sizes[1] + sizes[2]])
        except (BadFrame, struct.error):
            pass  # damaged, or its rest lies in another page: the tables may still give it
        place = data.find(_MAGIC, place + 1)
