"""An event loop whose time is virtual: when nothing is ready it jumps to the next timer.

Each callback belongs to the process in whose context it was made. Those of a killed process never
run, so that neither `except` nor `finally` sees its death; those of a frozen one run when it thaws.
"""

import asyncio
import heapq
import warnings
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

EPOCH = datetime(2026, 11, 23, 10, tzinfo=UTC)


@dataclass(eq=False, slots=True)
class Process:
    """One life of one process: dead is dead, its next life is another object."""

    name: str
    is_alive: bool = True
    is_frozen: bool = False
    # What became ready while it was frozen.
    held: list[asyncio.Handle] = field(default_factory=list)


OWNER: ContextVar[Process | None] = ContextVar("owner", default=None)


class Deadlock(Exception):
    """Nothing is ready and no timer is set, but the run is not over."""


class _Handle(asyncio.Handle):
    __slots__ = ("owner",)
    owner: Process | None

    def _run(self) -> None:
        if _may_run(self, self.owner):
            super()._run()


class _TimerHandle(asyncio.TimerHandle):
    __slots__ = ("owner",)
    owner: Process | None

    def _run(self) -> None:
        if _may_run(self, self.owner):
            super()._run()


def _may_run(handle: asyncio.Handle, owner: Process | None) -> bool:
    if owner is None:
        return True
    if owner.is_frozen and owner.is_alive:
        owner.held.append(handle)
        return False
    return owner.is_alive


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs callbacks in a fixed order; time passes only when all have run."""

    # asyncio's own, absent from its stubs.
    _ready: deque[asyncio.Handle]
    _stopping: bool

    def __init__(self) -> None:
        super().__init__()
        self._virtual_now = 0.0
        self._timers: list[tuple[float, int, _TimerHandle]] = []
        self._timers_set = 0
        # All tasks, held: one that is collected early would run its `finally`.
        self.tasks: list[asyncio.Task[object]] = []
        self.crashes: list[str] = []
        self.set_task_factory(self._make_task)  # type: ignore[arg-type] # wider in the stubs
        self.set_exception_handler(lambda _loop, facts: self.crashes.append(_describe(facts)))

    def time(self) -> float:
        """Tell the virtual seconds since the start."""
        return self._virtual_now

    def call_soon(
        self,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """Run a callback after those that are ready."""
        context = context if context is not None else copy_context()
        handle = _Handle(callback, args, self, context)
        handle.owner = context.get(OWNER)
        self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Run a callback at a virtual time; those of the same moment in the order of setting."""
        context = context if context is not None else copy_context()
        timer = _TimerHandle(when, callback, args, self, context)
        timer.owner = context.get(OWNER)
        self._timers_set += 1
        heapq.heappush(self._timers, (when, self._timers_set, timer))
        return timer

    def run_in_executor(
        self, _executor: object, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Do at once what else a thread would do."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - the caller's, as a thread would hand it over
            future.set_exception(error)
        return future

    def spawn(
        self, work: Coroutine[object, object, T], owner: Process | None = None
    ) -> asyncio.Task[T]:
        """Start a task that belongs to `owner`; None: to the world, which nobody kills."""
        context = Context()
        context.run(OWNER.set, owner)
        return self.create_task(work, context=context)

    def thaw(self, process: Process) -> None:
        """Let a frozen process go on where it stood."""
        process.is_frozen = False
        self._ready.extend(process.held)
        process.held = []

    def bury(self) -> None:
        """Dispose of the tasks that never ended, without letting them do anything any more."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what they leave behind is never awaited
            for task in self.tasks:
                if not task.done():
                    _close(task.get_coro())
            self.tasks.clear()
            self._ready.clear()
        self._timers.clear()
        self.close()

    def _run_once(self) -> None:
        ready, timers = self._ready, self._timers
        if not ready and not self._stopping:
            while timers and timers[0][2].cancelled():
                heapq.heappop(timers)
            if not timers:
                raise Deadlock
            self._virtual_now = max(self._virtual_now, timers[0][0])
        while timers and timers[0][0] <= self._virtual_now:
            ready.append(heapq.heappop(timers)[2])
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle.cancelled():
                handle._run()  # noqa: SLF001 - this is the loop

    def _timer_handle_cancelled(self, _handle: asyncio.TimerHandle) -> None:
        """Leave it in its place: it is passed over when its time comes."""

    def _make_task(
        self,
        _loop: asyncio.AbstractEventLoop,
        work: Coroutine[object, object, T],
        *,
        context: Context | None = None,
    ) -> asyncio.Task[T]:
        task = asyncio.Task(work, loop=self, context=context)
        self.tasks.append(task)
        return task


def _describe(facts: dict[str, object]) -> str:
    error = facts.get("exception")
    return f"{facts.get('message')}: {type(error).__name__}: {error}"


def _close(work: object) -> None:
    """Close a coroutine, however often it awaits on its way out."""
    for _ in range(20):
        try:
            work.close()  # type: ignore[attr-defined] # each task of ours holds a coroutine
        except BaseException:  # noqa: BLE001, S112 - it is dead: what it thinks of it is no matter
            continue
        return


class VirtualClock:
    """Tells the time of day of one machine; it may jump, the monotonic one does not."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ahead_s: float = 0.0) -> None:
        self._loop = loop
        self.ahead_s = ahead_s

    def now(self) -> datetime:
        """Tell the time of day."""
        return EPOCH + timedelta(seconds=self._loop.time() + self.ahead_s)

    def monotonic(self) -> float:
        """Count seconds."""
        return self._loop.time()
