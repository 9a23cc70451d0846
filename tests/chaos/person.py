"""A patient person and a consumer of results, for stages that kill what these two talk to."""

import asyncio
import itertools
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import grpc.aio
import httpx

from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc
from tests.chaos.evidence import Evidence, Ordered, Sighting
from tests.chaos.ledger_facts import read_ledger
from tests.chaos.system import Fleet

SHORT = "short_order"
_ERRAND = (
    "Order a large margherita from {number}, for pick-up. My name is Ada Lovelace, you can reach "
    "me at +14155550123."
)
_ASK_AGAIN_S = 0.1
_LOOK_AGAIN_S = 0.25
_ANSWER_S = 10.0
_CONFIRMED, _TOLD = 202, 200
_PAGE = 1_000


class Errands:
    """Places calls through the chat and reads results, again and again until it is answered."""

    def __init__(self, fleet: Fleet, http: httpx.AsyncClient, channel: grpc.aio.Channel) -> None:
        self.ordered: dict[str, Ordered] = {}
        self._fleet = fleet
        self._http = http
        self._stub = pb_grpc.CallResultsStub(channel)
        self._numbers = itertools.count(14_152_300_000)
        self._turns = itertools.count()
        self._scenarios: dict[str, str] = {}

    async def bind(self, count: int, scenario: str = SHORT) -> list[str]:
        """Give `count` new numbers to a scenario of the sandbox."""
        numbers = [f"+{next(self._numbers)}" for _ in range(count)]
        url = f"{self._fleet.control}/control/bind"
        for number in numbers:
            answer = await self._http.post(url, json={"number": number, "scenario": scenario})
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

    async def finish(self, call_id: str, within_s: float) -> pb.CallResult | None:
        """Wait for a call's result; None when it does not come in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while True:
                    result = await self._fetch(call_id)
                    if result is not None:
                        return result
                    await asyncio.sleep(_LOOK_AGAIN_S)
        return None

    async def settle(self, within_s: float) -> float:
        """Wait until every call ordered has a result and none lives; the seconds that took.

        Gives up after `within_s`: the judge says what is missing.
        """
        begun = time.monotonic()
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                for call_id in list(self.ordered):
                    await self.finish(call_id, within_s)
                await self._wait_for_silence()
        return time.monotonic() - begun

    async def gather(self) -> Evidence:
        """Ask every replica for everything; the system must be quiet and all of it up."""
        replicas = range(1, self._fleet.orchestrators + 1)
        listed = {f"orchestrator-{i}": await self._list(self._fleet.grpc(i)) for i in replicas}
        told = await self._replay(len({result.call_id for result in listed["orchestrator-1"]}))
        fetched = {call_id: await self._fetch(call_id) for call_id in self.ordered}
        ledger = read_ledger(self._fleet.ledger)
        return Evidence(self.ordered, ledger, listed, fetched, seen=told, replayed=told)

    async def _list(self, target: str) -> list[pb.CallResult]:
        request, results = pb.ListResultsRequest(page_size=_PAGE), list[pb.CallResult]()
        async with grpc.aio.insecure_channel(target) as channel:
            stub = pb_grpc.CallResultsStub(channel)
            while True:
                page = await stub.ListResults(request, timeout=_ANSWER_S, wait_for_ready=True)
                results.extend(page.results)
                if not page.next_page_token:
                    return results
                request.page_token = page.next_page_token

    async def _replay(self, count: int) -> list[Sighting]:
        """Watch from the first result on until as many calls as there are have been told."""
        told: list[Sighting] = []
        watch = self._stub.WatchResults(pb.WatchResultsRequest(), wait_for_ready=True)
        answers = aiter(watch)
        with suppress(TimeoutError):
            async with asyncio.timeout(_ANSWER_S):
                while len({sighting.call_id for sighting in told}) < count:
                    result = (await anext(answers)).result
                    told.append(Sighting(result.call_id, result.revision, time.time()))
        watch.cancel()
        return told

    async def _fetch(self, call_id: str) -> pb.CallResult | None:
        request = pb.GetResultRequest(call_id=call_id)
        try:
            return (await self._stub.GetResult(request, timeout=_ANSWER_S)).result
        except grpc.aio.AioRpcError:
            return None

    async def _wait_for_silence(self) -> None:
        """Wait until no call lives at the carrier."""
        while True:
            answer = await self._http.get(f"{self._fleet.control}/control/sessions")
            if answer.json()["live_calls"] == 0:
                return
            await asyncio.sleep(_LOOK_AGAIN_S)

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
        """Ask the Orchestrators in turn; None when this one did not answer."""
        replica = 1 + next(self._turns) % self._fleet.orchestrators
        url = self._fleet.page(replica) + path
        try:
            return await self._http.post(url, json=body, headers=headers)
        except httpx.TransportError:
            return None


@asynccontextmanager
async def errands_of(fleet: Fleet) -> AsyncIterator[Errands]:
    """Open the connections of one person and one consumer."""
    limits = httpx.Limits(max_keepalive_connections=0)
    async with (
        httpx.AsyncClient(timeout=_ANSWER_S, limits=limits) as http,
        grpc.aio.insecure_channel(fleet.grpc_target) as channel,
    ):
        yield Errands(fleet, http, channel)
