"""Finds the highest number of calls that a system still holds, on a ladder of numbers. Pure."""

from dataclasses import dataclass, field

LADDER = (
    *(5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60, 70, 80, 90, 100),
    *(115, 130, 150, 175, 200, 225, 250, 275, 300, 350, 400),
)
"""Steps of 10 to 15 percent where systems end: no figure is finer than that."""
_STRIDE = 2


@dataclass(slots=True)
class Search:
    """Knows which numbers were held and which were not; says what to try next."""

    first: int
    """Where it begins, whatever was noted of smaller numbers; a number of the ladder."""
    held: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)

    @property
    def calls(self) -> int:
        """Return the highest number that was held below every failure, 0 when none was."""
        end = min(self.failed, default=LADDER[-1] + 1)
        return max((calls for calls in self.held if calls < end), default=0)

    @property
    def next_calls(self) -> int:
        """Return the number to try next, 0 when the end is found."""
        if self.first not in self.held and not any(calls <= self.first for calls in self.failed):
            return self.first
        low = LADDER.index(self.calls) if self.calls else -1
        if not self.failed:
            return LADDER[min(low + _STRIDE, len(LADDER) - 1)] if self.calls < LADDER[-1] else 0
        high = LADDER.index(min(self.failed))
        if high - low <= 1:
            return 0
        if high - low > 2 * _STRIDE:  # it began near the end: halves would lead far away from it
            return LADDER[high - _STRIDE]
        return LADDER[max((low + high) // 2, low + 1)]

    def note(self, calls: int, *, is_held: bool) -> None:
        """Note what came of a try."""
        (self.held if is_held else self.failed).add(calls)
