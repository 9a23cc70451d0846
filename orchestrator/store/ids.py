"""Ids that grow with time: UUIDv7 in lower case."""

import secrets

TOP_ID = "~"
"""Above every id."""
_VARIANT = 0b10 << 62


def mint_id(now_us: int) -> str:
    """Mint a UUIDv7.

    `now_us`: microseconds since the epoch. The 12 bits behind the milliseconds hold the fraction
    of a millisecond, so that ids sort by time down to a microsecond. Source: RFC 9562, section
    6.2, method 3.
    """
    return _write(now_us, secrets.randbits(62))


def first_id(at_us: int) -> str:
    """Return the lowest id that can be minted at a time, or after it."""
    return _write(at_us, 0)


def _write(at_us: int, chance: int) -> str:
    milliseconds, rest_us = divmod(at_us, 1000)
    fraction = rest_us * 4096 // 1000
    number = (milliseconds & (1 << 48) - 1) << 80 | 0x7 << 76 | fraction << 64 | _VARIANT | chance
    digits = f"{number:032x}"  # by way of uuid.UUID it costs twice as much
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
