"""Statements on the counters, the sequence of events among them, and time as the tables hold it."""

from sqlalchemy import Connection, bindparam, select, update

from foundation.clock import Clock
from orchestrator.store.inserting import insert_into
from orchestrator.store.prepared import Prepared
from orchestrator.store.schema import counter

EVENT_COUNTER = "event"

_READ = Prepared(select(counter.c.value).where(counter.c.name == bindparam("wanted")))
_SAVE = Prepared(update(counter).where(counter.c.name == bindparam("wanted")))


def clock_us(clock: Clock) -> int:
    """Return the clock's time in microseconds since the epoch."""
    return int(clock.now().timestamp() * 1_000_000)


def read_counter(connection: Connection, name: str) -> int:
    """Read a counter; one that nobody has counted yet is 0."""
    found = _READ.first(connection, {"wanted": name})
    return 0 if found is None else int(found[0])


def save_counter(connection: Connection, name: str, value: int) -> None:
    """Write a counter that exists."""
    _SAVE.run(connection, {"wanted": name, "value": value})


def add_to_counter(connection: Connection, name: str, amount: int = 1) -> None:
    """Count up, creating the counter if need be."""
    row = insert_into(connection, counter).values(name=name, value=amount)
    grown = {"value": counter.c.value + row.excluded.value}
    connection.execute(row.on_conflict_do_update(index_elements=["name"], set_=grown))
