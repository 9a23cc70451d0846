"""Statements over the table `opted_out`: numbers whose owner asked not to be called again."""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, select

from orchestrator.store.inserting import insert_into
from orchestrator.store.prepared import Prepared
from orchestrator.store.schema import opted_out
from orchestrator.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class OptOut:
    """One number that is not to be called."""

    # E.164, as it was called.
    number: str
    # The call in which they asked for it.
    call_id: str
    # Microseconds since the epoch, UTC.
    opted_out_at: int


_OPT_OUTS = select(opted_out.c.number, opted_out.c.call_id, opted_out.c.opted_out_at)
# Finds one number, compared whole: never by its end.
_BY_NUMBER = Prepared(_OPT_OUTS.where(opted_out.c.number == bindparam("wanted")))
# Lists the newest, along their index.
_NEWEST = Prepared(
    _OPT_OUTS.order_by(opted_out.c.opted_out_at.desc(), opted_out.c.number.desc())
    .where(opted_out.c.opted_out_at > 0)
    .limit(bindparam("most"))
)
_REMOVE = Prepared(delete(opted_out).where(opted_out.c.number == bindparam("wanted")))


def find_opt_out(connection: Connection, number: str) -> OptOut | None:
    """Find a number on the list; None when it may be called."""
    found = _BY_NUMBER.first(connection, {"wanted": number})
    return None if found is None else OptOut(*found)


def list_opt_outs(connection: Connection, limit: int) -> list[OptOut]:
    """List the numbers, the newest first."""
    return [OptOut(*row) for row in _NEWEST.all(connection, {"most": limit})]


def add_opt_out(tx: Transaction, number: str, call_id: str) -> None:
    """Put a number on the list; one that stands there keeps its first call and time."""
    row = insert_into(tx.connection, opted_out).values(
        number=number, call_id=call_id, opted_out_at=tx.now_us
    )
    tx.connection.execute(row.on_conflict_do_nothing(index_elements=["number"]))


def remove_opt_out(tx: Transaction, number: str) -> bool:
    """Take a number off the list; return whether it stood there."""
    return _REMOVE.run(tx.connection, {"wanted": number}) == 1
