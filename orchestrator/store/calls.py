"""Statements over the tables `call` and `turn`, and the row of a call as the rules see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TypeAlias

from sqlalchemy import Connection, bindparam, func, insert, or_, select, update

from orchestrator.store.id_sets import is_among
from orchestrator.store.ids import TOP_ID, mint_id
from orchestrator.store.prepared import Prepared, Row
from orchestrator.store.schema import call as calls
from orchestrator.store.schema import confirmation as confirmations
from orchestrator.store.transaction import Transaction
from ringback.v1 import call_results_pb2 as pb

Columns: TypeAlias = Mapping[str, object]


class CallState(StrEnum):
    """Ours: how far a call has come. The carrier's word is `CallRow.status`."""

    READY = "ready"
    DIALING = "dialing"
    WAITING = "waiting"
    FINAL = "final"


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call; times are microseconds since the epoch, UTC."""

    call_id: str
    # None for an external call.
    task_id: str | None
    attempt: int
    origin: int
    state: CallState
    status: int
    # None until the first answer, callback or stream tells it.
    call_sid: str | None
    to_number: str
    from_number: str
    # The confirmed order; None for an external call.
    order: Mapping[str, object] | None
    # When somebody must look; None when nobody has to.
    due_at: int | None
    # After this the call must not be dialled; None for an external call.
    not_after: int | None
    created_at: int
    # When the dial was ordered; None before, and again after a definite no.
    dial_at: int | None
    # None until the callee answered.
    answered_at: int | None
    ended_at: int | None
    # The media stream that holds the call; None before the claim.
    stream_nonce: str | None
    handler_instance: str
    cancel_requested: bool
    # How often the carrier was asked for this unknown dial and knew nothing.
    asked: int
    # When the ringing must be over; None before the first ring.
    ring_deadline_at: int | None
    # The carrier's last word on a call that is over; None before.
    provider: Mapping[str, object] | None
    # The first time that the carrier could not be asked; None while it answers.
    unreachable_since: int | None
    # Why the call waits or was sent back, for the person; None when all is well.
    note: str | None
    # Who answered, in the word of the carrier's detection; empty until it told.
    answered_by: str = ""
    # True when the dial asks the carrier to record the call.
    is_recorded: bool = False

    @property
    def is_claimed(self) -> bool:
        """Say whether a media stream holds the call."""
        return self.stream_nonce is not None

    @property
    def was_connected(self) -> bool:
        """Say whether somebody or something answered."""
        connected = (pb.CALL_STATUS_IN_PROGRESS, pb.CALL_STATUS_COMPLETED)
        return self.answered_at is not None or self.is_claimed or self.status in connected


_COLUMNS = tuple(calls.c[field.name] for field in fields(CallRow))

_CALLS = select(*_COLUMNS)
_BY_ID = _CALLS.where(calls.c.call_id == bindparam("wanted"))
_READ_BY_ID = Prepared(_BY_ID)
_LOCK_BY_ID = Prepared(_BY_ID.with_for_update())
_LOCK_BY_SID = Prepared(_CALLS.where(calls.c.call_sid == bindparam("wanted")).with_for_update())
_LOCK_NEWEST = Prepared(
    _CALLS.where(
        calls.c.task_id == bindparam("wanted"),
        calls.c.attempt
        == select(func.max(calls.c.attempt))
        .where(calls.c.task_id == bindparam("wanted"))
        .scalar_subquery(),
    ).with_for_update()
)
# The call that a confirm's key stands for.
_FIND_CONFIRMED = Prepared(
    _CALLS.where(
        calls.c.call_id
        == select(confirmations.c.call_id)
        .where(
            confirmations.c.task_id == bindparam("wanted"),
            confirmations.c.key == bindparam("pressed"),
        )
        .scalar_subquery()
    )
)
_LIST_EARLIER = Prepared(
    _CALLS.where(
        calls.c.task_id == bindparam("wanted"), calls.c.attempt < bindparam("attempt_of_this")
    ).order_by(calls.c.attempt.desc())
)
# Written so that the index on due_at answers it.
_LIST_OPEN = Prepared(_CALLS.where(calls.c.due_at > 0))
_LIST_DUE = Prepared(
    _CALLS.where(calls.c.due_at <= bindparam("now_us"))
    .order_by(calls.c.due_at)
    .limit(bindparam("most"))
)
_LIST_NEWEST = Prepared(
    _CALLS.where(calls.c.call_id < bindparam("below"))
    .order_by(calls.c.call_id.desc())
    .limit(bindparam("most"))
)
_INSERT_CALL = Prepared(insert(calls))
_INSERT_CONFIRMATION = Prepared(insert(confirmations))
_UPDATE_CALL = Prepared(update(calls).where(calls.c.call_id == bindparam("wanted")))
_CLAIM_READY = Prepared(
    update(calls).where(
        calls.c.call_id == bindparam("wanted"),
        calls.c.state == CallState.READY.value,
        calls.c.due_at <= bindparam("now_us"),
        calls.c.not_after > bindparam("now_us"),
    )
)
_TAKE_DUE = Prepared(
    update(calls).where(
        calls.c.call_id == bindparam("wanted"), calls.c.due_at == bindparam("seen_due_at")
    )
)
_CLAIM_STREAM = Prepared(
    update(calls).where(
        calls.c.call_id == bindparam("wanted"),
        or_(calls.c.call_sid.is_(None), calls.c.call_sid == bindparam("wanted_sid")),
        or_(calls.c.stream_nonce.is_(None), calls.c.stream_nonce == bindparam("wanted_nonce")),
    )
)
_STATE = [column.name for column in _COLUMNS].index("state")
_IS_OURS = calls.c.origin == pb.CALL_ORIGIN_RINGBACK
_OUR_SIDS = Prepared(select(calls.c.call_sid).where(is_among(calls.c.call_sid, "ids"), _IS_OURS))


def _row(found: Row) -> CallRow:
    values = list(found)
    values[_STATE] = CallState(values[_STATE])
    return CallRow(*values)


def _find(connection: Connection, query: Prepared, **values: str) -> CallRow | None:
    found = query.first(connection, values)
    return None if found is None else _row(found)


def read_call(connection: Connection, call_id: str) -> CallRow | None:
    """Read one call without a lock."""
    return _find(connection, _READ_BY_ID, wanted=call_id)


def list_earlier_calls(connection: Connection, row: CallRow) -> list[CallRow]:
    """List the calls of the same task before this one, the last of them first."""
    if row.attempt <= 1:
        return []
    values = {"wanted": row.task_id, "attempt_of_this": row.attempt}
    return [_row(found) for found in _LIST_EARLIER.all(connection, values)]


def lock_call(tx: Transaction, call_id: str) -> CallRow | None:
    """Read one call and hold it against other writers until the commit."""
    return _find(tx.connection, _LOCK_BY_ID, wanted=call_id)


def lock_call_by_sid(tx: Transaction, call_sid: str) -> CallRow | None:
    """Read the call that the carrier knows as `call_sid` and hold it until the commit."""
    return _find(tx.connection, _LOCK_BY_SID, wanted=call_sid)


def lock_newest_call(tx: Transaction, task_id: str) -> CallRow | None:
    """Read the last attempt of a task and hold it until the commit."""
    return _find(tx.connection, _LOCK_NEWEST, wanted=task_id)


def find_confirmed_call(tx: Transaction, task_id: str, key: str) -> CallRow | None:
    """Find the call that an earlier confirm with the same key made or met."""
    return _find(tx.connection, _FIND_CONFIRMED, wanted=task_id, pressed=key)


def insert_confirmation(tx: Transaction, task_id: str, key: str, call_id: str) -> None:
    """Insert which call a confirm's key stands for."""
    _INSERT_CONFIRMATION.run(tx.connection, {"task_id": task_id, "key": key, "call_id": call_id})


def insert_call(tx: Transaction, columns: Columns) -> None:
    """Insert a call; the unique keys refuse a second one of the same attempt."""
    _INSERT_CALL.run(tx.connection, columns)
    tx.note_due(columns.get("due_at"))


def insert_external_call(
    tx: Transaction, call_sid: str, status: int, to_number: str = "", from_number: str = ""
) -> str:
    """Insert the call of somebody else's agent, known from now on; answer its new call_id."""
    call_id = mint_id(tx.now_us)
    columns = {
        "call_id": call_id,
        "attempt": 0,
        "origin": pb.CALL_ORIGIN_EXTERNAL,
        "state": CallState.WAITING.value,
        "status": status,
        "call_sid": call_sid,
        "to_number": to_number,
        "from_number": from_number,
        "created_at": tx.now_us,
    }
    insert_call(tx, columns)
    return call_id


def update_call(tx: Transaction, call_id: str, columns: Columns) -> None:
    """Write some columns of a call whose row is held."""
    _UPDATE_CALL.run(tx.connection, {"wanted": call_id, **columns})
    tx.note_due(columns.get("due_at"))


def claim_ready_call(
    tx: Transaction, call_id: str, settle_at: int, *, is_recorded: bool = False
) -> bool:
    """Move one call from ready to dialing; False when another sweeper was faster."""
    values = {
        "wanted": call_id,
        "now_us": tx.now_us,
        "state": CallState.DIALING.value,
        "dial_at": tx.now_us,
        "due_at": settle_at,
        "is_recorded": is_recorded,
    }
    return _CLAIM_READY.run(tx.connection, values) == 1


def take_due_call(tx: Transaction, call_id: str, seen_due_at: int, lease_us: int) -> int | None:
    """Put a due call off while one sweeper looks at it.

    Returns: until when; None when another was faster.
    """
    values = {"wanted": call_id, "seen_due_at": seen_due_at, "due_at": tx.now_us + lease_us}
    return tx.now_us + lease_us if _TAKE_DUE.run(tx.connection, values) else None


def claim_stream(tx: Transaction, call_id: str, call_sid: str, nonce: str) -> bool:
    """Give a call to one telephone call and one media stream; False when another holds it."""
    values = {
        "wanted": call_id,
        "wanted_sid": call_sid,
        "wanted_nonce": nonce,
        "call_sid": call_sid,
        "stream_nonce": nonce,
    }
    return _CLAIM_STREAM.run(tx.connection, values) == 1


def list_due_calls(connection: Connection, now_us: int, limit: int) -> list[CallRow]:
    """List the calls whose time has come, the longest overdue first."""
    wanted = {"now_us": now_us, "most": limit}
    return [_row(row) for row in _LIST_DUE.all(connection, wanted)]


def list_newest_calls(connection: Connection, limit: int, below: str = "") -> list[CallRow]:
    """List calls of all tasks and origins, newest first; `below`: the last one of a page."""
    found = _LIST_NEWEST.all(connection, {"below": below or TOP_ID, "most": limit})
    return [_row(row) for row in found]


def list_open_calls(connection: Connection) -> list[CallRow]:
    """List every call that somebody must still look at, for a clock that jumped."""
    return [_row(found) for found in _LIST_OPEN.all(connection, {})]


def list_our_sids(connection: Connection, call_sids: Sequence[str]) -> set[str]:
    """List those of `call_sids` that already belong to a call of ours.

    Not those of external calls: one may be an unknown dial that was heard of without our id.
    """
    return {sid for (sid,) in _OUR_SIDS.all(connection, {"ids": call_sids})}
