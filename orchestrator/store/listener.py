"""Hears, on a connection of its own, what other Orchestrators commit to the same PostgreSQL.

It makes them quick, not certain: what is lost here is found by the store's poll.
"""

import asyncio
from collections.abc import Callable

import psycopg
import structlog

log = structlog.get_logger(__name__)

CHANNEL = "ringback_event"
FIRST_PAUSE_S = 0.1
LAST_PAUSE_S = 5.0


async def listen(conninfo: str, note: Callable[[int], None]) -> None:
    """Call `note` with the number of each new event, until cancelled; connects again when cut."""
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            connecting = psycopg.AsyncConnection.connect(conninfo, autocommit=True)
            async with await connecting as connection:
                await connection.execute(f"LISTEN {CHANNEL}")  # a constant of ours
                pause_s = FIRST_PAUSE_S
                async for told in connection.notifies():
                    note(int(told.payload))
        except psycopg.Error as error:
            log.warning("listener_cut", error=type(error).__name__, again_in_s=pause_s)
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, LAST_PAUSE_S)
