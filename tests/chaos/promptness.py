"""How long after the carrier's end of a call its result could be read, by what fell meanwhile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from orchestrator.calls import CallTimings
from ringback.v1 import call_results_pb2 as pb
from tests.chaos.evidence import Evidence, Fall
from tests.chaos.ledger_facts import CarrierCall
from tests.chaos.parts import SPANS

SCALE = float(SPANS["RINGBACK_GRACE_S"]) / CallTimings().grace_s
"""How much shorter than by default what follows a call's end is in these runs."""
_AIR_S = 8.0  # for processes that start again on a machine with all else that runs there
LIMIT_TOUCHED_S = 60.0 * SCALE + _AIR_S
"""I10's 60 s in scaled time."""
LIMIT_UNTOLD_S = 60.0
"""Where the carrier could not tell the end either: below I10's deadline + 60 s, scaled."""
LIMIT_P99_S = 2.0
"""On a machine of our own, as the next one: what others slow down by n may take n times as long."""
LIMIT_UNCONNECTED_S = 1.0
"""I10: from the last callback, taken, to the result of a call that nobody answered; real time."""
SLOWNESS_MAX = 3.0
"""Not beyond: what the product itself takes of the machine slows it down, too."""
LEAST_UNCONNECTED = 10
LEAST_FOR_P99 = 100
"""Of fewer values the 99th percentile is the slowest one, and is called so."""
_OF_THE_DEAD = (pb.SOURCE_RECOVERED, pb.SOURCE_PROVIDER, pb.SOURCE_DEADLINE)


class Touch(StrEnum):
    """What fell during a call's life, up to its result."""

    HANDLER = "its Call Handler fell"
    ORCHESTRATOR = "an Orchestrator fell"
    DATABASE = "PostgreSQL fell"
    NONE = "untouched"


@dataclass(frozen=True, slots=True)
class Delay:
    """From the carrier's end of a call to the moment at which a watcher had its result."""

    call_id: str
    touch: Touch
    seconds: float
    """0 where the result was there before the carrier's last word."""
    counted_s: float
    """Of these, since the product was told the end and an Orchestrator and database stood."""
    is_told: bool
    """Whether a callback had told the end."""
    is_answered: bool


def limit_of(delay: Delay) -> float | None:
    """Return what a single call may take of the time that counts; None where p99 counts."""
    if delay.touch is Touch.NONE:
        return None
    return LIMIT_TOUCHED_S if delay.is_told else LIMIT_UNTOLD_S


def unconnected_percent(count: int) -> int:
    """Say which percentile of so many calls that nobody answered is judged."""
    return 99 if count >= LEAST_FOR_P99 else 90


def say_spans() -> str:
    """Say how the spans of these runs, and so their limits, are scaled."""
    return (
        f"spans are scaled: grace {SPANS['RINGBACK_GRACE_S']} s for "
        f"{CallTimings().grace_s:g} s, SETTLE {SPANS['RINGBACK_SETTLE_S']} s for "
        f"{CallTimings().settle_s:g} s; I10's 60 s are {60 * SCALE:g} s and {_AIR_S:g} s of air"
    )


def measure_delays(
    evidence: Evidence,
    calls: Mapping[str, CarrierCall],
    results: Mapping[str, pb.CallResult],
) -> list[Delay]:
    """Measure every call that the carrier ended and whose result was seen."""
    first_seen: dict[str, float] = {}
    for sighting in evidence.seen:
        first_seen.setdefault(sighting.call_id, sighting.at)
    delays = []
    for call_id, call in calls.items():
        seen_at, result = first_seen.get(call_id), results.get(call_id)
        if call.ended_at is None or seen_at is None or result is None:
            continue
        touch = touch_of(call, result, seen_at, evidence.falls)
        since = _counted_from(call, call.ended_at, seen_at, evidence.falls)
        delays.append(
            Delay(
                call_id,
                touch,
                seconds=max(0.0, seen_at - call.ended_at),
                counted_s=max(0.0, seen_at - since),
                is_told=call.end_told_at is not None,
                is_answered=call.is_answered,
            )
        )
    return delays


def touch_of(
    call: CarrierCall, result: pb.CallResult, seen_at: float, falls: Sequence[Fall]
) -> Touch:
    """Say what fell between the dial and the result."""
    hit = falls_within(call.created_at, max(seen_at, call.ended_at or 0.0), falls)
    # A call that nobody answered is the Orchestrator's: no Call Handler is needed for its result.
    if call.is_answered and any(fall.is_of_handler and served(fall, result) for fall in hit):
        return Touch.HANDLER
    if any(fall.is_of_orchestrator for fall in hit):
        return Touch.ORCHESTRATOR
    return Touch.DATABASE if any(fall.is_of_database for fall in hit) else Touch.NONE


def falls_within(begin: float, end: float, falls: Sequence[Fall]) -> list[Fall]:
    """List what was down at some time of a span."""
    return [fall for fall in falls if fall.at <= end and begin <= fall.back_at]


def served(fall: Fall, result: pb.CallResult) -> bool:
    """Say whether what fell held the call; when nobody can tell, it did."""
    _, _, pid = result.handler_instance.rpartition(":")
    if pid.isdecimal() and result.source not in _OF_THE_DEAD:
        return int(pid) in fall.pids
    return True


def percentile(values: Sequence[float], percent: int) -> float | None:
    """Return a percentile by nearest rank; None of nothing."""
    if not values:
        return None
    return sorted(values)[ceil(len(values) * percent / 100) - 1]


def p99_of(values: Sequence[float]) -> float | None:
    """Return the 99th percentile; None of too few values to have one."""
    return percentile(values, 99) if len(values) >= LEAST_FOR_P99 else None


def say_p99(seconds: Sequence[float]) -> str:
    """Say the 99th percentile, or the slowest where there are too few values; not of nothing."""
    p99_s = p99_of(seconds)
    if p99_s is None:
        return f"slowest of {len(seconds)} {max(seconds):.2f} s"
    return f"p99 {p99_s:.2f} s, slowest {max(seconds):.2f} s"


def _counted_from(
    call: CarrierCall, ended_at: float, seen_at: float, falls: Sequence[Fall]
) -> float:
    """Return from when on the result was the product's to give.

    A Call Handler that is away excuses nothing: the Orchestrator has to ask the carrier instead.
    """
    back = [
        fall.back_at
        for fall in falls_within(call.created_at, seen_at, falls)
        if fall.is_of_orchestrator or fall.is_of_database
    ]
    return max(ended_at, call.end_told_at or ended_at, *back)
