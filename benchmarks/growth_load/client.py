"""Asks Orchestrators everything that a reader may ask, and says what each answer costs.

`python -m benchmarks.growth_load.client --store NAME HOST:PORT URL FILE PID ...` answers each line
`NAME<tab>KIND<tab>SECONDS` of stdin with one JSON line, the figures of `report_load.client`. The
calls that it asks for are spread over the whole table.
"""

import argparse
import asyncio
import itertools
import json
import random
import secrets
import sqlite3
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass

import uvloop

from benchmarks.report_load.client import Load, Send, reporting
from benchmarks.report_load.payload import WireForm
from orchestrator.call_results.tokens import write_token
from orchestrator.call_results.watch import CURSOR, FROM_NOW
from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc

import aiohttp  # isort: skip - grpc comes first: the load pins itself before it is imported
import grpc  # isort: skip - as above

AT_ONCE = 16
WATCH, PAGE = "Report to watcher", "page /calls"
_ASKED_FOR = 2_000
_REPLAYED = 100
_DEADLINE_S = 20.0
_Channel = grpc.aio.Channel


def list_places(database: str) -> tuple[list[str], int]:
    """Choose calls from all over the table, and find the event in the midst of all."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        (last,) = connection.execute("SELECT max(rowid) FROM result").fetchone()
        (newest,) = connection.execute("SELECT max(seq) FROM event").fetchone()
        chance = random.Random(1)  # noqa: S311 - places, not secrets
        rows = sorted(chance.randint(1, last) for _ in range(_ASKED_FOR)) if last else []
        marks = ",".join("?" * len(rows))
        query = f"SELECT call_id FROM result WHERE rowid IN ({marks})"  # noqa: S608 - marks only
        ids = [call_id for (call_id,) in connection.execute(query, rows)]
    random.Random(2).shuffle(ids)  # noqa: S311 - as above
    return ids, int(newest or 0) // 2


class Reads:
    """Makes what sends each kind of request; each answers 1 when it was right."""

    def __init__(self, channel: _Channel, ids: list[str], midst: int) -> None:
        self._stub: pb_grpc.CallResultsAsyncStub = pb_grpc.CallResultsStub(channel)
        self._ids = ids
        self._midst = midst
        self._numbers = itertools.count(secrets.randbits(64))
        self._report = reporting(channel, WireForm(), 1)

    def kinds(self) -> Mapping[str, Send]:
        """Name what is sent by many at once."""
        return {
            "Report": self.report,
            "GetResult": self.get,
            "ListResults": self.list_newest,
            "ListResults, rare": self.list_rare,
            "ListResults, mixed": self.list_mixed,
            "WatchResults, 100": self.replay,
        }

    async def report(self, _number: int) -> int:
        """Report a new result."""
        return await self._report(next(self._numbers))

    async def get(self, number: int) -> int:
        """Get a result from anywhere."""
        call_id = self._ids[number % len(self._ids)]
        request = pb.GetResultRequest(call_id=call_id)
        answer = await self._stub.GetResult(request, timeout=_DEADLINE_S)
        return int(answer.result.call_id == call_id)

    async def list_newest(self, _number: int) -> int:
        """List the first page."""
        answer = await self._stub.ListResults(pb.ListResultsRequest(), timeout=_DEADLINE_S)
        return int(len(answer.results) > 0)

    async def list_rare(self, _number: int) -> int:
        """List the newest call of those that one in a hundred came to."""
        request = pb.ListResultsRequest(status=pb.CALL_STATUS_BUSY, page_size=1)
        answer = await self._stub.ListResults(request, timeout=_DEADLINE_S)
        return int(all(one.status == pb.CALL_STATUS_BUSY for one in answer.results))

    async def list_mixed(self, _number: int) -> int:
        """List the first page of two filters that have no index, since most calls fulfil them."""
        request = pb.ListResultsRequest(
            status=pb.CALL_STATUS_COMPLETED, origin=pb.CALL_ORIGIN_EXTERNAL
        )
        answer = await self._stub.ListResults(request, timeout=_DEADLINE_S)
        return int(len(answer.results) > 0)

    async def replay(self, _number: int) -> int:
        """Resume a watch in the midst of all events, and take a hundred."""
        cursor = write_token(CURSOR, str(self._midst))
        watch = self._stub.WatchResults(pb.WatchResultsRequest(cursor=cursor), timeout=_DEADLINE_S)
        seen = 0
        async for _ in watch:
            seen += 1
            if seen == _REPLAYED:
                break
        watch.cancel()
        return int(seen == _REPLAYED)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[Send]:
        """Follow what is new; sending is then a report and its arrival at the watcher."""
        watch = self._stub.WatchResults(pb.WatchResultsRequest(cursor=FROM_NOW))
        await watch.initial_metadata()

        async def send(number: int) -> int:
            stored = await self.report(number)
            await watch.read()
            return stored

        yield send
        watch.cancel()


@dataclass(frozen=True, slots=True)
class Store:
    """Holds one Orchestrator that is asked."""

    name: str
    address: str
    page: str
    """The URL of its pages."""
    database: str
    """Its SQLite file."""
    pid: int
    """Whose CPU time is read."""


async def ask(store: Store, kind: str, seconds: float) -> dict[str, float]:
    """Make one kind of request for a while; return the figures."""
    ids, midst = list_places(store.database)
    async with grpc.aio.insecure_channel(store.address) as channel:
        reads = Reads(channel, ids, midst)
        if kind == PAGE:
            async with aiohttp.ClientSession() as session:
                send = loading(session, f"{store.page}/calls")
                return await Load([send], 1).run(2, seconds, store.pid)
        if kind == WATCH:
            async with reads.watching() as send:
                return await Load([send], 1).run(1, seconds, store.pid)
        return await Load([reads.kinds()[kind]], 1).run(AT_ONCE, seconds, store.pid)


def loading(session: aiohttp.ClientSession, url: str) -> Send:
    """Make what loads a page."""

    async def load(_number: int) -> int:
        async with session.get(url) as answer:
            await answer.read()
            return int(answer.ok)

    return load


async def answer_lines(stores: Mapping[str, Store]) -> None:
    """Ask as each line of stdin wants; answer a line of JSON."""
    while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
        name, kind, seconds = line.split("\t")
        print(json.dumps(await ask(stores[name], kind, float(seconds))), flush=True)


def main() -> None:
    """Serve as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth_load.client")
    parser.add_argument(
        "--store",
        action="append",
        required=True,
        nargs=5,
        metavar=("NAME", "ADDRESS", "PAGE", "DATABASE", "PID"),
        help="one that may be asked: gRPC's HOST:PORT, the page's URL, an SQLite file",
    )
    options = parser.parse_args()
    stores = {
        name: Store(name, address, page, database, int(pid))
        for name, address, page, database, pid in options.store
    }
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(answer_lines(stores))


if __name__ == "__main__":
    main()
