"""What telling other Orchestrators of each commit costs on PostgreSQL, and what it gains.

Two stores on one server of our own (fsync on), in this process. *told*: each commit says NOTIFY
and the other listens; *polled*: the other looks every 250 ms. Measured in turns: how long after a
commit on one store the other wakes who waits, and how many reports one store commits a second.
`python -m benchmarks.replicas`; no goal hangs on it, docs/decisions cites it.
"""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import structlog
from sqlalchemy import Connection

from benchmarks.durable_postgres import PostgresServer, durable_postgres, make_database
from benchmarks.harness import Line, Run, cpu_ns, quantiles
from benchmarks.report_load.payload import RESULT_BYTES, sample_result
from foundation.clock import SystemClock
from orchestrator.call_results import receive_proto, record_call_result
from orchestrator.store import Store, Transaction
from orchestrator.store.counters import EVENT_COUNTER, save_counter
from orchestrator.store.database import open_database
from orchestrator.store.postgres import PostgresDialect

SAMPLES = 40
REPORTS = 3_000
AT_ONCE = 200
POLL_S = 0.25
CASES = {"told": True, "polled": False}
_ERROR = 40


class SilentDialect(PostgresDialect):
    """Commits without telling anybody."""

    def close_group(self, connection: Connection, newest_event: int) -> None:
        """Write the number of the newest event."""
        save_counter(connection, EVENT_COUNTER, newest_event)


@asynccontextmanager
async def opened(url: str, *, tells: bool) -> AsyncIterator[Store]:
    """Open a store that tells and hears of commits, or one that has only the poll."""
    database, newest = await asyncio.to_thread(open_database, url, SystemClock())
    if not tells:
        database = replace(database, dialect=SilentDialect(), listen=None)
    store = Store(database, SystemClock(), newest)
    store.follow_others()
    try:
        yield store
    finally:
        await store.close()


async def measure_sight(one: Store, other: Store) -> list[float]:
    """Return the milliseconds from each commit on one to its being seen on the other."""

    def tell(tx: Transaction) -> int:
        return tx.add_event("task", data={})

    spans_ms, chance = [], random.Random(1)  # noqa: S311 - moments, not secrets
    for _ in range(SAMPLES):
        newest = await one.newest_event()
        waiting = asyncio.create_task(other.wait_for_events(newest, 10))
        await asyncio.sleep(chance.uniform(0, POLL_S))  # any moment between two polls
        await one.write(tell)
        begun = time.perf_counter()
        await waiting
        spans_ms.append((time.perf_counter() - begun) * 1000)
    return spans_ms


async def measure_reports(store: Store) -> dict[str, float]:
    """Return how many reports a second the store commits, and our CPU of one."""
    gate = asyncio.Semaphore(AT_ONCE)
    received = [receive_proto(sample_result(number)) for number in range(REPORTS)]

    async def report(number: int) -> None:
        async with gate:
            await record_call_result(store, received[number])

    wall, own = time.perf_counter(), cpu_ns(os.getpid())
    await asyncio.gather(*(report(number) for number in range(REPORTS)))
    wall, own = time.perf_counter() - wall, cpu_ns(os.getpid()) - own
    return {"per_s": REPORTS / wall, "cpu_us": own / 1000 / REPORTS}


async def measure(server: PostgresServer, *, tells: bool) -> dict[str, float]:
    """Measure one repetition on an empty database."""
    url = make_database(server.url, "benchmark")
    async with opened(url, tells=tells) as one, opened(url, tells=tells) as other:
        seen = quantiles(await measure_sight(one, other))
        figures = await measure_reports(one)
    return {**figures, "seen_p50_ms": seen.p50, "seen_worst_ms": seen.worst}


def main() -> int:
    """Measure and show; returns the exit code."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(_ERROR))
    run = Run("replicas", profile=f"{RESULT_BYTES} B, 6 turns, {AT_ONCE} at once, PostgreSQL")
    with durable_postgres() as server:
        for turn in run.interleave(list(CASES)):
            run.add(turn.case, **asyncio.run(measure(server, tells=CASES[turn.case])))
    columns = ("cpu_us", "seen_p50_ms", "seen_worst_ms")
    run.table(
        "Telling the other Orchestrators of each commit",
        [Line(case, anchor="polled", columns=columns) for case in CASES],
    )
    return run.finish()


if __name__ == "__main__":
    raise SystemExit(main())
