"""Ends the RPCs of watchers that take nothing, with a status that tells them to resume."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

import grpc
import structlog

from foundation.task_set import TaskSet

log = structlog.get_logger(__name__)

Request = TypeVar("Request")
Response = TypeVar("Response")
STALL_S = 30.0
CODE = grpc.StatusCode.RESOURCE_EXHAUSTED
WORDS = "nothing was taken for too long; resume with the last cursor"


class StallGuard:
    """Watches that each answer is taken in time; the endings under way are its own tasks."""

    def __init__(self, stall_s: float = STALL_S) -> None:
        self._stall_s = stall_s
        self._endings = TaskSet()

    @contextmanager
    def taken_in_time(self, context: grpc.aio.ServicerContext[Request, Response]) -> Iterator[None]:
        """Hand out one answer inside; cancels this RPC if its client takes too long for it."""
        rpc = asyncio.current_task()
        loop = asyncio.get_running_loop()

        def cut() -> None:
            log.warning("watcher_cut", after_s=self._stall_s)
            # A cancel alone leaves the client without any status: it would wait for ever.
            self._endings.spawn(_end(context), name="end-stalled-watch")
            if rpc is not None:
                loop.call_soon(rpc.cancel)

        timer = loop.call_later(self._stall_s, cut)
        try:
            yield
        finally:
            timer.cancel()

    async def close(self) -> None:
        """Wait for the endings under way; to be called when the server has stopped."""
        await self._endings.close(1.0)


async def _end(context: grpc.aio.ServicerContext[Request, Response]) -> None:
    """Send the status; it arrives behind what the client has not yet taken."""
    with suppress(grpc.aio.AbortError, grpc.aio.InternalError):
        await context.abort(CODE, WORDS)
