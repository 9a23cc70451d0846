"""Measures two Orchestrators' stores on one PostgreSQL: how soon each sees, how much both commit.

`python -m benchmarks.replicas` starts a PostgreSQL of its own, with fsync on.
"""

import asyncio
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

import structlog
from sqlalchemy import Connection

from foundation.clock import SystemClock
from orchestrator.call_results import receive_proto, record_call_result
from orchestrator.store import Store, Transaction
from orchestrator.store.counters import EVENT_COUNTER, save_counter
from orchestrator.store.database import open_database
from orchestrator.store.postgres import PostgresDialect
from tests.postgres import own_postgres
from tests.rig import full_result

SAMPLES = 100
REPORTS = 3_000
AT_ONCE = 200
ROUNDS = 5


class SilentDialect(PostgresDialect):
    """Commits without telling anybody."""

    def close_group(self, connection: Connection, newest_event: int) -> None:
        """Write the number of the newest event."""
        save_counter(connection, EVENT_COUNTER, newest_event)


async def open_store(url: str, *, tells: bool) -> Store:
    """Open a store that tells and hears of commits, or one that has only the poll."""
    database, newest = await asyncio.to_thread(open_database, url, SystemClock())
    if not tells:
        database = replace(database, dialect=SilentDialect(), listen=None)
    store = Store(database, SystemClock(), newest)
    store.follow_others()
    return store


async def measure_sight(one: Store, other: Store) -> list[float]:
    """Return, sorted, the milliseconds from the commit on one to its being seen on the other."""

    def tell(tx: Transaction) -> int:
        return tx.add_event("task", data={})

    spans, chance = [], random.Random(1)  # noqa: S311 - moments, not secrets
    for _ in range(SAMPLES):
        newest = await one.newest_event()
        waiting = asyncio.create_task(other.wait_for_events(newest, 10))
        await asyncio.sleep(chance.uniform(0, 0.25))  # any moment between two polls
        await one.write(tell)
        begun = time.perf_counter()
        await waiting
        spans.append((time.perf_counter() - begun) * 1000)
    return sorted(spans)


async def measure_throughput(stores: list[Store], first: int) -> float:
    """Return how many reports a second the stores commit together."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def report(number: int) -> None:
        async with gate:
            received = receive_proto(full_result(number))
            await record_call_result(stores[number % len(stores)], received)

    begun = time.perf_counter()
    await asyncio.gather(*(report(number) for number in range(first, first + REPORTS)))
    return REPORTS / (time.perf_counter() - begun)


async def with_stores(
    url: str, *, tells: bool, work: Callable[[list[Store]], Awaitable[None]]
) -> None:
    """Do the work with two stores."""
    stores = [await open_store(url, tells=tells) for _ in range(2)]
    await work(stores)
    for store in stores:
        await store.close()


async def commit_in_turns(url: str, numbers: Iterator[int]) -> dict[bool, list[list[float]]]:
    """Measure what one store and what two commit, told and not told in turns; by round."""
    rates: dict[bool, list[list[float]]] = {True: [], False: []}
    for _ in range(ROUNDS):
        for tells, rounds in rates.items():

            async def commit(stores: list[Store], rounds: list[list[float]] = rounds) -> None:
                several = (stores[:1], stores)
                rounds.append([await measure_throughput(some, next(numbers)) for some in several])

            await with_stores(url, tells=tells, work=commit)
    return rates


def say_rates(rates: dict[bool, list[list[float]]]) -> Iterator[str]:
    """Say what was committed, and what telling costs: the ratio within each round."""
    for at, stores in enumerate(("one Orchestrator", "two")):
        for tells, name in ((False, "not told"), (True, "told")):
            some = sorted(rates_of[at] for rates_of in rates[tells])
            middle = statistics.median(some)
            yield (
                f"reports a second, {stores}, {name}: "
                f"median {middle:.0f} [{some[0]:.0f}-{some[-1]:.0f}]"
            )
        ratios = sorted(
            told[at] / silent[at] for told, silent in zip(rates[True], rates[False], strict=True)
        )
        yield (
            f"told to not told, {stores}: "
            f"median {statistics.median(ratios):.2f} [{ratios[0]:.2f}-{ratios[-1]:.2f}]"
        )


async def main() -> None:
    """Print a line for each figure."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    numbers = iter(range(0, 10**9, REPORTS))
    with own_postgres(is_durable=True) as server:
        for tells, name in ((True, "told"), (False, "polled")):

            async def see(stores: list[Store], name: str = name) -> None:
                spans = await measure_sight(*stores)
                middle, worst = statistics.median(spans), spans[round(len(spans) * 0.99) - 1]
                print(f"seen on the other, {name}: median {middle:.1f} ms, p99 {worst:.1f} ms")

            await with_stores(server.url, tells=tells, work=see)
        for line in say_rates(await commit_in_turns(server.url, numbers)):
            print(line)


if __name__ == "__main__":
    asyncio.run(main())
