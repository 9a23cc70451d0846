"""Calls through a Fleet of real processes, watched in the carrier's books and by GetResult."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar

import grpc
import httpx

from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc
from tests.chaos.system import Fleet

# Times of a system that is soon quiet again: what O waits for an unknown dial is 3.6 s + 1 s.
HASTY: Mapping[str, str] = {
    "RINGBACK_RING_S": "2",
    "RINGBACK_GRACE_S": "2",
    "RINGBACK_CREATE_S": "0.6",
    "RINGBACK_ORDER_S": "1.2",
    "RINGBACK_SETTLE_S": "3.6",
    "RINGBACK_ASK_AGAIN_S": "1",
}
PATIENT_S = 30.0
# Books, logs and databases of other processes give no event.
LOOK_EVERY_S = 0.03
ERRAND = (
    "Order a large margherita from {number}, for pick-up. My name is Ada Lovelace, "
    "you can reach me at +14155550123."
)
FINAL = ("completed", "busy", "no-answer", "failed", "canceled")
_NO_RESULT_YET = {
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
}

Line: TypeAlias = Mapping[str, object]
T = TypeVar("T")


async def found(look: Callable[[], Awaitable[T | None]], within_s: float = PATIENT_S) -> T:
    """Look again and again until there is something. Raises: TimeoutError."""
    async with asyncio.timeout(within_s):
        while True:
            seen = await look()
            if seen is not None:
                return seen
            await asyncio.sleep(LOOK_EVERY_S)


async def passed(moment: float) -> None:
    """Wait until the loop's clock is past a moment: a part that does nothing gives no event."""
    is_past = asyncio.Event()
    asyncio.get_running_loop().call_at(moment, is_past.set)
    await is_past.wait()


def any_result(_: pb.CallResult) -> bool:
    """Take any result for the one that is waited for."""
    return True


@dataclass
class Calls:
    """Places calls in one system and waits for what becomes of them."""

    fleet: Fleet
    http: httpx.AsyncClient
    stub: "pb_grpc.CallResultsAsyncStub"
    armed: set[str] = field(default_factory=set)
    """Parts that were started with an environment of their own."""

    # -- what happens -----------------------------------------------------------------------

    async def bind(self, number: str, scenario: str, **changes: object) -> None:
        """Decide what the calls to a number meet: a scenario, with faults by part."""
        body = {"number": number, "scenario": scenario, **changes}
        (await self.http.post(f"{self.fleet.control}/control/bind", json=body)).raise_for_status()

    async def place(self, number: str) -> str:
        """Order a pizza as a person does; give the call_id."""
        page = self.fleet.page()
        task = (await self.http.post(f"{page}/api/tasks", json={})).json()
        url = f"{page}/api/tasks/{task['task_id']}"
        text = ERRAND.replace("{number}", number)
        told = (await self.http.post(f"{url}/messages", json={"text": text})).json()
        assert told["can_confirm"], told
        confirmed = await self.http.post(f"{url}/confirm", json={})
        return str(confirmed.json()["call_id"])

    async def restart(self, *names: str, **env: str) -> None:
        """Kill parts and start them again, with `env` for this life; wait until they answer."""
        for name in names:
            await self.fleet.kill(name)
            await self.fleet.start(name, env=env)
            self.armed.discard(name)
            self.armed.update({name} if env else ())
        await asyncio.gather(*map(self.fleet.ready, names))

    async def make_whole(self) -> None:
        """Start again what is dead or was started with an environment of its own."""
        names = (*self.fleet.orchestrator_names, *self.fleet.handler_names)
        await self.restart(*(n for n in names if n in self.armed or not self.fleet.is_alive(n)))

    # -- the carrier's books ----------------------------------------------------------------

    async def books(self, call_id: str, kind: str = "") -> Sequence[Line]:
        """Read what the carrier wrote down about a call."""
        url = f"{self.fleet.control}/control/ledger"
        answer = await self.http.get(url, params={"call_id": call_id})
        lines: Sequence[Line] = answer.json()["lines"]
        return [line for line in lines if not kind or line["kind"] == kind]

    async def until(
        self, call_id: str, holds: Callable[[Line], bool], within_s: float = PATIENT_S
    ) -> Line:
        """Wait for a line of the books; give the first one."""

        async def look() -> Line | None:
            return next(filter(holds, await self.books(call_id)), None)

        try:
            return await found(look, within_s)
        except TimeoutError:
            raise AssertionError(await self.history(call_id)) from None

    async def until_state(self, call_id: str, *words: str) -> Line:
        """Wait until the carrier's call is in one of the states."""
        return await self.until(
            call_id, lambda line: line["kind"] == "state" and line["status"] in words
        )

    async def until_said(self, call_id: str, side: str) -> Line:
        """Wait until a sentence of one side was heard by the other."""
        return await self.until(
            call_id, lambda line: line["kind"] == "said" and line["side"] == side
        )

    async def until_over(self, call_id: str) -> Line:
        """Wait for the carrier's end of the call."""
        return await self.until_state(call_id, *FINAL)

    async def apologies(self, call_id: str) -> list[str]:
        """Give what the carrier's own voice told the callee."""
        return [str(line["text"]) for line in await self.books(call_id, "say")]

    # -- results ----------------------------------------------------------------------------

    async def result(self, call_id: str) -> pb.CallResult | None:
        """Ask for the result; None while there is none or nobody to ask."""
        try:
            answer = await self.stub.GetResult(pb.GetResultRequest(call_id=call_id), timeout=2)
        except grpc.aio.AioRpcError as error:
            if error.code() in _NO_RESULT_YET:
                return None
            raise
        return answer.result

    async def until_result(
        self,
        call_id: str,
        within_s: float = PATIENT_S,
        holds: Callable[[pb.CallResult], bool] = any_result,
    ) -> pb.CallResult:
        """Wait for the result, or for one that is as it should be."""

        async def look() -> pb.CallResult | None:
            result = await self.result(call_id)
            return result if result is not None and holds(result) else None

        try:
            return await found(look, within_s)
        except TimeoutError:
            words = f"{await self.result(call_id)}\n{await self.history(call_id)}"
            raise AssertionError(words) from None

    async def judge(self, *call_ids: str, placed: int = 1) -> None:
        """Hold every call against the books: dialled `placed` times (0 or 1), one result each."""
        listed = await self.stub.ListResults(pb.ListResultsRequest(page_size=1000), timeout=10)
        counted = [one.call_id for one in listed.results]
        for call_id in call_ids:
            creates = await self.books(call_id, "create")
            accepted = [c for c in creates if c["verdict"] == "accepted" and not c["twin_of"]]
            assert len(accepted) == placed, await self.history(call_id)
            assert counted.count(call_id) == 1, await self.history(call_id)

    # -- logs -------------------------------------------------------------------------------

    def logged(self, name: str, *words: str) -> list[str]:
        """Give the lines of a part's log that hold all the words."""
        lines = self.fleet.log(name).splitlines()
        return [line for line in lines if all(word in line for word in words)]

    async def until_logged(self, name: str, *words: str) -> str:
        """Wait for a line of a part's log that holds all the words."""

        async def look() -> str | None:
            return next(iter(self.logged(name, *words)), None)

        return await found(look)

    async def handler_that(self, event: str, call_id: str) -> str:
        """Wait until a Call Handler logs an event about a call; give its name."""

        async def look() -> str | None:
            names = self.fleet.handler_names
            return next((name for name in names if self.logged(name, event, call_id)), None)

        return await found(look)

    async def history(self, call_id: str) -> str:
        """Tell all that is known of a call, for the words of a failure."""
        lines = [f"{line['kind']}: {line}" for line in await self.books(call_id)]
        for name in (*self.fleet.orchestrator_names, *self.fleet.handler_names):
            lines += [f"{name}: {line}" for line in self.logged(name, call_id)]
        return "\n".join(lines[-80:])


@asynccontextmanager
async def running_calls(
    folder: Path,
    *,
    database: Literal["sqlite", "postgres"] = "sqlite",
    handlers: int = 1,
    time_factor: float = 10,
    spans: Mapping[str, str] = HASTY,
) -> AsyncIterator[Calls]:
    """Run a system of one Orchestrator, the sandbox and Call Handlers."""
    fleet = Fleet(folder, database, handlers=handlers, time_factor=time_factor, extra_env=spans)
    async with (
        fleet,
        httpx.AsyncClient(timeout=10) as http,
        grpc.aio.insecure_channel(fleet.grpc()) as channel,
    ):
        yield Calls(fleet, http, pb_grpc.CallResultsStub(channel))
