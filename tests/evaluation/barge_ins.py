"""How exact the truncation is: what the model was told was heard, against the carrier's playout."""

from collections.abc import Iterable
from dataclasses import dataclass

from tests.chaos.ledger_facts import Line

GOAL_MS = 40
"""The largest error that is allowed, in milliseconds of media."""
LEAST = 200
"""So many interruptions have to be measured."""


@dataclass(frozen=True, slots=True)
class BargeIns:
    """All interruptions of a run."""

    errors_ms: tuple[float, ...]
    """Of each truncation that was accepted: told minus played, smallest first."""
    rejected: int
    stale: int
    """Stretches of a sentence that was cut and went on playing."""

    @property
    def worst_ms(self) -> float:
        """The largest error, whichever way; 0 without any."""
        return max(map(abs, self.errors_ms), default=0.0)

    def percentile_ms(self, share: float) -> float:
        """Give the error that a share of the interruptions does not exceed."""
        ranked = sorted(map(abs, self.errors_ms))
        return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else 0.0

    def misses(self) -> list[str]:
        """List what is not as demanded."""
        found = []
        if len(self.errors_ms) < LEAST:
            found.append(f"only {len(self.errors_ms)} interruptions were measured, not {LEAST}")
        if self.worst_ms > GOAL_MS:
            found.append(f"a truncation was wrong by {self.worst_ms:.0f} ms, above {GOAL_MS}")
        if self.rejected:
            found.append(f"{self.rejected} truncations were rejected")
        if self.stale:
            found.append(f"{self.stale} stretches of cut sentences were played")
        return found


def measure_barge_ins(lines: Iterable[Line]) -> BargeIns:
    """Read the interruptions out of the sandbox's books.

    Sentences that were cut before their first sound do not count: nothing was heard of them, and
    nothing was said to be.
    """
    errors, rejected, stale = [], 0, 0
    for line in lines:
        if line["kind"] == "stale":
            stale += 1
        elif line["kind"] == "truncate":
            told_ms, played_ms = _number(line, "audio_end_ms"), _number(line, "played_ms")
            if not line["accepted"]:
                rejected += 1
            elif told_ms or played_ms:
                errors.append(told_ms - played_ms)
    return BargeIns(tuple(sorted(errors)), rejected, stale)


def _number(line: Line, name: str) -> float:
    value = line[name]
    assert isinstance(value, int | float), f"{name} of {line}"
    return float(value)
