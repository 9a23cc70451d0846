"""What a few words may mean, taken apart so that two meanings can be compared."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """What a few words may mean.

    `sort`: what it can be compared with, such as "money" or "span"; `written`: the normal form;
    `parts`: the meaning, each part by its name. A part that was not said is not there: "half past
    six" has a minute, and no half of the day.
    """

    sort: str
    written: str
    parts: tuple[tuple[str, int | str], ...]

    def agrees_with(self, other: "Reading") -> bool:
        """Say whether both may mean the same: they share a part and differ in none."""
        shared = self._shared(other)
        return bool(shared) and all(mine == theirs for mine, theirs in shared)

    def contradicts(self, other: "Reading") -> bool:
        """Say whether they differ in a part that both have."""
        return any(mine != theirs for mine, theirs in self._shared(other))

    def _shared(self, other: "Reading") -> list[tuple[int | str, int | str]]:
        theirs = dict(other.parts) if other.sort == self.sort else {}
        return [(value, theirs[name]) for name, value in self.parts if name in theirs]


@dataclass(frozen=True, slots=True)
class Mention:
    """The words from `start` to before `end` and what they may mean, the likeliest first.

    `is_plain` is False for a bare number, which only its surroundings make a value.
    """

    start: int
    end: int
    readings: tuple[Reading, ...]
    is_plain: bool = True

    def agrees_with(self, reading: Reading) -> bool:
        """Say whether this may mean the same."""
        return any(each.agrees_with(reading) for each in self.readings)

    def contradicts(self, reading: Reading) -> bool:
        """Say whether this can mean another value of the same sort."""
        return any(each.contradicts(reading) for each in self.readings)
