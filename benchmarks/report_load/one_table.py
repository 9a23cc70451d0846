"""The limit that BatchReport is held to: the wire and a group commit into one table, nothing else.

No rules, no history, no events, no log: each result is one row (call_id, report_id, bytes) of one
table, written by one thread in groups - linger of 2 ms if the group before had more than one item,
multi-row INSERTs of constant text - and acknowledged after the commit (SQLite, WAL, FULL).
`python -m benchmarks.report_load.one_table --database FILE` prints its port.
"""

import argparse
import asyncio
import queue
import sqlite3
import threading
import time
from itertools import chain

import grpc
import uvloop

from benchmarks.report_load.wire import serve_until_killed
from ringback.v1 import call_results_pb2 as pb

LINGER_S = 0.002
CHUNKS = (128, 64, 32, 16, 8, 4, 2, 1)
"""Rows of one INSERT: few texts, which the driver's cache of statements keeps compiled."""
_COLUMNS = 3
_TABLE = """CREATE TABLE result (
    call_id TEXT PRIMARY KEY, report_id TEXT NOT NULL, raw BLOB NOT NULL)"""

Row = tuple[str, str, bytes]
Job = tuple[list[Row], "asyncio.Future[None]"]


class GroupWriter:
    """Owns the connection and the thread that writes."""

    def __init__(self, database: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._database = database
        self._pause = threading.Event()
        threading.Thread(target=self._run, name="writer", daemon=True).start()

    async def write(self, rows: list[Row]) -> None:
        """Return when the rows are committed."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._queue.put((rows, future))
        await future

    def _run(self) -> None:
        connection = sqlite3.connect(self._database, isolation_level=None, cached_statements=64)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(_TABLE)
        last = 0
        while True:
            jobs = self._take(last)
            last = len(jobs)
            connection.execute("BEGIN IMMEDIATE")
            insert_rows(connection, [row for rows, _ in jobs for row in rows])
            connection.execute("COMMIT")
            self._loop.call_soon_threadsafe(_wake, [future for _, future in jobs])

    def _take(self, last: int) -> list[Job]:
        jobs = [self._queue.get()]
        if last > 1:
            self._pause.wait(LINGER_S)
        while not self._queue.empty():
            jobs.append(self._queue.get())
        return jobs


def insert_rows(connection: sqlite3.Connection, rows: list[Row]) -> None:
    """Insert the rows, a power of two at a time."""
    place = 0
    for size in CHUNKS:
        text = f"INSERT INTO result VALUES {','.join(['(?,?,?)'] * size)} ON CONFLICT DO NOTHING"  # noqa: S608 - no value in it
        while len(rows) - place >= size:
            connection.execute(text, list(chain.from_iterable(rows[place : place + size])))
            place += size


def _wake(futures: "list[asyncio.Future[None]]") -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


class OneTable:
    """Answers both RPCs after the commit."""

    def __init__(self, writer: GroupWriter) -> None:
        self._writer = writer
        self._minted = time.time_ns()

    async def report(
        self,
        request: pb.ReportRequest,
        _context: "grpc.aio.ServicerContext[pb.ReportRequest, pb.ReportResponse]",
    ) -> pb.ReportResponse:
        """Store one result."""
        row = self._row(request.result)
        await self._writer.write([row])
        return _response(row)

    async def batch_report(
        self,
        request: pb.BatchReportRequest,
        _context: "grpc.aio.ServicerContext[pb.BatchReportRequest, pb.BatchReportResponse]",
    ) -> pb.BatchReportResponse:
        """Store many results with one future."""
        rows = [self._row(result) for result in request.results]
        await self._writer.write(rows)
        return pb.BatchReportResponse(
            entries=[pb.BatchReportEntry(response=_response(row)) for row in rows]
        )

    def _row(self, result: pb.CallResult) -> Row:
        self._minted += 1  # keys that grow with time, as the product's do
        return f"{self._minted:036x}", result.report_id, result.SerializeToString()


def _response(row: Row) -> pb.ReportResponse:
    return pb.ReportResponse(disposition=pb.DISPOSITION_STORED, call_id=row[0], revision=1)


async def serve(database: str) -> None:
    """Serve until killed."""
    table = OneTable(GroupWriter(database))
    await serve_until_killed(report=table.report, batch_report=table.batch_report)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report_load.one_table")
    parser.add_argument("--database", required=True, help="a file that does not exist yet")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(parser.parse_args().database))
