"""One system under fire: people who order, a watcher, then silence and the evidence."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from tests.chaos.crowd import Errand
from tests.chaos.driver import Driver, ErrandRefused
from tests.chaos.evidence import Evidence, Fall, Ordered
from tests.chaos.ledger_facts import read_ledger
from tests.chaos.quiet_logs import find_leaks_of
from tests.chaos.stage import Context
from tests.chaos.system import Fleet
from tests.chaos.watcher import Watcher, fetch_all, list_all, replay

QUIET_S = 150.0
"""Ring, time limit, grace, SETTLE and two sweeps in the Fleet's scaled time, and twice as much."""
_PATIENCE_S = 30.0
_SETTLED_S = 10.0  # grace and two sweeps: then the carrier is asked for what it could not tell
_LOOK_S = 0.25


@dataclass(slots=True)
class RunUnderFire:
    """Orders the calls and collects what is left behind."""

    context: Context
    fleet: Fleet
    driver: Driver
    watcher: Watcher
    at_once: int
    """How many people wait for a result at a time."""
    ordered: dict[str, Ordered] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)
    _begun: int = 0
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def place_all(self, errands: Sequence[Errand]) -> None:
        """Place every errand; each person makes room for the next when the result was seen."""
        queue = iter(errands)
        async with asyncio.TaskGroup() as people:
            for _ in range(self.at_once):
                people.create_task(self._order_in_turn(queue, len(errands)))

    async def until_begun(self, count: int) -> None:
        """Wait until so many errands were begun."""
        async with self._news:
            await self._news.wait_for(lambda: self._begun >= count)

    async def grow_quiet(self) -> None:
        """Wait until every call has its result and nothing moves any more, within limits."""
        with suppress(TimeoutError):
            async with asyncio.timeout(QUIET_S):
                for call_id in self.ordered:
                    await self.watcher.has_seen(call_id).wait()
                while await self.driver.count_live_calls():  # noqa: ASYNC110 - another process
                    await asyncio.sleep(_LOOK_S)
                await self._until_no_news()

    async def collect(self, falls: Sequence[Fall]) -> Evidence:
        """Read the books, and ask every replica for every result in every way there is."""
        fleet = self.fleet
        targets = {name: fleet.grpc(i) for i, name in enumerate(fleet.orchestrator_names, 1)}
        listed = {name: await list_all(target) for name, target in targets.items()}
        return Evidence(
            ordered=self.ordered,
            ledger=await asyncio.to_thread(read_ledger, fleet.ledger),
            listed=listed,
            fetched=await fetch_all(fleet.grpc(), self.ordered),
            replayed=await replay(fleet.grpc()),
            seen=list(self.watcher.sightings),
            falls=falls,
            refusals=self.refusals,
            leaks=await asyncio.to_thread(find_leaks_of, fleet),
            slowness=self.watcher.slowness,
        )

    async def _order_in_turn(self, queue: Iterator[Errand], total: int) -> None:
        for errand in queue:
            async with self._news:
                self._begun += 1
                self._news.notify_all()
            try:
                ordered = await self.driver.order(errand)
            except ErrandRefused as refusal:
                self.refusals.append(str(refusal))
                continue
            self.ordered[ordered.call_id] = ordered
            with suppress(TimeoutError):  # the judge has the last word; the next one goes on
                async with asyncio.timeout(_PATIENCE_S):
                    await self.watcher.has_seen(ordered.call_id).wait()
            words = f"{len(self.ordered)} calls, {len(self.fleet.kills)} signals"
            self.context.progress(len(self.ordered), total, words)

    async def _until_no_news(self) -> None:
        known = -1
        while known != len(self.watcher.sightings):
            known = len(self.watcher.sightings)
            await asyncio.sleep(_SETTLED_S)
