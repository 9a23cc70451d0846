"""The usual WebSocket frame, read and written by hand: one whole text. Source: RFC 6455, section 5.

All other frames, and all rules, stay the library's; see `foundation.direct_socket`.
"""

import secrets
from collections.abc import Iterable

from websockets.speedups import apply_mask

_TEXT = 0x81  # the first and last frame of a text
_MASKED = 0x80
_LONG = 126  # two more bytes tell the length
_MEDIUM = 65_536


def cut_text(data: bytes, at: int, *, is_masked: bool) -> tuple[str, int] | None:
    """Cut the ASCII text of at most 65,535 bytes whose whole frame begins at `at`.

    Returns: the text and where the next frame begins; None for anything else.
    """
    begin = at + 2
    if begin > len(data) or data[at] != _TEXT:
        return None
    size = data[at + 1] - _MASKED if is_masked else data[at + 1]
    if size == _LONG:
        begin += 2
        size = int.from_bytes(data[at + 2 : begin])
    elif not 0 <= size < _LONG:
        return None
    if is_masked:
        begin += 4
    end = begin + size
    if end > len(data):
        return None
    payload = data[begin:end]
    if is_masked:
        payload = apply_mask(payload, data[begin - 4 : begin])
    return (payload.decode("ascii"), end) if payload.isascii() else None


def frame_texts(texts: Iterable[str], *, is_masked: bool) -> bytes:
    """Write each text as a frame of its own; all go out in one piece."""
    pieces: list[bytes] = []
    for text in texts:
        payload = text.encode()
        pieces.append(_head(len(payload), _MASKED if is_masked else 0))
        if is_masked:
            mask = secrets.token_bytes(4)
            pieces.append(mask)
            payload = apply_mask(payload, mask)
        pieces.append(payload)
    return b"".join(pieces)


def _head(size: int, masked: int) -> bytes:
    if size < _LONG:
        return bytes((_TEXT, masked | size))
    if size < _MEDIUM:
        return bytes((_TEXT, masked | _LONG, size >> 8, size & 0xFF))
    return bytes((_TEXT, masked | 127)) + size.to_bytes(8)
