"""What the judge looks at: database, outboxes, the carrier's ledger, and what people were told."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ringback.v1 import call_results_pb2 as pb
from tests.simulation.carrier import Carrier
from tests.simulation.legs import Leg
from tests.simulation.virtual_time import EPOCH
from tests.simulation.world import World


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken promise."""

    promise: str
    what: str
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What the database says of one call."""

    call_id: str
    origin: int
    state: str
    call_sid: str | None
    due_at: int | None
    to_number: str


@dataclass(slots=True)
class Evidence:
    """All that is looked at."""

    world: World
    carrier: Carrier
    database: sqlite3.Connection
    outboxes: Mapping[str, sqlite3.Connection]
    calls: dict[str, CallFacts] = field(default_factory=dict)
    results: dict[str, pb.CallResult] = field(default_factory=dict)
    # call_id -> when its first result was recorded, virtual seconds.
    recorded_s: dict[str, float] = field(default_factory=dict)
    reports: set[tuple[str, str]] = field(default_factory=set)
    # (kind, call_id, data) in the order of the commits.
    events: list[tuple[str, str, dict[str, object]]] = field(default_factory=list)

    def read(self) -> None:
        """Read the database once."""
        calls = "SELECT call_id, origin, state, call_sid, due_at, to_number FROM call"
        self.calls = {row[0]: CallFacts(*row) for row in self.database.execute(calls)}
        results = "SELECT call_id, record, recorded_at FROM result"
        for call_id, record, recorded_at in self.database.execute(results):
            self.results[call_id] = pb.CallResult.FromString(record)
            self.recorded_s[call_id] = recorded_at / 1_000_000 - EPOCH.timestamp()
        self.reports = set(self.database.execute("SELECT call_id, report_id FROM report"))
        events = "SELECT kind, call_id, data FROM event WHERE call_id IS NOT NULL ORDER BY seq"
        self.events = [
            (kind, call_id, json.loads(data))
            for kind, call_id, data in self.database.execute(events)
        ]

    def leg_of(self, call_id: str) -> Leg | None:
        """Find the telephone call that a call is bound to; None without one."""
        call = self.calls.get(call_id)
        return None if call is None else self.carrier.legs.get(call.call_sid or "")

    def living_outboxes(self) -> Iterator[tuple[str, sqlite3.Connection]]:
        """List the outboxes whose process lives in the end."""
        for name, outbox in self.outboxes.items():
            if self.world.parts[name].process.is_alive:
                yield name, outbox
