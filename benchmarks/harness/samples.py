"""Quantiles of many samples."""

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Holds what is told of a distribution, in the unit of its samples; `n` is their number."""

    p50: float
    p90: float
    p99: float
    worst: float
    n: int


def quantiles(values: Iterable[float]) -> Quantiles:
    """Sum up samples by nearest rank. Raises: ValueError without any."""
    ranked = sorted(values)
    if not ranked:
        raise ValueError("no samples: nothing was measured")

    def at(share: float) -> float:
        return ranked[math.ceil(share * len(ranked)) - 1]

    return Quantiles(at(0.5), at(0.9), at(0.99), ranked[-1], len(ranked))
