"""What a seed decides beforehand: the cast, the weather, the deaths, and how each call goes."""

from dataclasses import dataclass, field
from random import Random

from orchestrator.calls import CallTimings
from orchestrator.dial_policy import DialCaps
from tests.simulation.network import Parting, Weather

# Spans as small as the rules allow: what counts is how they stand to each other.
TIMINGS = CallTimings(
    ring_s=20.0,
    time_limit_s=60.0,
    grace_s=10.0,
    create_s=4.0,
    order_s=6.0,
    settle_s=36.0,
    sweep_s=2.0,
    ask_again_s=12.0,
    not_after_s=60.0,
    retry_s=2.0,
    give_up_s=900.0,
)
NO_CAPS = DialCaps(1000, 1000, 1000, 1000, 1_000_000)
# Until then everything that goes wrong by itself has gone wrong.
TROUBLE_S = 70.0
THEMES = (
    "calm",
    "network",
    "deaths",
    "carrier",
    "callbacks",
    "caps",
    "deaths",
    "clock",
    "mixed",
    "mixed",
)


@dataclass(frozen=True, slots=True)
class CallScript:
    """How one call goes at the carrier."""

    # ok, refused, later, lost_answer (accepted, then 500), silent (accepted, no answer), away.
    create: str
    queue_s: float
    ring_s: float
    # answer, busy, no-answer or failed.
    ending: str
    turns: int
    gap_s: float
    # callee, agent, nobody (the time limit does), lost (no stop) or model.
    who_ends: str
    has_stream: bool
    # The carrier rings twice for one create: two CallSids for one call_id.
    rings_twice: bool
    # The chance that a callback is lost for good, comes twice, and how late it may be.
    callback_lost: float
    callback_doubled: float
    callback_late_s: float
    # How long a new call is missing in the carrier's lists.
    list_lag_s: float


@dataclass(frozen=True, slots=True)
class Death:
    """A process that dies, by the clock or where it stands."""

    name: str
    # When, or from when on.
    at_s: float
    # Restarted after this; None: never.
    back_after_s: float | None
    # The name of a failpoint, "commit", or empty: by the clock.
    at_point: str = ""
    # At which passing of the point.
    passing: int = 1
    # killed, frozen for `back_after_s`, or stopped by SIGTERM (Call Handlers only).
    kind: str = "killed"
    # How long a stopped one waits for its calls.
    drain_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Errand:
    """One call that the person wants."""

    at_s: float
    number: str
    # When the person changes their mind; None: never.
    cancel_after_s: float | None
    presses: int


@dataclass(frozen=True, slots=True)
class Habits:
    """What the carrier tends to do: chances from 0 to 1."""

    create_fails: float = 0.0
    never_answers: float = 0.15
    callback_lost: float = 0.0
    callback_doubled: float = 0.0
    callback_late_s: float = 0.3
    no_stream: float = 0.0
    rings_twice: float = 0.0
    odd_ends: float = 0.15
    list_lag_s: float = 8.0


@dataclass(frozen=True, slots=True)
class Plan:
    """All that one seed decides."""

    seed: int
    theme: str
    orchestrators: int
    handlers: int
    weather: Weather
    caps: DialCaps
    errands: tuple[Errand, ...]
    # When an external call begins at each handler's side door; empty: none.
    external_at_s: tuple[float, ...] = ()
    deaths: tuple[Death, ...] = ()
    partings: tuple[Parting, ...] = ()
    timings: CallTimings = TIMINGS
    # (when, by how much) the Orchestrators' clock jumps.
    jumps: tuple[tuple[float, float], ...] = ()
    habits: Habits = field(default_factory=Habits)

    @property
    def last_trouble_s(self) -> float:
        """Say when the last planned fault is over."""
        ends = [0.0, *(errand.at_s for errand in self.errands), *self.external_at_s]
        ends += [parting.end_s for parting in self.partings]
        ends += [death.at_s + death.drain_s + (death.back_after_s or 0.0) for death in self.deaths]
        ends += [at_s for at_s, _ in self.jumps]
        return max(ends)


# What a create may come to, the hardest to get right most often.
_FAILURES = ("lost_answer", "lost_answer", "silent", "silent", "refused", "later", "away")


def draw_script(dice: Random, habits: Habits) -> CallScript:
    """Decide how one call goes."""
    create = "ok"
    if dice.random() < habits.create_fails:
        create = dice.choice(_FAILURES)
    ending = "answer"
    if dice.random() < habits.never_answers:
        ending = dice.choice(("busy", "no-answer", "failed"))
    who_ends = dice.choice(("callee", "agent"))
    if dice.random() < habits.odd_ends:
        who_ends = dice.choice(("nobody", "lost", "model"))
    loses_all = dice.random() < habits.callback_lost * 0.5
    return CallScript(
        create=create,
        queue_s=dice.choice((0.0, 0.0, 0.1, 6.0)),
        ring_s=dice.uniform(0.3, 6.0),
        ending=ending,
        turns=dice.randint(1, 4),
        gap_s=dice.uniform(0.5, 2.5),
        who_ends=who_ends,
        has_stream=dice.random() >= habits.no_stream,
        rings_twice=dice.random() < habits.rings_twice,
        callback_lost=1.0 if loses_all else habits.callback_lost,
        callback_doubled=habits.callback_doubled,
        callback_late_s=habits.callback_late_s,
        list_lag_s=dice.uniform(0.0, habits.list_lag_s),
    )
