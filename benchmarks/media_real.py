"""Goal 9: 150 real calls at once on one core of Call Handler, no frame lost, each its one result.

Nothing is stubbed: persons order in the chat, the Orchestrator commits, dials and is told of every
turn, the Call Handler (alone on core 0) bridges, the sandbox plays carrier and model in its light
mode (with the Orchestrator on core 1), a callee hangs up, the result is reported and stored.

Each frame, both ways, carries its call, its number and the moment it left in its first 18 bytes;
the far end, in the same process and by the same clock, looks at every byte of it. Added = p99 with
150 calls less the p50 that the same system shows with one call. It contains what the generator
itself is late. Every call placed at the carrier, by its books, must have exactly one result.

Anchor: the bare relay ("floor") under the same generator at the same number of calls. Profile d20:
50 frames a second in, 50 deltas of 20 ms a second out for 90 % of the time, no TLS.
"""

import argparse
import asyncio
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness import LOAD_CORE, SYSTEM_CORE, Line, Run, Turn, child, pin
from benchmarks.live_calls.books import count_without_one_result
from benchmarks.live_calls.doors import Doors, in_turn, open_doors
from benchmarks.live_calls.system import (
    HANDLER,
    ORCHESTRATOR,
    SANDBOX,
    Layout,
    LiveSystem,
    live_system,
    own_module,
    say_shares,
    share_cores,
)

CALLS = 150
RINGBACK, FLOOR = f"Ringback, {CALLS} calls", f"floor, {CALLS} calls"
_RAMP_PER_S = {RINGBACK: 15.0, FLOOR: 50.0}
_IDLE_S, _SETTLE_S = 2.0, 2.0
_WINDOW_S, _QUICK_WINDOW_S = 15.0, 6.0
_HANG_UPS_PER_S = 40.0
_UP_S, _OVER_S = 40.0, 30.0
# On core 1 the far ends of the calls are served first, or they themselves are late.
_STANDS_BACK = Layout(nice={ORCHESTRATOR: 5})
_WAYS = {"in": "inbound", "out": "outbound"}

Facts = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one repetition showed. `without_result`: calls that do not have exactly one."""

    idle: Facts
    busy: Facts
    end: Facts
    seconds: float
    cpu_s: dict[str, float]
    without_result: int

    def figures(self, own: str) -> dict[str, float]:
        """Sum up; `own`: the part under test, all others are load."""
        figures = {
            "cpu_ms": self.cpu_s[own] * 1_000 / self.seconds / CALLS,
            **share_cores(self.cpu_s, self.seconds, own),
            "frames_per_s": sum(self.busy[way]["in_window"] for way in _WAYS.values())
            / self.seconds,
            "dropped": self._count_dropped(),
            "without_result": float(self.without_result),
            "late_ms": float(str(self.busy["worst_lag_ms"])),
            "errors": 0.0,
        }
        for name, way in _WAYS.items():
            idle_ms = self.idle[way]["p50_ms"]
            figures[f"{name}_idle_ms"] = idle_ms
            figures[f"{name}_p50_ms"] = self.busy[way]["p50_ms"] - idle_ms
            figures[f"{name}_p99_ms"] = self.busy[way]["p99_ms"] - idle_ms
        return figures

    def _count_dropped(self) -> float:
        """Count what is missing or altered; what the agent said when the callee hung up is not."""
        never_came = self.end["inbound"]["sent"] - self.end["inbound"]["received"]
        return never_came + sum(self.end["outbound"][what] for what in ("lost", "altered"))


async def measure(system: LiveSystem, case: str, window_s: float) -> Measured:
    """Measure one call, then all of them at once, then let all callees hang up."""
    async with AsyncExitStack() as opened:
        doors = await opened.enter_async_context(open_doors(system))
        is_ours = HANDLER in system.parts
        place = doors.place if is_ours else doors.place_by_carrier
        await place()
        await doors.wait_for_talk(1, _UP_S)
        idle, _, _ = await look(doors, _IDLE_S)
        await in_turn(CALLS - 1, _RAMP_PER_S[case], place)
        await doors.wait_for_talk(CALLS, _UP_S)
        busy, seconds, cpu_s = await look(doors, window_s)
        await doors.hang_up_oldest(CALLS, _HANG_UPS_PER_S)
        await doors.wait_for_end(_OVER_S)
        without = 0
        if is_ours:
            target = system.addresses.grpc
            without = await count_without_one_result(system.ledger, target, _OVER_S)
        return Measured(idle, busy, await doors.facts(), seconds, cpu_s, without)


async def look(doors: Doors, seconds: float) -> tuple[Facts, float, dict[str, float]]:
    """Wait until all is even, then measure for a while: the facts, the span, the CPU time."""
    loop, system = asyncio.get_running_loop(), doors.system
    await asyncio.sleep(_SETTLE_S)
    await doors.begin_window()
    begun, before = loop.time(), system.read_cpu_s()
    await asyncio.sleep(seconds)
    facts, spent = await doors.facts(), system.read_cpu_s()
    cpu_s = {name: spent[name] - before[name] for name in spent}
    return facts, loop.time() - begun, cpu_s


def play(turn: Turn, window_s: float) -> dict[str, float]:
    """Start one system, measure it and stop it; its figures."""
    with tempfile.TemporaryDirectory(prefix="ringback-bench-") as name:
        folder = Path(name)
        if turn.case == RINGBACK:
            with live_system(folder, layout=_STANDS_BACK) as system:
                return asyncio.run(measure(system, turn.case, window_s)).figures(HANDLER)
        with live_system(folder, (SANDBOX,)) as system:
            port = str(system.addresses.base + 3)
            relay = own_module("benchmarks.media_load.floor", "--port", port)
            model = f"ws://127.0.0.1:{system.addresses.base + 2}/v1/realtime?model=gpt-realtime-2.1"
            with child([*relay, "--model", model], core=SYSTEM_CORE) as floor:
                floor.line()
                system.parts[FLOOR] = floor
                return asyncio.run(measure(system, turn.case, window_s)).figures(FLOOR)


def main() -> int:
    """Run it, print the table, judge goal 9."""
    pin(LOAD_CORE)
    profile = f"d20, {CALLS} calls, outbox and ledger on, SQLite FULL, no TLS"
    parser = argparse.ArgumentParser(prog="python -m benchmarks.media_real")
    parser.add_argument("--only", choices=("ringback", "floor"), help="measure one of the two")
    run = Run("media_real", profile, parser)
    cases = {"ringback": [RINGBACK], "floor": [FLOOR]}.get(run.options.only, [FLOOR, RINGBACK])
    if run.is_quick and not run.has_peers:
        cases = [RINGBACK]
        run.note("the floor beside it is measured with PEERS=1")
    window_s = _QUICK_WINDOW_S if run.is_quick else _WINDOW_S
    for turn in run.interleave(cases, repeats=1 if run.is_quick else None):
        run.add(turn.case, **play(turn, window_s))
    anchor = FLOOR if len(cases) > 1 else None
    columns = ("cpu_ms", "core_cpu", "load_cpu", "frames_per_s", "late_ms", "dropped")
    latency = ("in_p50_ms", "out_p50_ms", "out_p99_ms")
    run.table(
        "Latency that a relay adds to real calls",
        [
            Line(case, anchor if case != anchor else None, "in_p99_ms", (*latency, *columns))
            for case in cases
        ],
    )
    if RINGBACK in cases:
        judge(run, has_anchor=anchor is not None)
    return run.finish()


def judge(run: Run, *, has_anchor: bool) -> None:
    """Judge the four parts of goal 9, and say what the figures rest on."""
    for way in _WAYS:
        figure = f"{way}_p99_ms"
        # The floor stands beside it; the limit is absolute, so its spread does not decide.
        run.judge(f"9/{way}", run.median(RINGBACK, figure), case=RINGBACK)
        if has_anchor:
            run.note(f"p99 {way}: floor {run.median(FLOOR, figure):.1f} ms at as many calls")
    run.judge("9/dropped", run.spread(RINGBACK, "dropped")[1])
    run.judge("9/results", run.spread(RINGBACK, "without_result")[1])
    run.note(say_shares(run, RINGBACK))


if __name__ == "__main__":
    raise SystemExit(main())
