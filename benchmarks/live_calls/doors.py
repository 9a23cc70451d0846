"""The doors that a benchmark knocks at: the person's chat, the sandbox's control, the carrier."""

import asyncio
import secrets
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus

import aiohttp

from benchmarks.live_calls.numbers import fictional_numbers
from benchmarks.live_calls.system import LiveSystem
from ringback_cli.parts import SANDBOX_ACCOUNT, SANDBOX_FROM_NUMBER

Json = dict[str, object]
Work = Callable[[], Coroutine[None, None, str]]
_LOOK_S = 0.05
_KEPT_S = 2.0
_BEGINS_S = 5.0
_ERRAND = (
    "Order one margherita from {number}, for pick-up. My name is Ada, you can reach me at "
    "+14155550123."
)
_TWIML = (
    '<Response><Connect><Stream url="wss://handler.ringback.test/media-stream/{call_id}/none"/>'
    "</Connect></Response>"
)


class NotInTime(RuntimeError):
    """The calls are not there, or not over, when they should be."""


@dataclass(slots=True)
class Doors:
    """Places calls, looks at them and ends them."""

    http: aiohttp.ClientSession
    system: LiveSystem
    numbers: Iterator[str] = field(default_factory=fictional_numbers)

    async def open_task(self) -> str:
        """Let a person say what is wanted, so that only the yes is missing; the task's id."""
        page = self.system.addresses.page
        task = await self._post(f"{page}/api/tasks", {})
        text = _ERRAND.format(number=next(self.numbers))
        told = await self._post(f"{page}/api/tasks/{task['task_id']}/messages", {"text": text})
        if not told["can_confirm"]:
            raise RuntimeError(f"the errand was not understood: {told['messages']}")
        return str(task["task_id"])

    async def confirm(self, task_id: str) -> str:
        """Say yes: the call is dialled; its call_id."""
        url = f"{self.system.addresses.page}/api/tasks/{task_id}/confirm"
        answer = await self._post(url, {}, {"Idempotency-Key": secrets.token_hex(16)})
        return str(answer["call_id"])

    async def place(self) -> str:
        """Place a call as a person does; its call_id."""
        return await self.confirm(await self.open_task())

    async def place_by_carrier(self) -> str:
        """Place a call at the carrier, past the product: for whatever stands in its place."""
        call_id = str(uuid.uuid4())
        url = f"{self.system.addresses.carrier}/2010-04-01/Accounts/{SANDBOX_ACCOUNT}/Calls.json"
        form = {
            "To": next(self.numbers),
            "From": SANDBOX_FROM_NUMBER,
            "Twiml": _TWIML.format(call_id=call_id),
        }
        auth = aiohttp.BasicAuth(SANDBOX_ACCOUNT, self.system.auth_token)
        async with self.http.post(url, data=form, auth=auth) as answer:
            answer.raise_for_status()
        return call_id

    async def facts(self) -> dict[str, dict[str, float]]:
        """Ask the sandbox what it counted and measured since the window began."""
        async with self.http.get(f"{self.system.addresses.phone}/control/light") as answer:
            facts: dict[str, dict[str, float]] = await answer.json()
        return facts

    async def sessions(self) -> dict[str, int]:
        """Ask the sandbox how many streams, model sessions and calls there are."""
        async with self.http.get(f"{self.system.addresses.phone}/control/sessions") as answer:
            counts: dict[str, int] = await answer.json()
        return counts

    async def begin_window(self) -> None:
        """Let the sandbox count and measure from now on."""
        await self._post(f"{self.system.addresses.phone}/control/light/window", {})

    async def hang_up(self, call_id: str) -> None:
        """Let one callee hang up, once its stream has begun: the page may know of it before.

        Raises: NotInTime.
        """
        url = f"{self.system.addresses.phone}/control/light/hang_up/{call_id}"
        with suppress(TimeoutError):
            async with asyncio.timeout(_BEGINS_S):
                while True:
                    async with self.http.post(url, json={}) as answer:
                        if answer.status != HTTPStatus.NOT_FOUND:
                            answer.raise_for_status()
                            return
                    await asyncio.sleep(_LOOK_S)
        raise NotInTime(f"call {call_id} is not on the line after {_BEGINS_S:g} s")

    async def hang_up_oldest(self, count: int, per_s: float) -> None:
        """Let callees hang up at an even pace, who has been on the line longest first."""
        url = f"{self.system.addresses.phone}/control/light/hang_up"
        await self._post(url, {"count": count, "per_s": per_s})

    async def wait_for_talk(self, calls: int, within_s: float) -> None:
        """Wait until there are so many calls, and each talks to the model. Raises: NotInTime."""
        await self._wait({"live_calls": calls, "open_model_sessions": calls}, within_s)

    async def wait_for_end(self, within_s: float) -> None:
        """Wait until no call is left at the carrier. Raises: NotInTime."""
        await self._wait({"live_calls": 0}, within_s)

    async def _wait(self, wanted: dict[str, int], within_s: float) -> None:
        counts: dict[str, int] = {}
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while True:
                    counts = await self.sessions()
                    if wanted.items() <= counts.items():
                        return
                    self.system.require_running()
                    await asyncio.sleep(_LOOK_S)
        raise NotInTime(f"not {wanted} after {within_s:g} s: {counts}")

    async def _post(
        self, url: str, body: Json, headers: Mapping[str, str] | None = None
    ) -> dict[str, object]:
        async with self.http.post(url, json=body, headers=headers) as answer:
            answer.raise_for_status()
            told: dict[str, object] = await answer.json()
        return told


@asynccontextmanager
async def open_doors(system: LiveSystem) -> AsyncIterator[Doors]:
    """Knock at the doors of a running system."""
    # A server closes what was idle for 5 s: a request sent in that moment would be cut off.
    connector = aiohttp.TCPConnector(keepalive_timeout=_KEPT_S, limit=0)
    async with aiohttp.ClientSession(connector=connector) as http:
        yield Doors(http, system)


async def in_turn(count: int, per_s: float, work: Work) -> list[str]:
    """Begin `count` works at an even pace, whether or not earlier ones are done; their results."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    async with asyncio.TaskGroup() as group:
        tasks = []
        for number in range(count):
            await asyncio.sleep(max(0.0, begun + number / per_s - loop.time()))
            tasks.append(group.create_task(work()))
    return [task.result() for task in tasks]
