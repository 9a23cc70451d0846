"""Statements over the table `event`: the one sequence that pages and followers resume from."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, literal_column, select, update

from orchestrator.store.counters import EVENT_COUNTER, read_counter
from orchestrator.store.prepared import Prepared
from orchestrator.store.schema import counter as counters
from orchestrator.store.schema import event as events
from orchestrator.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event; `seq` numbers all events in the order of their commits."""

    seq: int
    kind: str
    task_id: str | None
    call_id: str | None
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Place:
    """A follower's place in the sequence: the last event that it has seen."""

    seq: int
    # When that event was committed, microseconds: after a fail-over that lost it another event may
    # have its number. None before the first event, and where nobody kept it.
    at_us: int | None = None


# Reads the times of the events with these numbers.
_TIMES = Prepared(
    select(events.c.seq, events.c.at).where(
        events.c.seq.in_((bindparam("seen"), bindparam("newest")))
    )
)
_EVENTS = select(
    events.c.seq, events.c.kind, events.c.task_id, events.c.call_id, events.c.data
).where(events.c.seq > bindparam("after"))
# Lists the events of one task.
_OF_TASK = Prepared(
    _EVENTS.where(events.c.task_id == bindparam("wanted"))
    .order_by(events.c.seq)
    .limit(bindparam("most"))
)
# Lists the new results of calls that a conversation made; in the words of the index of these.
_TO_TELL = Prepared(
    _EVENTS.where(events.c.kind == literal_column("'result'"), events.c.task_id.is_not(None))
    .order_by(events.c.seq)
    .limit(bindparam("most"))
)
# Reads when the newest event was added.
_NEWEST_TIME = Prepared(
    select(events.c.at).where(events.c.seq > 0).order_by(events.c.seq.desc()).limit(1)
)


def read_newest_time(connection: Connection) -> int | None:
    """Read when the newest event was added, microseconds; None before the first."""
    newest = _NEWEST_TIME.first(connection, {})
    return None if newest is None else int(newest[0])


def find_newest_place(connection: Connection, seen: Place) -> Place | None:
    """Find the newest event's place; None when the event at `seen` is not there any more."""
    newest = read_counter(connection, EVENT_COUNTER)
    rows = _TIMES.all(connection, {"seen": seen.seq, "newest": newest})
    times: dict[int, int] = {row[0]: row[1] for row in rows}
    at_us = times.get(seen.seq)
    is_another = seen.at_us is not None and at_us is not None and at_us != seen.at_us
    if newest < seen.seq or is_another:
        return None
    return Place(newest, times.get(newest))


def list_task_events(
    connection: Connection, task_id: str, after: int, limit: int
) -> list[EventRow]:
    """List a task's events after a number, oldest first."""
    wanted = {"wanted": task_id, "after": after, "most": limit}
    return [EventRow(*row) for row in _OF_TASK.all(connection, wanted)]


def list_results_to_tell(connection: Connection, after: int, limit: int) -> list[EventRow]:
    """List new results and revisions of conversations' calls after a number, oldest first."""
    rows = _TO_TELL.all(connection, {"after": after, "most": limit})
    return [EventRow(*row) for row in rows]


def advance_cursor(tx: Transaction, name: str, seen: int, reached: int) -> bool:
    """Move a follower's cursor from `seen` on; say whether nobody else had moved it."""
    is_seen = (counters.c.name == name) & (counters.c.value == seen)
    moved = tx.connection.execute(update(counters).where(is_seen).values(value=reached)).rowcount
    if moved or seen:
        return moved == 1
    taken = tx.connection.execute(select(counters.c.value).where(counters.c.name == name)).first()
    if taken is None:
        tx.connection.execute(insert(counters).values(name=name, value=reached))
    return taken is None
