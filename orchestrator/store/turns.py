"""Statements over the table `turn`: what was said in a call, as far as its handler has told."""

from sqlalchemy import Connection, bindparam, insert, select, update

from orchestrator.store.schema import turn as turns
from orchestrator.store.transaction import Transaction

# Reads what was said in a call, in order.
_TURNS = (
    select(turns.c.position, turns.c.data)
    .where(turns.c.call_id == bindparam("wanted"))
    .order_by(turns.c.position)
)
# Replaces the text of a turn.
_UPDATE_TURN = (
    update(turns)
    .where(turns.c.call_id == bindparam("wanted"), turns.c.position == bindparam("place"))
    .values(data=bindparam("new_data"), updated_at=bindparam("now_us"))
)
# Adds a turn.
_INSERT_TURN = insert(turns)


def read_turns(connection: Connection, call_id: str) -> dict[int, bytes]:
    """Read what was said so far: position -> serialised TranscriptTurn, in order."""
    found = connection.execute(_TURNS, {"wanted": call_id})
    return {position: bytes(data) for position, data in found}


def write_turn(tx: Transaction, call_id: str, position: int, data: bytes) -> None:
    """Write one turn of the conversation, in place of an earlier text of the same turn."""
    change = {"wanted": call_id, "place": position, "new_data": data, "now_us": tx.now_us}
    if tx.connection.execute(_UPDATE_TURN, change).rowcount == 0:
        columns = {"call_id": call_id, "position": position, "data": data}
        tx.connection.execute(_INSERT_TURN, [{**columns, "updated_at": tx.now_us}])
