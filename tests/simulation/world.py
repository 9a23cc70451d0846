"""What all parts of one seed share: time, chance, the history, and who lives."""

from collections import defaultdict
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from tests.simulation.network import Network
from tests.simulation.scripts import Death, Plan
from tests.simulation.virtual_time import OWNER, Process, VirtualClock, VirtualLoop


class Mortal(Protocol):
    """A part that can be killed and started again."""

    process: Process

    def start(self) -> None:
        """Begin a new life on what the disk holds."""

    def stop(self, drain_s: float, then: Callable[[], None]) -> None:
        """End it as SIGTERM does, and tell when it is over."""


class Closable(Protocol):
    """What breaks when its process dies."""

    def close(self) -> None:
        """Break it."""


@dataclass(slots=True)
class World:
    """One seed's world."""

    plan: Plan
    loop: VirtualLoop
    dice: Random
    network: Network
    # The Orchestrators' time of day, one for all: their database's.
    clock: VirtualClock
    parts: dict[str, Mortal] = field(default_factory=dict)
    # (virtual seconds, call_id or empty, what happened).
    history: list[tuple[float, str, str]] = field(default_factory=list)
    # What must never happen at all: an error that only a programmer can have made.
    troubles: list[str] = field(default_factory=list)
    # call_id -> the CallSids whose streams got to talk.
    talks: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    # call_id -> when its confirm was answered.
    confirmed: dict[str, float] = field(default_factory=dict)
    # (call_id or sid, report_id) that a reporter was told is recorded.
    acknowledged: set[tuple[str, str]] = field(default_factory=set)
    # (CallSid, handler) of external calls whose opening was written down.
    external: list[tuple[str, str]] = field(default_factory=list)
    # (handler, report_id) of each outcome that an outbox took.
    promised: list[tuple[str, str]] = field(default_factory=list)
    died: int = 0
    frozen: int = 0
    stopped: int = 0
    last_death_s: float = 0.0
    # Kept open by a process; closed when it dies.
    held: dict[Process, list[Closable]] = field(default_factory=lambda: defaultdict(list))
    _passed: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    _fates: list[Death] = field(default_factory=list)

    def dice_of(self, name: str) -> Random:
        """Make a source of chance of its own."""
        return Random(f"{self.plan.seed} {name}")  # noqa: S311 - repeatable, not secret

    def note(self, call_id: str, what: str) -> None:
        """Write one line of the history."""
        self.history.append((self.loop.time(), call_id, what))

    def set_fates(self) -> None:
        """Arrange for the deaths of the plan."""
        for death in self.plan.deaths:
            if death.at_point:
                self._fates.append(death)
            else:
                self.loop.call_later(death.at_s, self._strike, death)
        for at_s, by_s in self.plan.jumps:
            self.loop.call_later(at_s, self._jump, by_s)

    def pass_point(self, name: str) -> None:
        """Let the process that runs pass a failpoint; it may die here."""
        process = OWNER.get()
        if process is not None:
            self.pass_as(process, name)

    def pass_as(self, process: Process, point: str) -> None:
        """Let a process pass a failpoint."""
        if not self._fates:
            return
        now_s = self.loop.time()
        for fate in self._fates:
            if fate.name == process.name and fate.at_point == point and now_s >= fate.at_s:
                self._passed[process.name, point] += 1
                if self._passed[process.name, point] >= fate.passing:
                    self._fates.remove(fate)
                    self._strike(fate)
                return

    def _strike(self, death: Death) -> None:
        part = self.parts[death.name]
        process = part.process
        if not process.is_alive:
            return
        self.last_death_s = self.loop.time() + death.drain_s + (death.back_after_s or 0.0)
        match death.kind:
            case "frozen":
                self._freeze(process, death.back_after_s or 1.0)
            case "stopped":
                self._stop(part, death)
            case _:
                self.died += 1
                self.note("", f"{process.name} killed {death.at_point}".rstrip())
                self._end(part, death)

    def _end(self, part: Mortal, death: Death) -> None:
        """Let a process be gone, and what others had open with it break."""
        process = part.process
        process.is_alive = False
        self.network.close(process.name)
        self.network.drop(process)
        for one in self.held.pop(process, []):
            one.close()
        if death.back_after_s is not None:
            self._in_the_world(death.back_after_s, part.start)

    def _stop(self, part: Mortal, death: Death) -> None:
        """Have a process end by itself; it may be killed while it does."""
        process = part.process
        self.stopped += 1
        self.note("", f"{process.name} stops within {death.drain_s:g} s")

        def end() -> None:
            if process.is_alive:
                self.note("", f"{process.name} stopped")
                self._end(part, death)

        part.stop(death.drain_s, end)

    def _freeze(self, process: Process, span_s: float) -> None:
        if process.is_frozen:
            return
        self.frozen += 1
        process.is_frozen = True
        self.note("", f"{process.name} frozen for {span_s:.1f} s")
        self._in_the_world(span_s, lambda: self.loop.thaw(process))

    def _in_the_world(self, delay_s: float, action: Callable[[], None]) -> None:
        self.loop.call_later(delay_s, action, context=Context())

    def _jump(self, by_s: float) -> None:
        self.clock.ahead_s += by_s
        self.note("", f"the Orchestrators' clock jumps by {by_s:g} s")
