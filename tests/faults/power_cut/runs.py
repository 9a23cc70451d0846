"""Two runs to cut the power in: an outbox and an Orchestrator's store, each with what it promised.

The product writes; only the reading afterwards is ours.
"""

import asyncio
import random
import sqlite3
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import make_url
from structlog.testing import capture_logs

from call_reporter import ReporterOptions
from call_reporter.outbox import Outbox
from call_reporter.outbox import statements as sql
from call_reporter.outbox.file import OutboxFile
from call_reporter.outbox.frames import unpack_frame
from call_reporter.outbox.opening import open_outbox
from foundation.clock import SystemClock
from orchestrator.call_results import Recorded, receive_proto, record_call_results
from orchestrator.store import Store
from orchestrator.store.database import Database
from orchestrator.store.migrate import bring_up_to_date
from orchestrator.store.schema import metadata
from orchestrator.store.sqlite import SqliteDialect, create_read_engine, create_write_engine
from ringback.v1 import call_results_pb2 as pb
from tests.faults.power_cut.disk import Disk, Trace
from tests.faults.power_cut.driver import Flaw, connecting_to
from tests.rig import call_sid

_AT_ONCE = 4
_MARKS = ("application_id", "user_version")
_WHOLE_OUTBOX = [len(sql.CREATE_TABLES), sql.APPLICATION_ID, sql.SCHEMA_VERSION]
_WHOLE_STORE = {*metadata.tables, "alembic_version"}


async def run_outbox(folder: Path, calls: int, seed: int, flaw: Flaw) -> Trace:
    """Let `calls` calls, four at a time, go through an outbox."""
    trace = Trace()
    disk = Disk(trace)
    options = ReporterOptions(ballast_bytes=0, lazy_s=0.0)
    with connecting_to(disk, flaw):
        outbox = Outbox(folder / "calls.db", options)
        await outbox.open()
        with _watching(disk):
            await _share_out(calls, seed, lambda *which: _live(outbox, trace, *which))
        await outbox.close()
    return trace


async def run_store(folder: Path, calls: int, seed: int, flaw: Flaw) -> Trace:
    """Let reports on `calls` calls, four batches at a time, go into an Orchestrator's store."""
    trace = Trace()
    disk = Disk(trace)
    url = make_url(f"sqlite:///{folder / 'ringback.db'}")
    with connecting_to(disk, flaw), capture_logs():
        # As `open_database` does it, but for the first reader: this disk has one connection.
        clock = SystemClock()
        database = Database(create_write_engine(url), create_read_engine(url), SqliteDialect(clock))
        await asyncio.to_thread(bring_up_to_date, database.write_engine)
        store = Store(database, clock, newest_event=0)
        with _watching(disk):
            await _share_out(calls, seed, lambda *which: _report(store, trace, *which))
        await store.close()
    return trace


@contextmanager
def _watching(disk: Disk) -> Iterator[None]:
    """Begin where the schema is durable; meanwhile a sync takes longer than a turn of the loop."""
    disk.trace.ready = len(disk.trace.steps)
    disk.be_slow(asyncio.get_running_loop())
    yield
    disk.be_slow(None)


async def _share_out(
    calls: int, seed: int, work: Callable[[int, random.Random], Awaitable[None]]
) -> None:
    async def take_turns(first: int) -> None:
        for number in range(first, calls, _AT_ONCE):
            await work(number, random.Random(f"{seed} {number}"))  # noqa: S311 - a repeatable draw

    await asyncio.gather(*[take_turns(first) for first in range(_AT_ONCE)])


async def _live(outbox: Outbox, trace: Trace, number: int, chance: random.Random) -> None:
    """Let one call go from its order to its outcome, and at times beyond."""
    call, opening = f"call-{number}", f"opening-{number}"
    order, answer = _bytes(chance), _bytes(chance)
    with _keeping(trace, f"order {call} {zlib.crc32(order)}"):
        await outbox.remember_order(call, order)
    with _keeping(trace, f"answer {call} {zlib.crc32(answer)}"):
        await outbox.answer_order(call, answer)
    with _keeping(trace, f"started {opening}"):
        await outbox.start_call(opening, call, pb.CallResult(call_sid=call_sid(number)))
    outbox.mark_claimed(opening)
    # Nobody waits for a turn, but what is committed behind it covers it.
    turns = [_text(chance) for _ in range(chance.randint(1, 3))]
    result = pb.CallResult(call_sid=call_sid(number), summary=_text(chance), report_id="first")
    covered = [f"turn {opening} {place} {_mark(text)}" for place, text in enumerate(turns)]
    with _keeping(trace, *covered, f"outcome {call} first {_mark(result.summary)}"):
        for place, text in enumerate(turns):
            outbox.put_turn(opening, place, pb.TranscriptTurn(text=text))
        put = await outbox.put_outcome(call, result)
    if chance.random() < 0.5:
        outbox.acknowledge([put.seq])
        later = pb.CallResult(summary=_text(chance), report_id="later")
        with _keeping(trace, f"outcome {call} later {_mark(later.summary)}"):
            await outbox.put_outcome(call, later, is_first=False)


async def _report(store: Store, trace: Trace, number: int, chance: random.Random) -> None:
    """Report on a few calls three times, each time with more right to be believed."""
    numbers = range(number * 10, number * 10 + chance.randint(1, 4))
    for revision, source in ((1, pb.SOURCE_RECOVERED), (2, pb.SOURCE_HANDLER), (3, 0)):
        batch = [
            receive_proto(
                pb.CallResult(
                    call_sid=call_sid(each),
                    status=pb.CALL_STATUS_COMPLETED,
                    source=pb.Source.ValueType(source),
                    summary=f"{revision} {_text(chance)}",
                    report_id=f"report-{revision}",
                ),
                is_override=source == 0,
            )
            for each in numbers
        ]
        reports = [
            f"report {one.report.call_sid} {one.report_id} {zlib.crc32(one.raw)}" for one in batch
        ]
        results = [f"revision {one.report.call_sid} {revision}" for one in batch]
        with _keeping(trace, *reports, *results):
            recorded = await record_call_results(store, batch)
        for one in recorded:
            assert isinstance(one, Recorded)
            assert one.revision == revision


@contextmanager
def _keeping(trace: Trace, *facts: str) -> Iterator[None]:
    """Note what is asked for before, and that it was acknowledged behind."""
    trace.intents.update(facts)
    yield
    trace.promise(*facts)


def read_outbox(connection: sqlite3.Connection) -> set[str]:
    """Read what an outbox holds. Raises: ValueError when a row is not whole."""
    facts: set[str] = set()
    for call, body, answer in connection.execute("SELECT call_id, body, answer FROM order_memory"):
        facts.add(f"order {call} {zlib.crc32(unpack_frame(body).body)}")
        if answer is not None:
            facts.add(f"answer {call} {zlib.crc32(unpack_frame(answer).body)}")
    for opening, record in connection.execute("SELECT opening_id, record FROM started_call"):
        unpack_frame(record)
        facts.add(f"started {opening}")
    for opening, place, record in connection.execute("SELECT * FROM turn"):
        text = pb.TranscriptTurn.FromString(unpack_frame(record).body).text
        facts.add(f"turn {opening} {place} {_mark(text)}")
    for call, report, record in connection.execute(
        "SELECT call_key, report_id, record FROM outcome"
    ):
        summary = pb.CallResult.FromString(unpack_frame(record).body).summary
        facts.add(f"outcome {call} {report} {_mark(summary)}")
    return facts


def reopen_outbox(path: Path) -> set[str]:
    """Open a file as a reporter does, which takes a torn log for a damaged one and repairs it."""
    file = OutboxFile(path, ballast_bytes=0)
    try:
        with closing(open_outbox(file, SystemClock().now)) as connection:
            return read_outbox(connection)
    finally:
        file.unlock()


def reopen_store(path: Path) -> set[str]:
    """Open a file as an Orchestrator does at its start."""
    engine = create_write_engine(make_url(f"sqlite:///{path}"))
    try:
        with capture_logs():
            bring_up_to_date(engine)
        with engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)
            return read_store(raw)
    finally:
        engine.dispose()


def read_outbox_birth(connection: sqlite3.Connection) -> set[str]:
    """Read nothing. Raises: ValueError when the schema is there in part."""
    made = connection.execute("SELECT count(*) FROM sqlite_master WHERE sql <> ''").fetchone()[0]
    marks = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in _MARKS]
    if [made, *marks] not in ([0, 0, 0], _WHOLE_OUTBOX):
        raise ValueError(f"{made} tables and indexes, marks {marks}")
    return set()


def read_store_birth(connection: sqlite3.Connection) -> set[str]:
    """Read nothing. Raises: ValueError when the schema is there in part."""
    names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    made = {row[0] for row in connection.execute(names)}
    if made and made != _WHOLE_STORE:
        raise ValueError(f"only the tables {sorted(made)}")
    return set()


def read_store(connection: sqlite3.Connection) -> set[str]:
    """Read what a store holds. Raises: ValueError when its tables contradict each other."""
    facts = {
        f"report {sid} {report} {zlib.crc32(raw)}"
        for sid, report, raw in connection.execute("SELECT call_sid, report_id, raw FROM report")
    }
    told = dict(
        connection.execute("SELECT call_id, count(*) FROM event WHERE kind = 'result' GROUP BY 1")
    )
    results = "SELECT call_id, revision, record FROM result JOIN call USING (call_id)"
    for call, revision, record in connection.execute(results):
        result = pb.CallResult.FromString(record)
        if told.pop(call, 0) != revision or not result.summary.startswith(f"{revision} "):
            raise ValueError(f"the tables disagree on call {call}")
        facts |= {f"revision {result.call_sid} {each}" for each in range(1, revision + 1)}
    if told:
        raise ValueError(f"events tell of results that are not there: {sorted(told)}")
    return facts


def _bytes(chance: random.Random) -> bytes:
    return chance.randbytes(chance.choice((20, 200, 3_000)))


def _text(chance: random.Random) -> str:
    return chance.randbytes(chance.choice((5, 100, 1_500))).hex()


def _mark(text: str) -> int:
    return zlib.crc32(text.encode())
