"""What one stage of `make chaos` is given, and what it hands back."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Context:
    """What a stage works with."""

    seed: int
    """Decides everything that is random: the same seed repeats the stage."""
    is_quick: bool
    """True for `make chaos QUICK=1`."""
    folder: Path
    """The stage's own; it stays when there is a violation."""
    progress: Callable[[int, int, str], None]
    """Tells how much is done, of how much, and what is going on."""

    def pick(self, quick: int, full: int) -> int:
        """Return the size of the quick or of the full run."""
        return quick if self.is_quick else full

    def dice(self, name: str) -> random.Random:
        """Return a source of chance that only the seed and `name` decide."""
        return random.Random(f"{self.seed} {name}")  # noqa: S311 - repeatable, not secret


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise."""

    what: str
    """A sentence: which promise, which call."""
    history: tuple[str, ...] = ()
    """All that is known of the call, a line each, in the order in which it happened."""


@dataclass(frozen=True, slots=True)
class KillRow:
    """One line of the final table: what one kind of kill did to how many calls."""

    kind: str
    database: str
    kills: int
    calls: int
    """Calls placed according to the carrier's ledger."""
    results: int
    missing: int = 0
    doubled: int = 0
    phantom: int = 0
    dialled_twice: int = 0
    slowest_s: float | None = None
    """From the carrier's end of the call to its result; None where no call was placed."""
    p99_s: float | None = None
    """Of the same; None of fewer than 100 calls."""


@dataclass(slots=True)
class StageReport:
    """What a stage found."""

    rows: list[KillRow] = field(default_factory=list)
    figures: dict[str, str] = field(default_factory=dict)
    """Other counts and times, by name."""
    violations: list[Violation] = field(default_factory=list)
    skipped: str = ""
    """Why the stage could not run; empty when it ran."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One part of the run."""

    name: str
    """As `ONLY=` takes it."""
    title: str
    run: Callable[[Context], Awaitable[StageReport]]
    is_in_quick: bool = True
    is_background: bool = False
    """True for what only takes the time that the others leave over: nobody waits for it."""
    company: str = ""
    """Neighbours of one company run at the same time; without one a stage runs alone."""
