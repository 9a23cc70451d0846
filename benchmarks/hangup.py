"""Goals 13 and 14: from the end of the stream to the acknowledged result, and what is left then.

100 real calls are on the line all the time (as in media_real: real Orchestrator, real Call Handler
alone on core 0, sandbox in its light mode). Callees hang up at an even pace, whoever has been on
the line longest first, and as many calls are placed anew. 50 frames a second come in from each
callee; the agent talks 3 of 14 s, as in a conversation.

One sample: from the line `stream_stopped` in the carrier's books, written before `stop` is sent, to
the handler's log line `call_reported`, written when `finish_call` goes on after `await
reporter.report(result)`: by then the result is fsynced in the outbox, was sent, stored and
acknowledged. Both are the same machine's time of day. Whatever was only kept, not acknowledged
within its 2 s, counts as an error and as no sample.

What is left: one second after the last call, the handler's sockets (links in /proc/PID/fd), tasks
(`/readyz`) and the sandbox's open streams and sessions, less what there was before the first call.

Anchor: the bare gRPC echo, one request at a time.
"""

import asyncio
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.harness import LOAD_CORE, Line, Run, child, pin
from benchmarks.live_calls.books import count_without_one_result, read_ledger
from benchmarks.live_calls.doors import Doors, in_turn, open_doors
from benchmarks.live_calls.system import (
    HANDLER,
    SANDBOX,
    Layout,
    LiveSystem,
    live_system,
    own_module,
    say_shares,
    share_cores,
)
from benchmarks.report_load.system import running_module

CALLS = 100
HANG_UPS, QUICK_HANG_UPS = 1_000, 100
RINGBACK, ECHO = f"hang-up, {CALLS} live calls", "bare echo, one at a time"
_RAMP_PER_S, _TALKS_S = 20.0, 3.0
_PER_S = 6.0
"""Ten a second fill core 1, far ends and Orchestrator together: 98 %."""
# What is placed anew rings for 2.3 s before it talks: so many more are placed than must talk.
_PLACED = CALLS + round(2.5 * _PER_S)
_UP_S, _OVER_S, _LEFT_S = 40.0, 40.0, 1.0
# The Orchestrator shares core 1 with the far ends of 100 calls, which no user has beside it.
_LAYOUT = Layout(talks_s=_TALKS_S, nice={SANDBOX: 5})
_ECHO_S = "2"


@dataclass(frozen=True, slots=True)
class Left:
    """Counts what the handler holds."""

    sockets: int
    tasks: int

    def over(self, before: "Left") -> "Left":
        """Say how much more it is than before."""
        return Left(self.sockets - before.sockets, self.tasks - before.tasks)


@dataclass(frozen=True, slots=True)
class Measured:
    """What one repetition showed; `spans_ms`: of each hang-up under load."""

    spans_ms: list[float]
    kept: int
    left: Left
    without_result: int
    shares: dict[str, float]


async def measure(system: LiveSystem, hang_ups: int) -> Measured:
    """Hold the calls, let callees hang up and others be called, then let all be over."""
    async with open_doors(system) as doors:
        before = await have_one_call(doors)
        await in_turn(_PLACED, _RAMP_PER_S, doors.place)
        await doors.wait_for_talk(_PLACED, _UP_S)
        loop = asyncio.get_running_loop()
        begun, spent = loop.time(), system.read_cpu_s()
        await doors.hang_up_oldest(hang_ups, _PER_S)
        await in_turn(hang_ups, _PER_S, doors.place)
        seconds, ended = loop.time() - begun, system.read_cpu_s()
        await doors.wait_for_talk(_PLACED, _UP_S)
        await doors.hang_up_oldest(_PLACED, _RAMP_PER_S)
        await doors.wait_for_end(_OVER_S)
        await asyncio.sleep(_LEFT_S)
        left = (await look(doors)).over(before)
        target = system.addresses.grpc
        without = await count_without_one_result(system.ledger, target, _OVER_S)
    spans, kept = pair(system, first=1, count=hang_ups)
    used = {name: ended[name] - spent[name] for name in ended}
    return Measured(spans, kept, left, without, share_cores(used, seconds, HANDLER))


async def have_one_call(doors: Doors) -> Left:
    """Let one call open what stays open, such as the channel; then count what there is."""
    await doors.place()
    await doors.wait_for_talk(1, _UP_S)
    await doors.hang_up_oldest(1, 1.0)
    await doors.wait_for_end(_OVER_S)
    await asyncio.sleep(_LEFT_S)
    return await look(doors)


async def look(doors: Doors) -> Left:
    """Count the sockets and tasks of the handler, and what the sandbox has open."""
    sessions = await doors.sessions()
    open_far_ends = sessions["open_model_sessions"] + sessions["open_media_streams"]
    async with doors.http.get(f"{doors.system.addresses.handler}/readyz") as answer:
        tasks = int((await answer.json())["tasks"])
    return Left(count_sockets(doors.system.parts[HANDLER].pid) + open_far_ends, tasks)


def count_sockets(pid: int) -> int:
    """Count the open sockets of a process."""
    count = 0
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            count += str(link.readlink()).startswith("socket:")
        except FileNotFoundError:
            continue  # closed while we looked
    return count


def pair(system: LiveSystem, first: int, count: int) -> tuple[list[float], int]:
    """Pair hang-ups with acknowledgements, by call_id; the spans in ms, and how many were kept.

    `first` hang-ups are passed over, then `count` are taken, in the order of the books.
    """
    stops = [
        (str(line["call_id"]), float(str(line["at"])))
        for line in read_ledger(system.ledger, "stream_stopped")
    ]
    reported = dict(read_reported(system.log_of(HANDLER)))
    taken = stops[first : first + count]
    spans = [(reported[call_id] - at) * 1_000 for call_id, at in taken if call_id in reported]
    return spans, len(taken) - len(spans)


def read_reported(log: Path) -> Iterator[tuple[str, float]]:
    """Yield, by call_id, when the handler logged that a result was acknowledged; in s."""
    with log.open(encoding="utf-8") as file:
        for text in file:
            if '"call_reported"' not in text:
                continue
            line = json.loads(text)
            if line["disposition"] != "kept":
                yield line["call_id"], datetime.fromisoformat(line["timestamp"]).timestamp()


def measure_echo() -> dict[str, float]:
    """Measure the anchor."""
    with running_module("echo") as server:
        options = ("--address", server.address, "--at-once", "1", "--seconds", _ECHO_S)
        with child(own_module("benchmarks.report_load.client", *options)) as client:
            figures: dict[str, float] = json.loads(client.line())
    return {name: figures[name] for name in ("p50_ms", "p99_ms", "load_cpu", "errors", "n")}


def play(run: Run, hang_ups: int) -> None:
    """Start the services, measure and stop them; keep one repetition."""
    with (
        tempfile.TemporaryDirectory(prefix="ringback-bench-") as name,
        live_system(Path(name), layout=_LAYOUT) as system,
    ):
        found = asyncio.run(measure(system, hang_ups))
    run.add_spans(
        RINGBACK,
        "acknowledged_ms",
        found.spans_ms,
        **found.shares,
        sockets_left=found.left.sockets,
        tasks_left=found.left.tasks,
        errors=found.kept + found.without_result,
    )


def main() -> int:
    """Run it, print the table, judge goals 13 and 14."""
    pin(LOAD_CORE)
    run = Run("hangup", f"{CALLS} live calls, {_PER_S:g} hang-ups a second, durable outbox")
    hang_ups = QUICK_HANG_UPS if run.is_quick and not run.has_peers else HANG_UPS
    for turn in run.interleave([ECHO, RINGBACK], repeats=1):
        if turn.case == ECHO:
            run.add(ECHO, **measure_echo())
        else:
            play(run, hang_ups)
    columns = ("p50_ms", "p90_ms", "worst_ms", "n", "core_cpu", "load_cpu", "errors")
    run.table(
        "From the stream's end to the acknowledged result",
        [Line(ECHO, None, "p99_ms", columns), Line(RINGBACK, ECHO, "p99_ms", columns)],
    )
    run.histogram("Hang-up to acknowledged", "acknowledged_ms", [RINGBACK])
    run.judge("13", run.median(RINGBACK, "p99_ms"), case=RINGBACK)
    run.judge("14/sockets", run.spread(RINGBACK, "sockets_left")[1])
    run.judge("14/tasks", run.spread(RINGBACK, "tasks_left")[1])
    run.note(say_shares(run, RINGBACK))
    run.note(f"the p99 rests on {run.spread(RINGBACK, 'n')[0]:.0f} hang-ups a repetition")
    run.note(
        "clock: the machine's time of day, in the carrier's books (before `stop` is sent) and in "
        "the handler's log (after finish_call's await of reporter.report)"
    )
    return run.finish()


if __name__ == "__main__":
    raise SystemExit(main())
