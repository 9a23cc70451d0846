"""Ids that grow with time: UUIDv7 in lower case."""

import os
import struct
from collections import deque

TOP_ID = "~"
"""Above every id."""
_VARIANT = 0b10 << 62
_AT_ONCE = 512
_BITS_62 = (1 << 62) - 1
_drawn: deque[int] = deque()


def mint_id(now_us: int) -> str:
    """Mint a UUIDv7.

    `now_us`: microseconds since the epoch. The 12 bits behind the milliseconds hold the fraction
    of a millisecond, so that ids sort by time down to a microsecond. Source: RFC 9562, section
    6.2, method 3.
    """
    return _write(now_us, draw_chance())


def draw_chance() -> int:
    """Draw 62 random bits from the system's source, 512 draws at a time.

    Each question to it lets go of the interpreter's lock, and the writer's thread waits up to 5 ms
    to have it back: a quarter of that thread's time in batches of 1,000 results (measured).
    """
    while True:
        try:
            return _drawn.pop()
        except IndexError:
            block = struct.unpack(f"<{_AT_ONCE}Q", os.urandom(8 * _AT_ONCE))
            _drawn.extend(number & _BITS_62 for number in block)


def first_id(at_us: int) -> str:
    """Return the lowest id that can be minted at a time, or after it."""
    return _write(at_us, 0)


def _write(at_us: int, chance: int) -> str:
    milliseconds, rest_us = divmod(at_us, 1000)
    fraction = rest_us * 4096 // 1000
    number = (milliseconds & (1 << 48) - 1) << 80 | 0x7 << 76 | fraction << 64 | _VARIANT | chance
    digits = f"{number:032x}"  # by way of uuid.UUID it costs twice as much
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
