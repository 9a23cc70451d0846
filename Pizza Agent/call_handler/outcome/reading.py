"""One meaning of some words, in normal form."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """What a few words may mean.

    `key`: sort and value, equal for equal meanings, such as "span:20"; `written`: the normal form.
    """

    key: str
    written: str

    @property
    def sort(self) -> str:
        """Give what can be compared with it: money, span, clock or number."""
        return self.key.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Mention:
    """The words from `start` to before `end` and what they may mean, the likeliest first.

    `is_plain` is False for a bare number, which only its surroundings make a value.
    """

    start: int
    end: int
    readings: tuple[Reading, ...]
    is_plain: bool = True

    def means(self, key: str) -> bool:
        """Say whether this is one of the meanings."""
        return any(reading.key == key for reading in self.readings)
