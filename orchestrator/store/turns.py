"""Statements over the table `turn`: what was said in a call, as far as its handler has told."""

from sqlalchemy import Connection, bindparam, insert, select, update

from orchestrator.store.prepared import Prepared
from orchestrator.store.schema import turn as turns
from orchestrator.store.transaction import Transaction

_READ_TURNS = Prepared(
    select(turns.c.position, turns.c.data)
    .where(turns.c.call_id == bindparam("wanted"))
    .order_by(turns.c.position)
)
_UPDATE_TURN = Prepared(
    update(turns).where(
        turns.c.call_id == bindparam("wanted"), turns.c.position == bindparam("place")
    )
)
_INSERT_TURN = Prepared(insert(turns))


def read_turns(connection: Connection, call_id: str) -> dict[int, bytes]:
    """Read what was said so far: position -> serialised TranscriptTurn, in order."""
    found = _READ_TURNS.all(connection, {"wanted": call_id})
    return {position: bytes(data) for position, data in found}


def write_turn(tx: Transaction, call_id: str, position: int, data: bytes) -> None:
    """Write one turn of the conversation, in place of an earlier text of the same turn."""
    columns = {"data": data, "updated_at": tx.now_us}
    if _UPDATE_TURN.run(tx.connection, {"wanted": call_id, "place": position, **columns}) == 0:
        _INSERT_TURN.run(tx.connection, {"call_id": call_id, "position": position, **columns})
