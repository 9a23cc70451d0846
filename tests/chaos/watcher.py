"""Reads results as any consumer may: a watcher that resumes over kills, pages, single results."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Iterable, Sequence

import grpc

from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc
from tests.chaos.evidence import Sighting
from tests.chaos.pace import Pace

_RESUME_S = 0.1
_RPC_S = 15.0
_PAGE = 200
_AT_ONCE = 8
_QUIET_S = 2.0
_OPTIONS = (("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 500))


class Watcher:
    """Holds one WatchResults stream from the first result on; goes to the next replica on a break.

    It resumes with the cursor of the last answer, so each revision must come exactly once.
    """

    def __init__(self, targets: Sequence[str]) -> None:
        self.sightings: list[Sighting] = []
        self.breaks = 0
        """How often a stream ended that had brought something."""
        self._targets = targets
        self._cursor = ""
        self._waiting: dict[str, asyncio.Event] = {}
        self._pace = Pace()
        self._task = asyncio.create_task(self._watch(), name="chaos-watcher")

    @property
    def slowness(self) -> float:
        """Say how many times as long as alone this process worked so far."""
        return self._pace.slowness

    async def close(self) -> None:
        """End the stream."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await asyncio.to_thread(self._pace.close)

    def has_seen(self, call_id: str) -> asyncio.Event:
        """Give the event that is set once a result of this call was seen."""
        return self._waiting.setdefault(call_id, asyncio.Event())

    async def _watch(self) -> None:
        for target in itertools.cycle(self._targets):
            known = len(self.sightings)
            async with grpc.aio.insecure_channel(target, options=_OPTIONS) as channel:
                with contextlib.suppress(grpc.aio.AioRpcError):
                    request = pb.WatchResultsRequest(cursor=self._cursor)
                    async for answer in pb_grpc.CallResultsStub(channel).WatchResults(request):
                        self._note(answer)
            self.breaks += len(self.sightings) > known
            await asyncio.sleep(_RESUME_S)

    def _note(self, answer: pb.WatchResultsResponse) -> None:
        result, self._cursor = answer.result, answer.cursor
        self.sightings.append(Sighting(result.call_id, result.revision, time.time()))
        self.has_seen(result.call_id).set()


async def replay(target: str) -> list[Sighting]:
    """Watch from the first result on until nothing more comes."""
    sightings: list[Sighting] = []
    async with grpc.aio.insecure_channel(target) as channel:
        stream = pb_grpc.CallResultsStub(channel).WatchResults(pb.WatchResultsRequest())
        with contextlib.suppress(TimeoutError):
            answers = aiter(stream)
            while True:
                async with asyncio.timeout(_QUIET_S):
                    result = (await anext(answers)).result
                sightings.append(Sighting(result.call_id, result.revision, time.time()))
        stream.cancel()
    return sightings


async def list_all(target: str) -> list[pb.CallResult]:
    """Read ListResults page by page."""
    results: list[pb.CallResult] = []
    async with grpc.aio.insecure_channel(target) as channel:
        async for page in _pages(pb_grpc.CallResultsStub(channel)):
            results += page.results
    return results


async def fetch_all(target: str, call_ids: Iterable[str]) -> dict[str, pb.CallResult | None]:
    """Read each result by itself; None where there is none."""
    slots = asyncio.Semaphore(_AT_ONCE)
    found: dict[str, pb.CallResult | None] = {}

    async def fetch(stub: "pb_grpc.CallResultsAsyncStub", call_id: str) -> None:
        async with slots:
            request = pb.GetResultRequest(call_id=call_id)
            try:
                answer = await stub.GetResult(request, timeout=_RPC_S)
                found[call_id] = answer.result
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.NOT_FOUND:
                    raise
                found[call_id] = None

    async with grpc.aio.insecure_channel(target) as channel:
        stub = pb_grpc.CallResultsStub(channel)
        await asyncio.gather(*(fetch(stub, call_id) for call_id in call_ids))
    return found


async def _pages(stub: "pb_grpc.CallResultsAsyncStub") -> AsyncIterator[pb.ListResultsResponse]:
    token = ""
    while True:
        request = pb.ListResultsRequest(page_size=_PAGE, page_token=token)
        page = await stub.ListResults(request, timeout=_RPC_S)
        yield page
        token = page.next_page_token
        if not token:
            return
