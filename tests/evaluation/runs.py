"""Plays every scripted callee, several at a time, and the interruptions at life's own speed."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.chaos.progress import Tell
from tests.chaos.system import Fleet
from tests.evaluation.person import Person
from tests.evaluation.played import Played, Scripted

TIME_FACTOR = 8.0
AT_ONCE = 10
INTERRUPTED = "callee_interrupts_constantly"
"""The callee on whom the truncation is measured."""
INTERRUPTED_AT_ONCE = 12
ENVIRONMENT = {
    # The hold of five minutes needs room; the carrier enforces it in script time.
    "RINGBACK_TIME_LIMIT_S": "600",
    # The person is as quick as the telephone, which is played faster than life.
    "RINGBACK_ASK_PERSON_S": "4",
    "RINGBACK_CAP_NUMBER_HOUR": "100",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be played."""

    seed: int
    runs: int
    """Of each callee."""
    only: Sequence[str]
    """Names; empty for all."""
    folder: Path


@dataclass(frozen=True, slots=True)
class Session:
    """Some calls on one system."""

    played: Sequence[Played]
    open_at_the_end: Mapping[str, int]
    """What the sandbox still had open: calls, media streams, sessions of the model."""

    def misses(self) -> list[str]:
        """List what should not be open any more."""
        return [
            f"{count} {name} at the end" for name, count in self.open_at_the_end.items() if count
        ]


async def play_all(plan: Plan, tell: Tell) -> Session:
    """Play each scripted callee `runs` times, each time with another seed."""
    async with _person(plan.folder / "callees", TIME_FACTOR, plan.seed) as person:
        known = await person.list_scripted()
        names = plan.only or known
        wanted = [
            (known[name], plan.seed * 1_000 + run) for name in names for run in range(plan.runs)
        ]
        return await _play(person, wanted, AT_ONCE, tell)


async def play_interrupted(plan: Plan, calls: int, tell: Tell) -> Session:
    """Play the callee who interrupts constantly, at the speed of life."""
    async with _person(plan.folder / "interruptions", 1.0, plan.seed) as person:
        known = await person.list_scripted()
        wanted = [(known[INTERRUPTED], plan.seed * 1_000 + 500 + run) for run in range(calls)]
        return await _play(person, wanted, INTERRUPTED_AT_ONCE, tell)


async def _play(
    person: Person, wanted: Sequence[tuple[Scripted, int]], at_once: int, tell: Tell
) -> Session:
    gate = asyncio.Semaphore(at_once)
    done = 0

    async def play_one(scripted: Scripted, seed: int) -> Played:
        nonlocal done
        async with gate:
            played = await person.play(scripted, seed)
        done += 1
        tell(done, len(wanted), scripted.name)
        return played

    played = await asyncio.gather(*(play_one(*one) for one in wanted))
    return Session(await person.read_all(played), await person.count_open())


@asynccontextmanager
async def _person(folder: Path, time_factor: float, seed: int) -> AsyncIterator[Person]:
    async with (
        Fleet(
            folder, time_factor=time_factor, seed=seed, extra_env=ENVIRONMENT, speech="speech"
        ) as fleet,
        # A connection that is kept may be closed by the server just as it is used again.
        httpx.AsyncClient(timeout=20, limits=httpx.Limits(max_keepalive_connections=0)) as http,
    ):
        yield Person(fleet, http)
