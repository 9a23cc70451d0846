"""Whether a goal is met: the rule, and when there is none because the anchor was unsteady. Pure."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.goals import Goal, say_amount

SPREAD_MAX = 0.25
LOAD_MAX = 0.85


class Judgement(StrEnum):
    """What can be said of a goal."""

    MET = "met"
    SHORT = "falls short"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks against judging: the anchor's repetitions and spread, the load's core, errors.

    `anchor`: "" for a goal that needs none. `load`: the highest share of its core, 0 when unknown.
    """

    anchor: str = ""
    repetitions: int = 0
    spread: float = 0.0
    load: float = 0.0
    errors: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """One goal as judged; `reason` says why it was not. `measured` is None without a figure."""

    goal: Goal
    measured: float | None
    judgement: Judgement
    reason: str = ""

    def say(self) -> str:
        """Write it as a line: `goal 1/64  >= 0.90x  0.93x  met`."""
        measured = "-" if self.measured is None else say_amount(self.measured, self.goal.unit)
        end = f"{self.judgement}: {self.reason}" if self.reason else str(self.judgement)
        return f"goal {self.goal.id:<15} {self.goal.say_limit():>15} {measured:>15}  {end}"


def judge(goal: Goal, measured: float, evidence: Evidence) -> Verdict:
    """Judge a measured value, unless something speaks against judging at all."""
    doubt = "; ".join(_doubts(measured, evidence))
    if doubt:
        return Verdict(goal, measured, Judgement.NOT_JUDGED, doubt)
    is_met = goal.is_met_by(measured)
    return Verdict(goal, measured, Judgement.MET if is_met else Judgement.SHORT)


def _doubts(measured: float, evidence: Evidence) -> Iterable[str]:
    if math.isnan(measured):
        yield "nothing was measured"
    if evidence.anchor and evidence.repetitions < 2:  # noqa: PLR2004 - one shows no spread
        yield f"one repetition of {evidence.anchor} shows no spread"
    if evidence.spread > SPREAD_MAX:
        yield f"the anchor's spread is {evidence.spread:.0%} ({evidence.anchor})"
    if evidence.load > LOAD_MAX:
        yield f"the load generator used {evidence.load:.0%} of its core"
    if evidence.errors:
        yield f"{evidence.errors:g} errors"
