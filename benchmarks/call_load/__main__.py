"""The load process: `python -m benchmarks.call_load PLAN`, a JSON object with a Plan's fields.

Prints one line: what the calls cost the Orchestrator, whose process it was told.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import grpc
import uvloop

from benchmarks.call_load.crowd import Crowd
from benchmarks.call_load.http import Http
from benchmarks.call_load.script import ScriptedCall
from benchmarks.harness import cpu_ns
from ringback.v1 import call_results_pb2_grpc as pb_grpc

_SETTLE_S = 0.5


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do."""

    # The Orchestrator's process and ports; ours for orders.
    pid: int
    http_port: int
    grpc_port: int
    orders_port: int
    # Where its commits are counted.
    commits: str
    calls: int = 200
    calls_per_s: float = 50.0
    call_s: float = 4.0
    pages: int = 0
    # Above 0: all calls take each step together, at this pace.
    steps_per_s: float = 0.0
    idle_s: float = 0.0


@dataclass(slots=True)
class Cost:
    """What came of it; CPU is that of the Orchestrator's process."""

    # Per call, from the confirm on.
    cpu_ms: float = 0.0
    commits: float = 0.0
    messages: float = 0.0
    # Per conversation: two requests, before the confirm.
    chat_ms: float = 0.0
    # CPU per idle minute.
    idle_ms: float = 0.0
    results: int = 0
    page_kb: float = 0.0
    # The part of its core that the load process used.
    load_cpu: float = 0.0
    # us for one message of each kind, and how many of it a call sends.
    steps: dict[str, float] = field(default_factory=dict)
    counts: dict[str, float] = field(default_factory=dict)


async def run(plan: Plan) -> Cost:
    """Chat, open the pages, play the calls, and count."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{plan.grpc_port}") as channel:
        calls = [ScriptedCall(number) for number in range(plan.calls)]
        crowd = Crowd(Http(plan.http_port), pb_grpc.CallResultsStub(channel), calls)
        await crowd.open(plan.orders_port)
        cost = Cost()
        before_ns = cpu_ns(plan.pid)
        await crowd.chat()
        cost.chat_ms = (cpu_ns(plan.pid) - before_ns) / 1e6 / plan.calls
        pages = crowd.watch(plan.pages)
        await asyncio.sleep(_SETTLE_S)
        await _play(plan, crowd, cost)
        cost.idle_ms = await _idle(plan)
        cost.results = await crowd.count_results()
        cost.page_kb = crowd.page_bytes / 1024
        for page in pages:
            page.cancel()
        await asyncio.gather(*pages, return_exceptions=True)
    return cost


async def _play(plan: Plan, crowd: Crowd, cost: Cost) -> None:
    before_ns, before_commits = cpu_ns(plan.pid), _read_commits(plan)
    begun_s, own_s = time.monotonic(), time.process_time()
    if plan.steps_per_s:
        cost.steps = await crowd.play_in_step(plan.steps_per_s, lambda: cpu_ns(plan.pid))
    else:
        await crowd.play(plan.calls_per_s, plan.call_s)
    await asyncio.sleep(_SETTLE_S)
    cost.load_cpu = (time.process_time() - own_s) / (time.monotonic() - begun_s)
    cost.cpu_ms = (cpu_ns(plan.pid) - before_ns) / 1e6 / plan.calls
    cost.commits = (_read_commits(plan) - before_commits) / plan.calls
    cost.counts = {name: count / plan.calls for name, count in crowd.sent.items()}
    cost.messages = sum(cost.counts.values())


async def _idle(plan: Plan) -> float:
    if not plan.idle_s:
        return 0.0
    before_ns = cpu_ns(plan.pid)
    await asyncio.sleep(plan.idle_s)
    return (cpu_ns(plan.pid) - before_ns) / 1e6 * 60 / plan.idle_s


def _read_commits(plan: Plan) -> int:
    return int.from_bytes(Path(plan.commits).read_bytes()[:8], "little")


def main() -> None:
    """Do what the plan says, and print what it cost."""
    plan = Plan(**json.loads(sys.argv[1]))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(asdict(runner.run(run(plan)))), flush=True)


if __name__ == "__main__":
    main()
