"""The kinds of values that flags take, checked while the command line is read."""

import argparse
import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from ringback_cli.parts import DEFAULT_BASE

HIGHEST_BASE = 65_530
"""Six ports from here on end at the last one there is."""
_HIGHEST_PORT = 65_535
_SPAN = re.compile(r"(?P<count>[0-9]{1,6})(?P<unit>[smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_ADDRESS = re.compile(r"(?P<host>[^:/\s]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")


def read_base_port(text: str) -> int:
    """Read the first of six ports. Raises: ArgumentTypeError."""
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:6]) <= HIGHEST_BASE):
        raise argparse.ArgumentTypeError(f"expected a port from 1 to {HIGHEST_BASE}")
    return int(text)


def add_port_flag(
    parser: argparse.ArgumentParser, verbs: Iterable[argparse.ArgumentParser] = ()
) -> None:
    """Let a command take --port, before its verb and after it."""
    help_text = "base port of `ringback up` (default 8900)"
    parser.add_argument("--port", type=read_base_port, default=DEFAULT_BASE, help=help_text)
    for verb in verbs:
        # Without a default of its own it leaves alone what stood before the verb.
        verb.add_argument("--port", type=read_base_port, default=argparse.SUPPRESS, help=help_text)


def read_time_factor(text: str) -> float:
    """Read how many times faster than real time. Raises: ArgumentTypeError."""
    try:
        factor = float(text)
    except ValueError:
        factor = math.nan
    if not 0 < factor < math.inf:
        raise argparse.ArgumentTypeError("expected a number above 0, such as 10")
    return factor


def read_count(text: str) -> int:
    """Read how many there shall be at most. Raises: ArgumentTypeError."""
    if not (text.isascii() and text.isdecimal() and int(text[:10]) > 0):
        raise argparse.ArgumentTypeError("expected a whole number above 0")
    return int(text[:10])


def read_address(text: str) -> str:
    """Read the address of a server. Raises: ArgumentTypeError."""
    match = _ADDRESS.fullmatch(text)
    if match is None or not 1 <= int(match["port"]) <= _HIGHEST_PORT:
        raise argparse.ArgumentTypeError("expected HOST:PORT, such as 127.0.0.1:8904")
    return text


def read_since(text: str) -> datetime:
    """Read a span back from now, or a time, UTC unless it says so. Raises: ArgumentTypeError."""
    match = _SPAN.fullmatch(text)
    try:
        if match is not None:
            span = timedelta(**{_UNITS[match["unit"]]: int(match["count"])})
            return datetime.now(UTC) - span
        time = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            "expected a span such as 90m, 24h or 2d, or a time such as 2026-11-23T08:00Z"
        ) from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
