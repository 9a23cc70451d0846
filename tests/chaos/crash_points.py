"""The stage that kills at every system call on the way of one call, one after the other.

strace counts the calls of each thread and each name by itself, so each name has runs of its own:
the n-th run dies as some thread enters its n-th call, until two runs in a row survive theirs or n
is past what one call takes: calls of former runs go on in the later ones and take some, too.
"""

import asyncio
import os
import shutil
import signal
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from math import ceil
from typing import Literal

from tests.chaos.evidence import Fall
from tests.chaos.person import Errands, errands_of
from tests.chaos.rounds import Deed, close_round
from tests.chaos.stage import Context, Stage, StageReport, Violation
from tests.chaos.system import Fleet

ORCHESTRATOR, HANDLER = "orchestrator-1", "handler-1"
_RESULT_S = 25.0
_ATTACHED_S = 10.0
_ENDED_S, _DYING_S = 5.0, 0.5
_NUMBERS = 40
_QUICK_RUNS = 60
_LONGEST_WALK = 1.2
"""Of about as many points as one call has."""
LEAST_DEATHS = 20
"""Of the runs of the quick run."""
LEAST_SHARE = 0.6
"""Of about as many points as a walk should have."""


@dataclass(frozen=True, slots=True)
class Way:
    """The system calls of one part on the way of one call."""

    kind: str
    """As the table names it."""
    database: Literal["sqlite", "postgres"]
    part: str
    calls: tuple[tuple[str, int, int], ...]
    """Name, about how many there are in one thread, and the step from one run to the next."""


# What is written often and alike (pages into the journal, statements to the server) is not killed
# at each time; the first points of the steps are random. Each way is walked in a fleet of its own,
# beside the others: the longest of them is as long as the stage.
WAYS = (
    Way(
        "orchestrator at a system call",
        "sqlite",
        ORCHESTRATOR,
        (("fdatasync", 18, 1), ("sendmsg", 10, 1), ("write", 42, 4)),
    ),
    Way("orchestrator at a write to its file", "sqlite", ORCHESTRATOR, (("pwrite64", 270, 4),)),
    Way(
        "orchestrator at a system call",
        "postgres",
        ORCHESTRATOR,
        (("sendto", 250, 4), ("sendmsg", 10, 1)),
    ),
    Way(
        "handler at a system call",
        "sqlite",
        HANDLER,
        (("fdatasync", 15, 1), ("pwrite64", 66, 2), ("sendmsg", 5, 1), ("sendto", 4, 1)),
    ),
)


async def run(context: Context) -> StageReport:
    """Kill at 60 points, or at all of them."""
    strace = shutil.which("strace")
    if strace is None:
        return StageReport(skipped="strace is not installed")
    report, progress = StageReport(), _Progress(context)
    async with asyncio.TaskGroup() as group:
        for way in WAYS:
            group.create_task(_Walk(context, way, strace, progress).run(report))
    if context.is_quick:
        report.violations += find_too_few("crash points", progress.deaths, LEAST_DEATHS)
    report.figures["crash points"] = f"{progress.deaths} deaths in {progress.done} runs"
    return report


def is_over(died: Sequence[bool]) -> bool:
    """Say whether the way is walked: one survivor may be a call that took fewer steps."""
    return len(died) > 1 and not any(died[-2:])


def find_too_few(what: str, deaths: int, least: float) -> list[Violation]:
    """Say that there were fewer deaths than a walk owes: then hardly a point was tested."""
    if deaths >= least:
        return []
    return [Violation(f"{what}: {deaths} deaths; at least {least:g} are owed.")]


@dataclass(slots=True)
class _Progress:
    context: Context
    done: int = 0
    deaths: int = 0
    total: int = field(init=False)

    def __post_init__(self) -> None:
        points = sum(most // step for way in WAYS for _, most, step in way.calls)
        self.total = self.context.pick(_QUICK_RUNS, points)

    def tell(self, what: str, *, has_died: bool) -> None:
        self.done += 1
        self.deaths += has_died
        self.total = max(self.total, self.done)
        self.context.progress(self.done, self.total, what)


class _Walk:
    """One fleet, whose part dies at one system call after the other."""

    def __init__(self, context: Context, way: Way, strace: str, progress: _Progress) -> None:
        self._context = context
        self._way = way
        self._strace = strace
        self._progress = progress
        self._dice = context.dice(f"crash points {way.database} {way.kind}")
        self._calls: list[asyncio.Task[None]] = []
        folder = context.folder / f"{way.database} {way.kind}"
        self._fleet = Fleet(folder, way.database, seed=context.seed)

    async def run(self, report: StageReport) -> None:
        """Walk the whole way, then judge."""
        fleet, way, deaths = self._fleet, self._way, 0
        async with fleet, errands_of(fleet) as errands:
            numbers = await errands.bind(_NUMBERS)
            for name, most, step in way.calls:
                died: list[bool] = []
                for number in self._points(most, step):
                    to_number = numbers[len(died) % len(numbers)]
                    has_died = await self._call_and_die(errands, to_number, name, number)
                    died.append(has_died)
                    self._progress.tell(f"{way.part} at {name} {number}", has_died=has_died)
                    if not self._context.is_quick and is_over(died):
                        break
                deaths += sum(died)
                if not self._context.is_quick:
                    what = f"{way.database}, {way.part}, {name}"
                    report.violations += find_too_few(what, sum(died), LEAST_SHARE * (most // step))
            await asyncio.gather(*self._calls)
            deed = Deed(way.kind, way.database, deaths)
            await close_round(fleet, errands, deed, report)

    def _points(self, most: int, step: int) -> Iterator[int]:
        """Say at which calls to die: some by chance, or all that one call may have."""
        if self._context.is_quick:
            share = ceil(_QUICK_RUNS / len(WAYS) / len(self._way.calls))
            yield from sorted(self._dice.randint(1, most) for _ in range(share))
            return
        yield from range(self._dice.randint(1, step), round(_LONGEST_WALK * most), step)

    async def _call_and_die(self, errands: Errands, to_number: str, name: str, number: int) -> bool:
        """Run one call while the part is to die; say whether it did. It is started again."""
        fleet, part = self._fleet, self._way.part
        began, traced = time.time(), fleet.pid(part)
        async with _killed_at(self._strace, fleet.pid(part), (name, number)):
            call = self._begin_call(errands, to_number)
            death = asyncio.create_task(fleet.died(part, _RESULT_S * 2))
            await asyncio.wait({call, death}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({death}, timeout=_DYING_S)  # strace may have held it until now
        has_died = not fleet.is_alive(part)
        if has_died:
            await fleet.start(part)
            await fleet.ready(part)
        death.cancel()
        await asyncio.wait({death})
        # Until then strace held it at each call: that is no time to be measured.
        errands.falls.append(Fall(name, (part,), (traced,), began, time.time()))
        return has_died

    def _begin_call(self, errands: Errands, to_number: str) -> asyncio.Task[None]:
        """Begin a call; that of a run which dies goes on in the next ones."""

        async def go() -> None:
            await errands.finish(await errands.place(to_number), _RESULT_S)

        task = asyncio.create_task(go(), name="call")
        self._calls.append(task)
        return task


@asynccontextmanager
async def _killed_at(strace: str, pid: int, point: tuple[str, int]) -> AsyncIterator[None]:
    """Have a process killed as it enters a system call for the n-th time in one thread."""
    name, number = point
    words = ("-f", "-o", "/dev/null", "-e", f"trace={name}")
    inject = f"inject={name}:signal=SIGKILL:when={number}"
    tracer = await asyncio.create_subprocess_exec(
        strace, *words, "-e", inject, "-p", str(pid), stdin=DEVNULL, stderr=PIPE
    )
    try:
        await _wait_until_attached(tracer)
        yield
    finally:
        await _end(tracer)


async def _end(tracer: Process) -> None:
    """End strace; where threads die in the moment of its own end it may wait for them for ever."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):  # it ends with what it traces
            os.kill(tracer.pid, number)
        with suppress(TimeoutError):
            async with asyncio.timeout(_ENDED_S):
                await tracer.communicate()
                return


async def _wait_until_attached(tracer: Process) -> None:
    assert tracer.stderr is not None
    async with asyncio.timeout(_ATTACHED_S):
        while b"attached" not in (line := await tracer.stderr.readline()):
            if not line:
                raise RuntimeError("strace could not attach")


STAGE = Stage(
    "crash-points",
    "Death at every system call on the way of a call (strace)",
    run,
    company="kills on a plan",
)
