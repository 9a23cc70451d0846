"""Many watchers at the same time, each of which must be told every revision exactly once."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc

from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc

Revision = tuple[str, int]
"""A call_id and a revision."""
_PER_CHANNEL = 10
_ALONE = (("grpc.use_local_subchannel_pool", 1),)
"""A channel with connections of its own."""
_LOOK_S = 0.1


class Crowd:
    """Watchers of one Orchestrator, several to a connection."""

    def __init__(self, count: int) -> None:
        self.told: list[Counter[Revision]] = [Counter() for _ in range(count)]
        """What each was told, and how often."""
        self.broken = 0
        """How many streams the server has ended."""

    async def until_told(self, revisions: int, within_s: float) -> None:
        """Wait until each was told so many revisions, or until the time is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while min(told.total() for told in self.told) < revisions:  # noqa: ASYNC110 - no event for 200 counts
                    await asyncio.sleep(_LOOK_S)

    def count_wrong(self, expected: set[Revision]) -> int:
        """Count the watchers that missed a revision, or were told one twice or one too many."""
        return sum(told != Counter(expected) for told in self.told)

    async def follow(self, stub: "pb_grpc.CallResultsAsyncStub", number: int) -> None:
        """Be one watcher until cancelled."""
        try:
            async for answer in stub.WatchResults(pb.WatchResultsRequest()):
                self.told[number][(answer.result.call_id, answer.result.revision)] += 1
        finally:
            self.broken += 1


@asynccontextmanager
async def crowd_at(target: str, count: int) -> AsyncIterator[Crowd]:
    """Have `count` watchers follow everything from the first result on."""
    crowd = Crowd(count)
    async with contextlib.AsyncExitStack() as opened:
        stubs = []
        for _ in range(0, count, _PER_CHANNEL):
            channel = grpc.aio.insecure_channel(target, options=_ALONE)
            stubs.append(pb_grpc.CallResultsStub(await opened.enter_async_context(channel)))
        watchers = [
            asyncio.create_task(crowd.follow(stubs[number // _PER_CHANNEL], number))
            for number in range(count)
        ]
        try:
            yield crowd
        finally:
            for watcher in watchers:
                watcher.cancel()
            await asyncio.gather(*watchers, return_exceptions=True)
