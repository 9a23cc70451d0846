"""Kills, ends and freezes the parts of a system at random instants, and brings them back."""

import asyncio
import random
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.chaos.evidence import Fall
from tests.chaos.system import Fleet

HANDLER_KILLED = "a Call Handler, kill -9"
HANDLER_ENDED = "a Call Handler, SIGTERM"
HANDLER_FROZEN = "a Call Handler, frozen"
ORCHESTRATOR_KILLED = "an Orchestrator, kill -9"
ORCHESTRATOR_ENDED = "an Orchestrator, SIGTERM"
ORCHESTRATOR_FROZEN = "an Orchestrator, frozen"
BOTH_KILLED = "both at once, kill -9"
ALL_KILLED = "all replicas at once, kill -9"

# How many falls in a hundred are of which kind.
KILLS: Mapping[str, int] = {
    HANDLER_KILLED: 34,
    ORCHESTRATOR_KILLED: 30,
    BOTH_KILLED: 8,
    ALL_KILLED: 4,
}
"""Those that a run orders so many of: nothing in the process learns of its end."""
OTHERS: Mapping[str, int] = {
    HANDLER_ENDED: 7,
    ORCHESTRATOR_ENDED: 5,
    HANDLER_FROZEN: 7,
    ORCHESTRATOR_FROZEN: 5,
}
"""Those that come on top."""
_ENDED = frozenset({HANDLER_ENDED, ORCHESTRATOR_ENDED})
_FROZEN = frozenset({HANDLER_FROZEN, ORCHESTRATOR_FROZEN})
_PAUSE_S = (0.0, 1.5)
_FREEZE_S = (0.3, 4.0)
_MERCY_S = (0.2, 6.0)


@dataclass(frozen=True, slots=True)
class Planned:
    """One fall that is to come."""

    kind: str
    after_orders: int
    """How many calls must have been ordered before."""


def plan_falls(kills: int, calls: int, dice: random.Random) -> list[Planned]:
    """Spread `kills` kills over `calls` calls, and in proportion what ends and freezes besides."""
    others = kills * sum(OTHERS.values()) // sum(KILLS.values())
    kinds = _draw(KILLS, kills, dice) + _draw(OTHERS, others, dice)
    dice.shuffle(kinds)
    moments = sorted(dice.randrange(calls) for _ in kinds)
    return [Planned(kind, moment) for kind, moment in zip(kinds, moments, strict=True)]


def _draw(weights: Mapping[str, int], count: int, dice: random.Random) -> list[str]:
    """Draw kinds of fall: each of them comes, the frequent ones oftener."""
    return [*weights, *dice.choices(list(weights), list(weights.values()), k=count)][:count]


class Killer:
    """Makes the planned falls happen; each victim comes back after a random pause."""

    def __init__(self, fleet: Fleet, dice: random.Random) -> None:
        self.falls: list[Fall] = []
        """What has fallen and stands again, in the order of its return."""
        self._fleet = fleet
        self._dice = dice
        self._down: set[str] = set()
        self._is_back = asyncio.Event()
        self._returns: set[asyncio.Task[None]] = set()

    async def kill_all(
        self, plan: Sequence[Planned], until_ordered: Callable[[int], Awaitable[None]]
    ) -> None:
        """Carry the plan out; returns when everything stands again.

        `until_ordered` waits until so many calls were ordered. Raises: RuntimeError when a part
        does not come back.
        """
        for planned in plan:
            await until_ordered(planned.after_orders)
            await asyncio.sleep(self._dice.uniform(0.0, 0.3))
            victims = await self._choose(planned.kind)
            task = asyncio.create_task(self._fell(planned.kind, victims), name=planned.kind)
            self._returns.add(task)
        await asyncio.gather(*self._returns)

    async def _choose(self, kind: str) -> tuple[str, ...]:
        """Choose who falls among those that stand; wait while nobody of that kind does."""
        while True:
            handlers = [name for name in self._fleet.handler_names if name not in self._down]
            others = [name for name in self._fleet.orchestrator_names if name not in self._down]
            match kind:
                case _ if kind == ALL_KILLED and not self._down:
                    chosen = (*handlers, *others)
                case _ if kind == BOTH_KILLED and handlers and others:
                    chosen = (self._dice.choice(handlers), self._dice.choice(others))
                case _ if "Handler" in kind and handlers:
                    chosen = (self._dice.choice(handlers),)
                case _ if "Orchestrator" in kind and others:
                    chosen = (self._dice.choice(others),)
                case _:
                    chosen = ()
            if chosen:
                self._down.update(chosen)
                return chosen
            self._is_back.clear()
            await self._is_back.wait()

    async def _fell(self, kind: str, victims: tuple[str, ...]) -> None:
        pids = tuple(map(self._fleet.pid, victims))
        at = time.time()
        if kind in _FROZEN:
            await self._freeze(victims[0])
        elif kind in _ENDED:
            await self._end(victims[0])
        else:
            await asyncio.gather(*map(self._fleet.kill, victims))
        if kind not in _FROZEN:
            await asyncio.gather(*map(self._bring_back, victims))
        self.falls.append(Fall(kind, victims, pids, at, time.time()))
        self._down.difference_update(victims)
        self._is_back.set()

    async def _bring_back(self, name: str) -> None:
        await asyncio.sleep(self._dice.uniform(*_PAUSE_S))
        await self._fleet.start(name)
        await self._fleet.ready(name)

    async def _freeze(self, name: str) -> None:
        await self._fleet.kill(name, signal.SIGSTOP)
        await asyncio.sleep(self._dice.uniform(*_FREEZE_S))
        await self._fleet.kill(name, signal.SIGCONT)

    async def _end(self, name: str) -> None:
        """Ask it to end, and kill it when it takes too long: as a deployment does."""
        await self._fleet.kill(name, signal.SIGTERM)
        try:
            await self._fleet.died(name, self._dice.uniform(*_MERCY_S))
        except TimeoutError:
            await self._fleet.kill(name)
