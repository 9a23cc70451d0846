"""What a unit of work sees inside the writer's transaction."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, insert

from orchestrator.store import schema
from orchestrator.store.row_sets import RowStatement

# Appends to the global sequence.
_INSERT_EVENTS = RowStatement(insert(schema.event))


@dataclass(slots=True)
class Numbers:
    """Counts events and stamps inside one group."""

    event: int
    """The newest event's number."""
    stamp_us: int
    """The newest stamp; never falls, even when the clock does."""


@dataclass(slots=True)
class Transaction:
    """Holds the open transaction of one unit; lives until the unit returns."""

    connection: Connection
    now_us: int
    """`store.now()` of this transaction, microseconds since the epoch."""
    numbers: Numbers
    topics: set[str] = field(default_factory=set)
    """What the events of this unit are about; see `store.arrivals`."""
    is_due: bool = False
    """True when the unit leaves a call whose time has come: somebody must look."""
    _events: list[dict[str, object]] = field(default_factory=list)
    _after_commit: list[Callable[[], None]] = field(default_factory=list)

    def add_event(
        self,
        kind: str,
        *,
        task_id: str | None = None,
        call_id: str | None = None,
        data: Mapping[str, object],
    ) -> int:
        """Append one event to the global sequence; it shows with the commit.

        Returns: its number. The sequence is in commit order, because the group holds the counter
        from its start.
        """
        self.numbers.event += 1
        self.topics.add(kind)
        if task_id is not None:
            self.topics |= {task_id, topic_of_tasks(kind)}
        self._events.append(
            {
                "seq": self.numbers.event,
                "at": self.now_us,
                "kind": kind,
                "task_id": task_id,
                "call_id": call_id,
                "data": dict(data),
            }
        )
        return self.numbers.event

    def note_due(self, due_at: object) -> None:
        """Take note of when a call is due from now on, microseconds; None: not, or as before."""
        if isinstance(due_at, int) and due_at <= self.now_us:
            self.is_due = True

    def stamp(self) -> int:
        """Return a time in microseconds that is later than every stamp before it."""
        self.numbers.stamp_us = max(self.numbers.stamp_us + 1, self.now_us)
        return self.numbers.stamp_us

    def after_commit(self, action: Callable[[], None]) -> None:
        """Have `action` called on the event loop once this unit is committed."""
        self._after_commit.append(action)

    def finish(self) -> list[Callable[[], None]]:
        """Write the events of this unit; return what is to be done after the commit."""
        _INSERT_EVENTS.run(self.connection, self._events)
        return self._after_commit


def topic_of_tasks(kind: str) -> str:
    """Name the topic of the events of one kind that belong to a task."""
    return f"{kind} of a task"
