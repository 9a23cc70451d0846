"""Statements over the table `turn`: what was said in a call, as far as its handler has told."""

from sqlalchemy import Connection, bindparam, func, insert, select, update

from orchestrator.store.prepared import Prepared
from orchestrator.store.schema import turn as turns
from orchestrator.store.transaction import Transaction

_READ_TURNS = Prepared(
    select(turns.c.position, turns.c.data)
    .where(turns.c.call_id == bindparam("wanted"), turns.c.position >= bindparam("since"))
    .order_by(turns.c.position)
)
_COUNT_TURNS = Prepared(
    select(func.count()).select_from(turns).where(turns.c.call_id == bindparam("wanted"))
)
_UPDATE_TURN = Prepared(
    update(turns).where(
        turns.c.call_id == bindparam("wanted"), turns.c.position == bindparam("place")
    )
)
_INSERT_TURN = Prepared(insert(turns))


def read_turns(connection: Connection, call_id: str, since: int = 0) -> dict[int, bytes]:
    """Read what was said from a position on: position -> serialised TranscriptTurn, in order."""
    found = _READ_TURNS.all(connection, {"wanted": call_id, "since": since})
    return {position: bytes(data) for position, data in found}


def count_turns(connection: Connection, call_id: str) -> int:
    """Count the turns told so far; their positions have no gaps."""
    row = _COUNT_TURNS.first(connection, {"wanted": call_id})
    return 0 if row is None else int(row[0])


def write_turn(
    tx: Transaction, call_id: str, position: int, data: bytes, *, is_known: bool
) -> None:
    """Write one turn of the conversation, in place of an earlier text of it when it is known."""
    columns = {"data": data, "updated_at": tx.now_us}
    if is_known:
        _UPDATE_TURN.run(tx.connection, {"wanted": call_id, "place": position, **columns})
    else:
        _INSERT_TURN.run(tx.connection, {"call_id": call_id, "position": position, **columns})
