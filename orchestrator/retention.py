"""Forgets what is older than RINGBACK_RETENTION_DAYS, in steps that no writer feels.

Nothing goes that is not final, nor the list of those who must not be called. What comes too late
is still no second story: a report that names an erased call_id is an ORPHAN, as one of a call that
was never made here; counted and shown as that, until it is too old itself. A report that names a
CallSid only makes that external call anew; hence RINGBACK_RETENTION_DAYS is at least two, while
outboxes repeat what was acknowledged, and carriers their callbacks, for one day. A watcher that has
not seen all that may be erased is told so before anything is.

Several replicas may do so at once: each step judges and erases in one transaction.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import structlog

from foundation.clock import Clock
from orchestrator.call_results.desk import ORPHANS
from orchestrator.errors import StoreUnavailable
from orchestrator.store import Store, Transaction
from orchestrator.store.counters import add_to_counter
from orchestrator.store.erasing import (
    Step,
    TakeStep,
    erase_events,
    erase_external_calls,
    erase_orphans,
    erase_tasks,
    find_newest_old_result,
    note_forgotten,
    read_forgotten,
)

log = structlog.get_logger(__name__)

PAUSE_S = 600.0
"""Between two rounds, and before the first: a start has calls to look after."""
# One step holds the writer for about so long, and its commit as long again; others wait behind it.
STEP_S = 0.003
# Of the writer's time a round takes one part in this many.
SHARE = 5
MOST_ROWS = 256
_LOOKED_AHEAD = 1_000
_DAY_S = 86_400


@dataclass(slots=True)
class Pace:
    """Finds how many rows one step may look at."""

    rows: int = 8

    def heed(self, took_s: float) -> None:
        """Take smaller steps after a long one, larger ones after a short one."""
        if took_s > STEP_S:
            self.rows = max(1, self.rows // 2)
        elif took_s < STEP_S / 2:
            self.rows = min(MOST_ROWS, self.rows * 2)


class Retention:
    """Erases what is older than so many days, round by round; 0 keeps all for ever."""

    def __init__(self, store: Store, clock: Clock, days: int) -> None:
        self._store = store
        self._clock = clock
        self._days = days
        self._offset_s = self._clock_offset_s()

    async def run(self) -> None:
        """Erase what is old every ten minutes, until cancelled; end where all is kept."""
        while self._days:
            await asyncio.sleep(PAUSE_S)
            try:
                await self.erase_old()
            except StoreUnavailable as error:
                log.warning("erasing_postponed", error=str(error))
            except Exception:  # the next round may do better; a full disk must not be the end
                log.exception("erasing_failed")

    async def erase_old(self) -> Mapping[str, int]:
        """Erase all that is old now; return how much of each kind."""
        cutoff_us = await self._read_cutoff()
        await self._warn_watchers(cutoff_us)
        erased = {name: await self._walk(step, cutoff_us) for name, step in _STEPS.items()}
        if any(erased.values()):
            log.info("old_erased", older_than_days=self._days, **erased)
        return erased

    async def _read_cutoff(self) -> int:
        """Say what is old, microseconds. Where the clock is our own, what it leapt ages nothing.

        It is taken for right at the start; a server keeps its own time and is believed.
        """
        leapt_s = self._clock_offset_s() - self._offset_s if self._store.keeps_own_time else 0.0
        kept_s = self._days * _DAY_S + max(0.0, leapt_s)
        return await self._store.now_us() - round(kept_s * 1_000_000)

    async def _warn_watchers(self, cutoff_us: int) -> None:
        """Note how far one must have seen, before any of it goes."""
        newest = known = await self._store.read(read_forgotten)
        is_more = True
        while is_more:
            look = partial(
                find_newest_old_result, after=newest, cutoff_us=cutoff_us, most=_LOOKED_AHEAD
            )
            newest, is_more = await self._store.read(look)
        if newest > known:
            await self._store.write(lambda tx: note_forgotten(tx, newest))

    async def _walk(self, step: TakeStep, cutoff_us: int) -> int:
        """Take one step after the other, and leave the writer to others in between."""
        pace, total, after = Pace(), 0, ""
        while True:
            timed = partial(
                self._time,
                lambda tx: step(tx, after, cutoff_us, pace.rows),  # noqa: B023 - awaited at once
            )
            done, took_s = await self._store.write(timed)
            total += done.erased
            if not done.reached:
                return total
            after = done.reached
            pace.heed(took_s)
            await asyncio.sleep(took_s * (SHARE - 1))

    def _time(self, step: Callable[[Transaction], Step], tx: Transaction) -> tuple[Step, float]:
        begun_s = self._clock.monotonic()
        return step(tx), self._clock.monotonic() - begun_s

    def _clock_offset_s(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()


def _erase_orphans(tx: Transaction, after: str, cutoff_us: int, most: int) -> Step:
    """Erase reports that belong to no call, and count them no more."""
    done = erase_orphans(tx, after, cutoff_us, most)
    if done.erased:
        add_to_counter(tx.connection, ORPHANS, -done.erased)
    return done


# Events last: they go with what they tell of.
_STEPS: Mapping[str, TakeStep] = MappingProxyType(
    {
        "conversations": erase_tasks,
        "external_calls": erase_external_calls,
        "orphans": _erase_orphans,
        "events": erase_events,
    }
)
