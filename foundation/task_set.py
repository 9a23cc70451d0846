"""Tasks that belong to the app, not to the request that started them: held, logged, awaited."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

import structlog

log = structlog.get_logger(__name__)
T = TypeVar("T")


async def completed(task: asyncio.Task[T]) -> T:
    """Wait for `task` to its end; a cancel that came meanwhile is raised after it."""
    cancel: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})  # unlike `await task`, never cancels what it waits for
        except asyncio.CancelledError as error:
            cancel = error
    if cancel is not None:
        raise cancel
    return task.result()


class TaskSet:
    """The app's background tasks; the lifespan awaits them at shutdown."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def spawn(self, work: Coroutine[object, object, T], *, name: str) -> asyncio.Task[T]:
        """Start `work` as a task of the app; an exception nobody awaits is logged."""
        task: asyncio.Task[T] = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    async def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until no task is left, those started meanwhile included.

        Returns: False when `timeout_s` passed first; the tasks run on then.
        """
        loop = asyncio.get_running_loop()
        deadline = None if timeout_s is None else loop.time() + timeout_s
        while self._tasks:
            left_s = None if deadline is None else deadline - loop.time()
            if left_s is not None and left_s <= 0:
                return False
            await asyncio.wait(self._tasks, timeout=left_s)
        return True

    async def close(self, timeout_s: float) -> None:
        """Wait for all tasks; cancel those still running after `timeout_s`, and wait for these."""
        if await self.wait(timeout_s):
            return
        stuck = sorted(task.get_name() for task in self._tasks)
        log.error("tasks_cancelled_at_shutdown", tasks=stuck, after_s=timeout_s)
        await self.cancel()

    async def cancel(self) -> None:
        """Cancel all tasks and wait for their end: for those that would run for ever."""
        for task in self._tasks:
            task.cancel()
        await self.wait()

    def _forget(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            log.error("background_task_failed", task=task.get_name(), exc_info=error)
