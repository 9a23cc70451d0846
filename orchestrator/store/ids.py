"""Ids that grow with time: UUIDv7 in lower case."""

import secrets
import uuid


def mint_id(now_us: int) -> str:
    """Mint a UUIDv7.

    `now_us`: microseconds since the epoch. The 12 bits behind the milliseconds hold the fraction
    of a millisecond, so that ids sort by time down to a microsecond. Source: RFC 9562, section
    6.2, method 3.
    """
    milliseconds, rest_us = divmod(now_us, 1000)
    fraction = rest_us * 4096 // 1000
    tail = (0b10 << 62) | secrets.randbits(62)
    number = (milliseconds & (1 << 48) - 1) << 80 | 0x7 << 76 | fraction << 64 | tail
    return str(uuid.UUID(int=number))
