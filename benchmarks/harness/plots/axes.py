"""Scales and their ticks: linear from zero, or logarithmic where the values span decades. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_DECADES_FOR_LOG = 30.0
_THOUSAND, _MILLION = 1000, 1_000_000


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps values onto px; `ticks` are the values to be marked."""

    ticks: tuple[float, ...]
    low: float
    high: float
    start_px: float
    end_px: float
    is_log: bool = False

    def at(self, value: float) -> float:
        """Return where a value lies, px."""
        if self.is_log:
            share = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start_px + share * (self.end_px - self.start_px)


def scale_from_zero(highest: float, start_px: float, end_px: float, ticks: int = 5) -> Scale:
    """Build a linear scale from 0 to a round value above the highest."""
    step = nice_step((highest or 1.0) / ticks)
    count = math.ceil((highest or 1.0) / step - 1e-9)
    marks = tuple(step * at for at in range(count + 1))
    return Scale(marks, 0.0, marks[-1], start_px, end_px)


def scale_of(values: Sequence[float], start_px: float, end_px: float) -> Scale:
    """Build the scale of a foot: logarithmic over decades, else from zero; ticks at the values."""
    marks = tuple(sorted(set(values)))
    low, high = marks[0], marks[-1]
    if low > 0 and high / low >= _DECADES_FOR_LOG:
        return Scale(marks, low, high, start_px, end_px, is_log=True)
    highest = high or 1.0
    return Scale(marks, 0.0, highest, start_px, end_px)


def nice_step(rough: float) -> float:
    """Return the next step of 1, 2, 2.5, 5 x 10^n that is not below."""
    power: float = 10.0 ** math.floor(math.log10(rough))
    return power * next(step for step in _STEPS if step >= rough / power - 1e-9)


def say_tick(value: float) -> str:
    """Write a tick shortly: 1M, 25k, 0.5."""
    if abs(value) >= _MILLION:
        return f"{value / _MILLION:g}M"
    if abs(value) >= 10 * _THOUSAND:
        return f"{value / _THOUSAND:g}k"
    return f"{value:,.10g}"
