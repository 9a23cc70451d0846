"""The repetitions of a run: every case's figures, their medians, spreads and ratios. Pure."""

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


class NotMeasured(LookupError):
    """A case has no repetition with this figure."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A figure over its anchor's: the repetitions' own ratios, their median, lowest, highest."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f}x [{self.low:.2f}-{self.high:.2f}]"


@dataclass(slots=True)
class Repetitions:
    """Holds the figures of every case, one mapping per repetition, in order."""

    by_case: dict[str, list[dict[str, float]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, case: str, figures: Mapping[str, float]) -> int:
        """Keep one repetition; returns its number, from 0."""
        self.by_case[case].append(dict(figures))
        return len(self.by_case[case]) - 1

    def has(self, case: str, figure: str) -> bool:
        """Say whether a case was measured by this figure."""
        return any(figure in figures for figures in self.by_case.get(case, ()))

    def values(self, case: str, figure: str) -> list[float]:
        """Return a figure of a case by repetition. Raises: NotMeasured."""
        if not self.has(case, figure):
            raise NotMeasured(f"no repetition of {case!r} has {figure!r}")
        return [figures[figure] for figures in self.by_case[case] if figure in figures]

    def median(self, case: str, figure: str) -> float:
        """Return the median over the repetitions."""
        return statistics.median(self.values(case, figure))

    def spread(self, case: str, figure: str) -> tuple[float, float]:
        """Return the lowest and the highest."""
        values = self.values(case, figure)
        return min(values), max(values)

    def ratio(self, case: str, anchor: str, figure: str) -> Ratio:
        """Divide repetition by repetition: neighbours in time met the same machine."""
        return sum_up_ratios(self.values(case, figure), self.values(anchor, figure))

    def relative_spread(self, case: str, figure: str) -> float:
        """Say by which share the highest exceeds the lowest; infinite above a zero."""
        low, high = self.spread(case, figure)
        if low <= 0:
            return 0.0 if high <= 0 else float("inf")
        return high / low - 1


def sum_up_ratios(values: Sequence[float], anchors: Sequence[float]) -> Ratio:
    """Sum up the ratios of neighbours; an anchor of nothing gives infinity."""
    ratios = [
        value / anchor if anchor else float("inf")
        for value, anchor in zip(values, anchors, strict=False)
    ]
    return Ratio(statistics.median(ratios), min(ratios), max(ratios))
