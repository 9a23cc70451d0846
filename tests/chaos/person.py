"""A patient person and a consumer of results, for stages that kill what these two talk to."""

import asyncio
import itertools
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

import httpx

from tests.chaos.evidence import Evidence, Fall, Ordered
from tests.chaos.ledger_facts import read_ledger
from tests.chaos.parts import SPANS
from tests.chaos.quiet_logs import find_leaks_of
from tests.chaos.system import Fleet
from tests.chaos.watcher import Watcher, fetch_all, list_all, replay

SHORT = "short_order"
_ERRAND = (
    "Order a large margherita from {number}, for pick-up. My name is Ada Lovelace, you can reach "
    "me at +14155550123."
)
_ASK_AGAIN_S = 0.1
_LOOK_AGAIN_S = 0.25
_ANSWER_S = 10.0
_LAST_WORDS_S = sum(float(SPANS[f"RINGBACK_{name}_S"]) for name in ("GRACE", "ASK_AGAIN", "SWEEP"))
_CONFIRMED, _TOLD = 202, 200


class Errands:
    """Places calls through the chat and reads results, again and again until it is answered."""

    def __init__(self, fleet: Fleet, http: httpx.AsyncClient, watcher: Watcher) -> None:
        self.ordered: dict[str, Ordered] = {}
        self.foreign: set[str] = set()
        """The CallSids that a stage reported itself, which no carrier knows: not for the judge."""
        self.watcher = watcher
        self.falls: list[Fall] = []
        """What the stage has made fall, and when it stood again."""
        self._fleet = fleet
        self._names = fleet.orchestrator_names
        self._http = http
        self._numbers = itertools.count(14_152_300_000)
        self._turns = itertools.count()
        self._scenarios: dict[str, str] = {}

    async def bind(
        self, count: int, scenario: str = SHORT, **changes: Mapping[str, object]
    ) -> list[str]:
        """Give `count` new numbers to a scenario of the sandbox, some of its parts changed."""
        numbers = [f"+{next(self._numbers)}" for _ in range(count)]
        url = f"{self._fleet.control}/control/bind"
        for number in numbers:
            body = {"number": number, "scenario": scenario, **changes}
            answer = await self._http.post(url, json=body)
            answer.raise_for_status()
            self._scenarios[number] = scenario
        return numbers

    async def place(self, number: str) -> str:
        """Have a number called; its call_id. The confirm is repeated with the same key."""
        task_id = await self._open_task(number)
        key = {"Idempotency-Key": uuid.uuid4().hex}
        while True:
            answer = await self._post(f"/api/tasks/{task_id}/confirm", {}, key)
            if answer is not None and answer.status_code == _CONFIRMED:
                break
            await asyncio.sleep(_ASK_AGAIN_S)
        call_id = str(answer.json()["call_id"])
        self.ordered[call_id] = Ordered(call_id, self._scenarios[number], number, time.time())
        return call_id

    async def finish(self, call_id: str, within_s: float) -> bool:
        """Wait for a call's result; False when it does not come in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self.watcher.has_seen(call_id).wait()
                return True
        return False

    async def settle(self, within_s: float) -> float:
        """Wait until every call ordered has its result and nothing changes; the seconds that took.

        Gives up after `within_s`: the judge says what is missing.
        """
        begun = time.monotonic()
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                for call_id in list(self.ordered):
                    await self.finish(call_id, within_s)
                await self._wait_for_silence()
                await self._wait_for_last_words()
        return time.monotonic() - begun

    async def gather(self) -> Evidence:
        """Ask every replica for everything; the system must be quiet and all of it up."""
        targets = {name: self._fleet.grpc(i) for i, name in enumerate(self._names, 1)}
        all_listed = {name: await list_all(target) for name, target in targets.items()}
        known = [result for results in all_listed.values() for result in results]
        foreign = {result.call_id for result in known if result.call_sid in self.foreign}
        listed = {
            name: [result for result in results if result.call_id not in foreign]
            for name, results in all_listed.items()
        }
        first = next(iter(targets.values()))
        return Evidence(
            ordered=self.ordered,
            ledger=read_ledger(self._fleet.ledger),
            listed=listed,
            fetched=await fetch_all(first, self.ordered),
            seen=[one for one in self.watcher.sightings if one.call_id not in foreign],
            replayed=[one for one in await replay(first) if one.call_id not in foreign],
            falls=self.falls,
            leaks=await asyncio.to_thread(find_leaks_of, self._fleet),
            slowness=self.watcher.slowness,
        )

    async def _wait_for_silence(self) -> None:
        """Wait until no call lives at the carrier."""
        while True:
            answer = await self._http.get(f"{self._fleet.control}/control/sessions")
            if answer.json()["live_calls"] == 0:
                return
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def _wait_for_last_words(self) -> None:
        """Wait as long as results are still revised: the carrier is asked after the grace."""
        known = -1
        while known != len(self.watcher.sightings):
            known = len(self.watcher.sightings)
            await asyncio.sleep(_LAST_WORDS_S)

    async def _open_task(self, number: str) -> str:
        while True:
            task = await self._post("/api/tasks", {})
            if task is not None and task.is_success:
                task_id = str(task.json()["task_id"])
                text = {"text": _ERRAND.format(number=number)}
                told = await self._post(f"/api/tasks/{task_id}/messages", text)
                if told is not None and told.status_code == _TOLD and told.json()["can_confirm"]:
                    return task_id
            await asyncio.sleep(_ASK_AGAIN_S)

    async def _post(
        self, path: str, body: dict[str, str], headers: dict[str, str] | None = None
    ) -> httpx.Response | None:
        """Ask the Orchestrators in turn; None when none of them answers."""
        first = next(self._turns)
        for turn in range(first, first + self._fleet.orchestrators):
            url = self._fleet.page(1 + turn % self._fleet.orchestrators) + path
            with suppress(httpx.TransportError):
                return await self._http.post(url, json=body, headers=headers)
        return None


@asynccontextmanager
async def errands_of(fleet: Fleet) -> AsyncIterator[Errands]:
    """Open the connections of one person and one consumer."""
    limits = httpx.Limits(max_keepalive_connections=0)
    watcher = Watcher([fleet.grpc(i) for i in range(1, fleet.orchestrators + 1)])
    async with httpx.AsyncClient(timeout=_ANSWER_S, limits=limits) as http:
        try:
            yield Errands(fleet, http, watcher)
        finally:
            await watcher.close()
