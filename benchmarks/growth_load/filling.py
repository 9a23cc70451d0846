"""Fills a database with results at once: rows as the product wrote them, by its own statements.

`python -m benchmarks.growth_load.filling --database URL --count 1000 --days-ago 40` records one
result of each kind by the rules, then stores so many of their likes under ids of their own, as
random as Twilio's. One in a hundred met a busy line; the others are the report benchmarks' own.
Times are those of a clock that stands so many days back.
"""

import argparse
import asyncio
import gc
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Table, select

from benchmarks.report_load.payload import sample_result
from foundation.clock import SystemClock
from orchestrator.call_results import receive_proto, record_call_result
from orchestrator.store import Store, Transaction, schema
from orchestrator.store.ids import mint_id
from orchestrator.store.results import insert_calls, insert_reports, insert_results
from ringback.v1 import call_results_pb2 as pb

BUSY_EVERY = 100
_AT_ONCE = 10_000
_TABLES = (schema.call, schema.report, schema.result)
Row = dict[str, object]


class PastClock(SystemClock):
    """Goes as the system's does, days behind it."""

    def __init__(self, days: float) -> None:
        self._behind = timedelta(days=days)

    def now(self) -> datetime:
        """Tell the time of then."""
        return datetime.now(UTC) - self._behind


@dataclass(frozen=True, slots=True)
class Pattern:
    """Holds the rows of one recorded result, and the ids in them."""

    rows: Mapping[str, Row]
    """By the name of their table."""
    call_id: str
    unique: str
    """The digits of its CallSid, which are its report_id, too."""

    def write(self, name: str, call_id: str, unique: str) -> Row:
        """Write a row like the pattern's, of another call."""
        row = dict(self.rows[name])
        for column, value in self.rows[name].items():
            if isinstance(value, str) and value:
                row[column] = value.replace(self.call_id, call_id).replace(self.unique, unique)
            elif isinstance(value, bytes):
                changed = value.replace(self.call_id.encode(), call_id.encode())
                row[column] = changed.replace(self.unique.encode(), unique.encode())
        return row


async def fill(url: str, count: int, days_ago: float) -> None:
    """Store so many results, at least one of each kind."""
    store = await Store.open(url, PastClock(days_ago))
    often, rare = _new_result(), _new_result()
    rare.status, rare.outcome = pb.CALL_STATUS_BUSY, pb.OUTCOME_NOT_REACHED
    rare.end_reason = pb.END_REASON_BUSY
    patterns = [await _record(store, often), await _record(store, rare)]
    for start in range(len(patterns), count, _AT_ONCE):
        numbers = range(start, min(start + _AT_ONCE, count))
        await store.write(lambda tx: _store(tx, patterns, numbers))  # noqa: B023 - awaited at once
    await store.close()


def _new_result() -> pb.CallResult:
    return sample_result(secrets.randbits(100))


async def _record(store: Store, result: pb.CallResult) -> Pattern:
    """Record one result by the rules, and read what they stored."""
    recorded = await record_call_result(store, receive_proto(result))
    rows = {table.name: await _read_row(store, table, recorded.call_id) for table in _TABLES}
    return Pattern(rows, recorded.call_id, result.report_id)


async def _read_row(store: Store, table: Table, call_id: str) -> Row:
    query = select(table).where(table.c.call_id == call_id)
    return await store.read(lambda connection: dict(connection.execute(query).mappings().one()))


def _store(tx: Transaction, patterns: list[Pattern], numbers: range) -> None:
    """Store one result for each number, and its event."""
    chosen = [patterns[number % BUSY_EVERY == 0] for number in numbers]
    ids = [(mint_id(tx.stamp()), secrets.token_hex(16)) for _ in numbers]
    inserts = (("call", insert_calls), ("report", insert_reports), ("result", insert_results))
    for name, insert in inserts:
        rows = [pattern.write(name, *own) for pattern, own in zip(chosen, ids, strict=True)]
        insert(tx.connection, rows)
    for call_id, _ in ids:
        data = {"call_id": call_id, "revision": 1, "received_at": tx.now_us}
        tx.add_event("result", call_id=call_id, data=data)


def main() -> None:
    """Fill as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth_load.filling")
    parser.add_argument("--database", required=True, help="its URL")
    parser.add_argument("--count", type=int, required=True, help="how many results, 2 or more")
    parser.add_argument("--days-ago", type=float, default=0.0, help="how old they are")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    gc.disable()  # rows by the million, and none in a circle
    asyncio.run(fill(options.database, options.count, options.days_ago))


if __name__ == "__main__":
    main()
