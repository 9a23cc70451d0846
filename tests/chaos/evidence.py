"""What a run leaves behind for the judge: the orders, the carrier's books, the API's answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ringback.v1 import call_results_pb2 as pb
from tests.chaos.ledger_facts import Line


@dataclass(frozen=True, slots=True)
class Ordered:
    """One call that a person confirmed and was promised."""

    call_id: str
    scenario: str
    number: str
    confirmed_at: float
    """When the promise came, seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One result as a watcher got it."""

    call_id: str
    revision: int
    at: float
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Fall:
    """One fault on purpose: what fell, and when all of it stood again."""

    kind: str
    names: tuple[str, ...]
    pids: tuple[int, ...]
    at: float
    """Seconds since the epoch, as in the ledger."""
    back_at: float

    @property
    def is_of_handler(self) -> bool:
        """Whether a Call Handler fell."""
        return any(name.startswith("handler") for name in self.names)

    @property
    def is_of_orchestrator(self) -> bool:
        """Whether an Orchestrator fell."""
        return any(name.startswith("orchestrator") for name in self.names)

    @property
    def is_of_database(self) -> bool:
        """Whether PostgreSQL fell."""
        return "postgres" in self.names


@dataclass(slots=True)
class Evidence:
    """All that the judge may look at. The product's tables are not among it."""

    ordered: Mapping[str, Ordered]
    """By call_id."""
    ledger: Sequence[Line]
    listed: Mapping[str, Sequence[pb.CallResult]]
    """What ListResults gave, page after page, by replica."""
    fetched: Mapping[str, pb.CallResult | None]
    """What GetResult gave for each call_id ordered; None where it found nothing."""
    seen: Sequence[Sighting]
    """What the watcher got that held its stream, over all breaks, during the whole run."""
    replayed: Sequence[Sighting]
    """What a watcher got that began with the first result after the run."""
    falls: Sequence[Fall] = field(default_factory=tuple)
    refusals: Sequence[str] = ()
    """Errands that were not taken although they were complete."""
    leaks: Sequence[str] = ()
    """What the product's logs tell that they must not, a sentence each."""
    slowness: float = 1.0
    """How many times as long as alone the machine took for the same work during the run."""
