"""Many calls at once, or all of them step by step, and what each step cost the Orchestrator."""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.call_load.http import Http, OrderDoor
from benchmarks.call_load.script import ERRAND, Post, ScriptedCall, Step
from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc

_DEADLINE_S = 10.0
_ORDERED_S = 20.0
# What the last commits wake is over after so long.
_QUIET_S = 0.15
_CHATS_AT_ONCE = 8
_CONFIRM = "confirm, claim and order"


@dataclass(slots=True)
class Crowd:
    """All persons, the one handler and the carrier of a run."""

    http: Http
    stub: "pb_grpc.CallResultsAsyncStub"
    calls: Sequence[ScriptedCall]
    # Messages by what they are.
    sent: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    # What the pages were sent.
    page_bytes: int = 0
    _by_task: dict[str, ScriptedCall] = field(default_factory=dict)
    _ordered: dict[str, asyncio.Event] = field(default_factory=dict)

    async def open(self, orders_port: int) -> None:
        """Take orders."""
        await OrderDoor(self._dial).open(orders_port)

    async def chat(self) -> None:
        """Let each person say what is wanted, in one message, so that only the yes is missing."""
        gate = asyncio.Semaphore(_CHATS_AT_ONCE)

        async def say(call: ScriptedCall) -> None:
            async with gate:
                task = await self.http.post_json("/api/tasks", {})
                call.task_id = str(task["task_id"])
                self._by_task[call.task_id] = call
                self._ordered[call.task_id] = asyncio.Event()
                text = {"text": ERRAND.format(number=call.to_number)}
                told = await self.http.post_json(f"/api/tasks/{call.task_id}/messages", text)
                if not told["can_confirm"]:
                    raise RuntimeError(f"the errand was not understood: {told['messages']}")

        await asyncio.gather(*map(say, self.calls))

    def watch(self, pages: int) -> Sequence[asyncio.Task[None]]:
        """Open pages, each on a conversation of its own."""
        watched = [f"/api/tasks/{call.task_id}/events" for call in self.calls[:pages]]
        return [asyncio.create_task(self.http.follow(path, self._note)) for path in watched]

    async def play(self, calls_per_s: float, call_s: float) -> None:
        """Play all calls, begun one after the other, each with even pauses between its steps."""
        await in_turn((self._live(call, call_s) for call in self.calls), 1.0 / calls_per_s)

    async def play_in_step(
        self, steps_per_s: float, read_cpu_ns: Callable[[], int]
    ) -> dict[str, float]:
        """Take all calls through each step together: name of the step -> CPU us of one of it."""
        costs: dict[str, int] = defaultdict(int)

        async def measure(name: str, works: Iterable[Awaitable[None]]) -> None:
            before = read_cpu_ns()
            await in_turn(works, 1.0 / steps_per_s)
            await asyncio.sleep(_QUIET_S)
            costs[name] += read_cpu_ns() - before

        await measure(_CONFIRM, map(self._confirm, self.calls))
        for together in zip(*(call.steps() for call in self.calls), strict=True):
            works = (self._send(one, step) for one, step in zip(self.calls, together, strict=True))
            await measure(together[0].name, works)
        return {name: cost / self.sent[name] / 1_000 for name, cost in costs.items()}

    async def count_results(self) -> int:
        """Count the results that the Orchestrator has stored of calls that succeeded."""
        found, token = 0, ""
        while True:
            request = pb.ListResultsRequest(page_size=100, page_token=token)
            page = await self.stub.ListResults(request, timeout=_DEADLINE_S)
            found += sum(one.outcome == pb.OUTCOME_SUCCEEDED for one in page.results)
            token = page.next_page_token
            if not token:
                return found

    async def _live(self, call: ScriptedCall, call_s: float) -> None:
        await self._confirm(call)
        steps = list(call.steps())
        for step in steps:
            await self._send(call, step)
            await asyncio.sleep(call_s / len(steps))

    async def _confirm(self, call: ScriptedCall) -> None:
        self.sent[_CONFIRM] += 1
        key = ("Idempotency-Key", secrets.token_hex(16))
        confirmed = await self.http.post_json(f"/api/tasks/{call.task_id}/confirm", {}, key)
        call.call_id = str(confirmed["call_id"])
        async with asyncio.timeout(_ORDERED_S):
            await self._ordered[call.task_id].wait()

    async def _send(self, call: ScriptedCall, step: Step) -> None:
        self.sent[step.name] += 1
        match step.message:
            case Post() as post:
                await self.http.call_back(call.call_id, post)
            case pb.ReportProgressRequest() as progress:
                await self.stub.ReportProgress(progress, timeout=_DEADLINE_S)
            case report:
                await self.stub.Report(report, timeout=_DEADLINE_S)

    def _dial(self, task_id: str, call_id: str) -> str:
        call = self._by_task[task_id]
        call.call_id = call_id
        self._ordered[task_id].set()
        return call.call_sid

    def _note(self, piece: bytes) -> None:
        self.page_bytes += len(piece)


async def in_turn(works: Iterable[Awaitable[None]], pause_s: float) -> None:
    """Begin works at an even pace, whether or not the earlier ones are done, and wait for all."""
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    async with asyncio.TaskGroup() as group:
        for number, work in enumerate(works):
            await asyncio.sleep(begun_s + number * pause_s - loop.time())
            group.create_task(_done(work))


async def _done(work: Awaitable[None]) -> None:
    await work
