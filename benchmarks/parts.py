"""What single parts of the report path cost, each beside the plainer way that it replaces.

No goal is judged here; the figures stand beside the code and in `docs/decisions/`. Each pair does
the same work in this process, in turns, on one core. Counted is the CPU of this thread per unit,
the database's work included on SQLite and not on PostgreSQL. What the parts are worth together
shows in report_unary and report_batch.
"""

import asyncio
import contextlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import Connection, bindparam, insert, select

from benchmarks.durable_postgres import durable_postgres, find_missing_postgres
from benchmarks.harness import SYSTEM_CORE, Line, Run, pin
from benchmarks.report_load.payload import sample_result
from foundation.clock import SystemClock
from foundation.logs import configure_logging
from orchestrator.call_results import Received, receive_proto, record_call_results
from orchestrator.call_results.first import FirstReport
from orchestrator.call_results.from_proto import from_proto
from orchestrator.call_results.join import Joined, join, read_values
from orchestrator.call_results.model import Cleaning
from orchestrator.call_results.received import GRPC
from orchestrator.call_results.to_proto import Identity, to_proto
from orchestrator.store import Store
from orchestrator.store.database import open_database
from orchestrator.store.json_text import write_json
from orchestrator.store.prepared import Prepared
from orchestrator.store.row_sets import RowStatement
from orchestrator.store.schema import call, event

WINDOW_NS = 300_000_000
ROWS = 256
_DATA = {
    "result": {"status": 3, "outcome": 1, "revision": 1, "received_at": 1_764_000_000_000_000},
    "summary": "Ordered one large margherita for pick-up at Luigi's.",
}
_RECEIPT = {
    "call_id": "01900000-0000-7000-8000-00000000aaaa",
    "call_sid": "CA" + "5a" * 16,
    "status": "CALL_STATUS_COMPLETED",
    "duration": 74,
    "turns": 6,
    "bytes": 830,
    "disposition": "DISPOSITION_STORED",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One way to do something `units` times."""

    units: int
    do: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Pair:
    """Our way, and the plainer one; `name` says what both do."""

    name: str
    plain: str
    plain_part: Part
    ours: str
    part: Part

    @property
    def cases(self) -> Mapping[str, Part]:
        """Name both, the plainer first."""
        return {
            f"{self.name}: {self.plain}": self.plain_part,
            f"{self.name}: {self.ours}": self.part,
        }


def measure(part: Part) -> float:
    """Do it for a while; CPU us of each unit."""
    part.do()
    rounds, begun = 0, time.thread_time_ns()
    while (spent := time.thread_time_ns() - begun) < WINDOW_NS:
        part.do()
        rounds += 1
    return spent / 1000 / rounds / part.units


@contextmanager
def opened_parts(run: Run) -> Iterator[list[Pair]]:
    """Make all pairs, with the databases that they need."""
    with ExitStack() as stack:
        nowhere = stack.enter_context(Path(os.devnull).open("w"))
        with contextlib.redirect_stderr(nowhere):  # loggers hold what was stderr when they began
            configure_logging("benchmark")
            pairs = [*rule_pairs(), log_pair(), *store_pairs(run, stack)]
        yield pairs


def store_pairs(run: Run, stack: ExitStack) -> list[Pair]:
    """Read and write in fresh databases."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ringback-bench-")))
    sqlite = stack.enter_context(connected(f"sqlite:///{folder / 'parts.db'}"))
    pairs = [read_pair(sqlite), set_pair("SQLite", sqlite)]
    if missing := find_missing_postgres():
        run.note(f"PostgreSQL is not measured: {missing}")
    else:
        server = stack.enter_context(durable_postgres())
        connection = stack.enter_context(connected(server.url))
        pairs.append(set_pair("PostgreSQL", connection))
    return pairs


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """Make a database with a thousand calls in it, and connect to it."""
    asyncio.run(_fill(url))
    database, _ = open_database(url, SystemClock())
    with contextlib.closing(database.write_engine.connect()) as connection:
        yield connection
    database.dispose()


async def _fill(url: str) -> None:
    store = await Store.open(url, SystemClock())
    await record_call_results(store, [receive_proto(sample_result(n)) for n in range(1_000)])
    await store.close()


def rule_pairs() -> list[Pair]:
    """What is done with a report on the event loop and in the writer: valid?, joined, worded."""
    message = sample_result(1)
    item = receive_proto(message)
    key, identity = item.key(1), Identity(call_id="01900000", call_sid=message.call_sid)
    first = FirstReport(item, message, key)
    item.report  # noqa: B018 - the model is made before the clock starts: the first row has its cost

    def by_model() -> Received:
        raw = message.SerializeToString()
        return Received(from_proto(message, Cleaning(is_clean=True)), raw, GRPC)

    def by_join() -> object:
        return to_proto(join(Joined(), read_values(item.report, key), key), identity)

    return [
        Pair(
            "a report is found valid",
            *("by the model", Part(1, by_model)),
            *("at a glance", Part(1, lambda: receive_proto(message))),
        ),
        Pair(
            "the record of a first report",
            *("joined", Part(1, by_join)),
            *("copied", Part(1, lambda: first.build_record(identity))),
        ),
        Pair(
            "data of an event as JSON",
            *("json.dumps", Part(1, lambda: json.dumps(_DATA))),
            *("write_json", Part(1, lambda: write_json(_DATA))),
        ),
    ]


def log_pair() -> Pair:
    """Log the receipts of a group."""
    log = structlog.get_logger("benchmark").bind()
    rows = [dict(_RECEIPT) for _ in range(ROWS)]

    def each() -> None:
        for row in rows:
            log.info("result_stored", **row)

    def many() -> None:
        log.info("result_stored", many=rows)

    return Pair("a line of the log", "one by one", Part(ROWS, each), "many", Part(ROWS, many))


def read_pair(connection: Connection) -> Pair:
    """Read a call by its id."""
    wanted = {"wanted": connection.execute(select(call.c.call_id).limit(1)).scalar_one()}
    statement = select(call).where(call.c.call_id == bindparam("wanted"))
    prepared = Prepared(statement)
    return Pair(
        "a call read by its id",
        *("Connection.execute", Part(1, lambda: connection.execute(statement, wanted).first())),
        *("Prepared", Part(1, lambda: prepared.first(connection, wanted))),
    )


def set_pair(kind: str, connection: Connection) -> Pair:
    """Insert a set of events, and take it back."""
    statement = insert(event)
    rows = [
        {"seq": 10_000_000 + n, "at": 1, "kind": "call", "task_id": None, "call_id": None}
        | {"data": _DATA}
        for n in range(ROWS)
    ]
    prepared = RowStatement(statement)

    def by_core() -> None:
        connection.execute(statement, rows)
        connection.rollback()

    def by_set() -> None:
        prepared.run(connection, rows)
        connection.rollback()

    return Pair(
        f"a row of {ROWS}, {kind}",
        *("Connection.execute", Part(ROWS, by_core)),
        *("RowStatement", Part(ROWS, by_set)),
    )


def main() -> int:
    """Measure and show; returns the exit code."""
    pin(SYSTEM_CORE)
    run = Run("parts", profile="one process, one core, CPU of its thread per unit")
    with opened_parts(run) as pairs:
        parts = {case: part for pair in pairs for case, part in pair.cases.items()}
        for turn in run.interleave(list(parts)):
            run.add(turn.case, cpu_us=measure(parts[turn.case]))
    lines = [Line(case, next(iter(pair.cases)), "cpu_us") for pair in pairs for case in pair.cases]
    run.table("CPU of single parts", lines)
    return run.finish()


if __name__ == "__main__":
    raise SystemExit(main())
