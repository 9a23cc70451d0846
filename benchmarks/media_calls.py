"""Goal 8: calls per core, against what a user would pick instead and against the floor.

Every system is one process on core 0, with the same load beside it on core 1: 50 frames of 20 ms a
second from the callee, 50 deltas of 20 ms a second from the model (profile d20), marks echoed at
once, no TLS. Calls: the highest tried number at which the p99 on both ways is at most 20 ms above
the system's own idle value (one call) and nothing is dropped. The systems take turns, one try each
in a fresh process; a try that fails by a little is made once more. A number is no finer than the
ladder's step, 10 to 15 percent. Printed besides: CPU per call-second at the same number of calls,
memory, and the model's sockets that are open 1 s after every callee has hung up.

The relays are ours, from the frameworks' packages and shaped as their users' examples are; nothing
of theirs is copied. A framework that re-cuts or resamples the sound is matched by its duration.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.harness import ChildEnded, Line, Mismatch, Run
from benchmarks.media_load import Generator, Heard
from benchmarks.media_load.generator import LoadFailed
from benchmarks.peers.environments import NotInstalled, install
from benchmarks.peers.ladder import Search
from benchmarks.peers.systems import FLOOR, MORE_SYSTEMS, RINGBACK, SYSTEMS, System, running

WINDOW_S = 2.0
ADDED_MS = 20.0
EQUAL_CALLS = 20
_HOPELESS_MS = 100.0
_ROUNDS = 9
_LONGEST_S = 290.0
"""A search that is not over then is not judged."""
_COLUMNS = (
    "cpu_ms",
    "idle_in_p99_ms",
    "idle_out_p99_ms",
    "rss_mb",
    "call_kb",
    "leaked",
    "load_cpu",
)
GOALS = {
    "8/sample": "sample-shaped relay",
    "8/pipecat": "pipecat",
    "8/openai": "openai-agents",
    "8/floor": FLOOR,
}


@dataclass(slots=True)
class Trial:
    """Holds what is known of one system."""

    system: System
    search: Search
    heard: dict[int, Heard] = field(default_factory=dict)
    tried: set[int] = field(default_factory=set)
    words: dict[int, str] = field(default_factory=dict)
    """What was said where a number could not be held at all."""
    failure: str = ""
    """Why it cannot be measured; empty while it can."""

    @property
    def next_calls(self) -> int:
        """Return the number of calls to try next, 0 when there is none."""
        if self.failure:
            return 0
        for calls in (1, EQUAL_CALLS):
            if calls not in self.tried:
                return calls
        return self.search.next_calls

    def try_next(self, generator: Generator) -> Iterator[Heard]:
        """Try the next number of calls in a fresh process; yields what each try came to."""
        calls = self.next_calls
        self.tried.add(calls)
        try:
            heard = self._hold(calls, generator)
            yield heard
            if calls > 1 and not self.is_held(heard) and self._is_close(heard):
                again = self._hold(calls, generator)
                yield again
                heard = again if self.is_held(again) else heard
        except (ChildEnded, LoadFailed, Mismatch) as error:
            self.words[calls] = str(error).splitlines()[0]
            if calls == 1:
                self.failure = self.words[calls]
            self.search.note(calls, is_held=False)
            return
        self.heard[calls] = heard
        if calls > 1:
            self.search.note(calls, is_held=self.is_held(heard))

    def is_held(self, heard: Heard) -> bool:
        """Say whether these calls were carried: on time, complete, and truly asked for."""
        idle = self.heard[1]
        # What a system that re-cuts the sound still holds back at the end of a call is no loss.
        lost = heard.lost - heard.calls * 2 * max(idle.lost, 0)
        return (
            self._added_ms(heard) <= ADDED_MS
            and lost <= 0
            and not heard.wrong
            and not heard.errors
            and not heard.is_void
        )

    def figures(self) -> dict[str, float]:
        """Give what is shown and kept of it."""
        idle, equal = self.heard[1], self.heard[EQUAL_CALLS]
        most = self.heard.get(self.search.calls, equal)
        rss_kb, idle_kb = sum(most.rss_kb), sum(idle.rss_kb)
        return {
            "calls": self.search.calls,
            "cpu_ms": equal.cpu_ms_per_call_s,
            "most_cpu_ms": most.cpu_ms_per_call_s,
            "idle_in_p99_ms": idle.inbound.p99,
            "idle_out_p99_ms": idle.outbound.p99,
            "rss_mb": rss_kb / 1024,
            "call_kb": (rss_kb - idle_kb) / max(most.calls - 1, 1),
            "leaked": equal.leaked,
            "load_cpu": most.load_cpu,
        }

    def _hold(self, calls: int, generator: Generator) -> Heard:
        with running(self.system, generator) as hold:
            return hold(calls, WINDOW_S)

    def _added_ms(self, heard: Heard) -> float:
        idle = self.heard[1]
        inbound = heard.inbound.p99 - idle.inbound.p99
        return max(inbound, heard.outbound.p99 - idle.outbound.p99)

    def _is_close(self, heard: Heard) -> bool:
        return not heard.is_void and self._added_ms(heard) < _HOPELESS_MS


@contextmanager
def prepared(run: Run, names: Sequence[str]) -> Iterator[list[Trial]]:
    """Install what is wanted and start the load; a peer that is not to be had is told."""
    trials = []
    for system in (*SYSTEMS, *MORE_SYSTEMS):
        if system.name not in (names or [one.name for one in SYSTEMS]):
            continue
        trial = Trial(system, Search(system.first))
        try:
            if system.peer is not None:
                install(system.peer)
        except NotInstalled as error:
            trial.failure = str(error)
        trials.append(trial)
    yield trials
    for trial in trials:
        if trial.failure:
            run.note(f"{trial.system.name}: not run: {trial.failure}")


def measure(run: Run, trials: Sequence[Trial]) -> None:
    """Let the systems take turns until each has found its end."""
    by_name = {trial.system.name: trial for trial in trials}
    until = time.monotonic() + run.options.seconds
    with Generator() as generator:
        for turn in run.interleave(list(by_name), repeats=_ROUNDS):
            if by_name[turn.case].next_calls and time.monotonic() < until:
                for heard in by_name[turn.case].try_next(generator):
                    run.add(f"{turn.case}, {heard.calls} at once", **heard.figures)


def show(run: Run, trials: Sequence[Trial]) -> None:
    """Print the table and the tries behind it."""
    done = [trial for trial in trials if EQUAL_CALLS in trial.heard]
    for trial in done:
        run.add(trial.system.name, **trial.figures())
    if not done:
        return
    anchor = FLOOR if FLOOR in {trial.system.name for trial in done} else done[0].system.name
    lines = [Line(trial.system.name, anchor, "calls", _COLUMNS) for trial in done]
    run.table("Calls at once on one core, profile d20", lines)
    run.note(f"cpu_ms: per call-second at {EQUAL_CALLS} calls, all systems alike")
    for trial in done:
        if trial.next_calls:
            run.note(f"{trial.system.name}: its search was not over in time")
        tries = ", ".join(
            f"{calls}{'' if calls in trial.search.held else ' (not held)'}"
            for calls in sorted(trial.search.held | trial.search.failed)
        )
        run.note(f"{trial.system.name}: tried {tries}")
        for calls, words in trial.words.items():
            run.note(f"{trial.system.name}, {calls} calls: {words}")
        if any(heard.is_void for heard in trial.heard.values()):
            run.note(f"{trial.system.name}: ended where the load did, not the system")


def judge(run: Run, trials: Sequence[Trial]) -> None:
    """Judge our calls against each of the others'."""
    calls = {
        trial.system.name: trial.search.calls
        for trial in trials
        if EQUAL_CALLS in trial.heard and not trial.next_calls
    }
    for goal, other in GOALS.items():
        if calls.get(RINGBACK) and calls.get(other):
            run.judge(goal, calls[RINGBACK] / calls[other], case=RINGBACK)
        else:
            run.skip(goal, f"no end was found of {RINGBACK if calls.get(other) else other}")


def main() -> int:
    """Search, show, judge; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.media_calls")
    parser.add_argument("--systems", default="", help="names, separated by commas; default all")
    parser.add_argument("--seconds", type=float, default=_LONGEST_S, help="of search, at most")
    run = Run("media_calls", profile="d20, 160-byte frames, one core each, no TLS", parser=parser)
    names = [name.strip() for name in run.options.systems.split(",") if name.strip()]
    with prepared(run, names) as trials:
        measure(run, trials)
        show(run, trials)
    judge(run, trials)
    run.bars("Calls at once on one core", "calls", [t.system.name for t in trials if t.heard])
    return run.finish()


if __name__ == "__main__":
    raise SystemExit(main())
