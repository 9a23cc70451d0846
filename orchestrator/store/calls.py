"""Statements over the tables `call` and `turn`, and the row of a call as the rules see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TypeAlias

from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)

from orchestrator.store.ids import mint_id
from orchestrator.store.schema import call as calls
from orchestrator.store.schema import confirmation as confirmations
from orchestrator.store.schema import task as tasks
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


# Written so that the index on due_at answers it.
_IS_OPEN = calls.c.due_at > 0
_COLUMNS = tuple(calls.c[field.name] for field in fields(CallRow))

# Built once: with so many columns the building costs more than the answer.
_CALLS = select(*_COLUMNS)
# Reads one call by our id.
_CALL_BY_ID = _CALLS.where(calls.c.call_id == bindparam("wanted"))
# Reads and holds one call by our id.
_LOCKED_BY_ID = _CALL_BY_ID.with_for_update()
# Reads and holds one call by the carrier's id.
_LOCKED_BY_SID = _CALLS.where(calls.c.call_sid == bindparam("wanted")).with_for_update()
# Reads and holds the last attempt of a task.
_LOCKED_NEWEST = _CALLS.where(
    calls.c.task_id == bindparam("wanted"),
    calls.c.attempt
    == select(func.max(calls.c.attempt))
    .where(calls.c.task_id == bindparam("wanted"))
    .scalar_subquery(),
).with_for_update()
# Reads the call that a confirm's key stands for.
_CONFIRMED_CALL = _CALLS.where(
    calls.c.call_id
    == select(confirmations.c.call_id)
    .where(
        confirmations.c.task_id == bindparam("wanted"), confirmations.c.key == bindparam("pressed")
    )
    .scalar_subquery()
)
# Lists the calls whose time has come.
_DUE_CALLS = (
    _CALLS.where(calls.c.due_at <= bindparam("now_us"))
    .order_by(calls.c.due_at)
    .limit(bindparam("most"))
)
# Writes the columns that the values name beside `wanted`.
_UPDATE_CALL = update(calls).where(calls.c.call_id == bindparam("wanted"))


def _row(found: RowMapping) -> CallRow:
    values = dict(found)
    values["state"] = CallState(values["state"])
    values["to_number"] = values["to_number"] or ""
    values["from_number"] = values["from_number"] or ""
    values["handler_instance"] = values["handler_instance"] or ""
    return CallRow(**values)


def _find(
    connection: Connection, query: Select[tuple[object, ...]], values: Mapping[str, object]
) -> CallRow | None:
    found = connection.execute(query, dict(values)).mappings().first()
    return None if found is None else _row(found)


def read_call(connection: Connection, call_id: str) -> CallRow | None:
    """Read one call without a lock."""
    return _find(connection, _CALL_BY_ID, {"wanted": call_id})


def list_earlier_calls(connection: Connection, row: CallRow) -> list[CallRow]:
    """List the calls of the same task before this one, the last of them first."""
    if row.attempt <= 1:
        return []
    earlier = (calls.c.task_id == row.task_id) & (calls.c.attempt < row.attempt)
    query = select(*_COLUMNS).where(earlier).order_by(calls.c.attempt.desc())
    return [_row(found) for found in connection.execute(query).mappings()]


def lock_call(tx: Transaction, call_id: str) -> CallRow | None:
    """Read one call and hold it against other writers until the commit."""
    return _find(tx.connection, _LOCKED_BY_ID, {"wanted": call_id})


def lock_call_by_sid(tx: Transaction, call_sid: str) -> CallRow | None:
    """Read the call that the carrier knows as `call_sid` and hold it until the commit."""
    return _find(tx.connection, _LOCKED_BY_SID, {"wanted": call_sid})


def lock_newest_call(tx: Transaction, task_id: str) -> CallRow | None:
    """Read the last attempt of a task and hold it until the commit."""
    return _find(tx.connection, _LOCKED_NEWEST, {"wanted": task_id})


def find_confirmed_call(tx: Transaction, task_id: str, key: str) -> CallRow | None:
    """Find the call that an earlier confirm with the same key made or met."""
    return _find(tx.connection, _CONFIRMED_CALL, {"wanted": task_id, "pressed": key})


def insert_confirmation(tx: Transaction, task_id: str, key: str, call_id: str) -> None:
    """Insert which call a confirm's key stands for."""
    columns = {"task_id": task_id, "key": key, "call_id": call_id}
    tx.connection.execute(insert(confirmations), [columns])


def insert_call(tx: Transaction, columns: Columns) -> None:
    """Insert a call; the unique keys refuse a second one of the same attempt."""
    tx.connection.execute(insert(calls), [dict(columns)])


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
        "cancel_requested": False,
        "asked": 0,
        "handler_instance": "",
    }
    insert_call(tx, columns)
    return call_id


def update_call(tx: Transaction, call_id: str, columns: Columns) -> None:
    """Write some columns of a call whose row is held."""
    tx.connection.execute(_UPDATE_CALL, {"wanted": call_id, **columns})


def claim_ready_call(
    tx: Transaction, call_id: str, settle_at: int, *, is_recorded: bool = False
) -> bool:
    """Move one call from ready to dialing; False when another sweeper was faster."""
    condition = (calls.c.call_id == call_id) & (calls.c.state == CallState.READY.value)
    fresh = condition & (calls.c.due_at <= tx.now_us) & (calls.c.not_after > tx.now_us)
    values = {
        "state": CallState.DIALING.value,
        "dial_at": tx.now_us,
        "due_at": settle_at,
        "is_recorded": is_recorded,
    }
    return tx.connection.execute(update(calls).where(fresh).values(**values)).rowcount == 1


def take_due_call(tx: Transaction, call_id: str, seen_due_at: int, lease_us: int) -> int | None:
    """Put a due call off while one sweeper looks at it.

    Returns: until when; None when another was faster.
    """
    condition = (calls.c.call_id == call_id) & (calls.c.due_at == seen_due_at)
    held_until = tx.now_us + lease_us
    taken = tx.connection.execute(update(calls).where(condition).values(due_at=held_until)).rowcount
    return held_until if taken else None


def claim_stream(tx: Transaction, call_id: str, call_sid: str, nonce: str) -> bool:
    """Give a call to one telephone call and one media stream; False when another holds it."""
    same_call = or_(calls.c.call_sid.is_(None), calls.c.call_sid == call_sid)
    same_stream = or_(calls.c.stream_nonce.is_(None), calls.c.stream_nonce == nonce)
    condition = (calls.c.call_id == call_id) & same_call & same_stream
    statement = update(calls).where(condition).values(call_sid=call_sid, stream_nonce=nonce)
    return tx.connection.execute(statement).rowcount == 1


def list_due_calls(connection: Connection, now_us: int, limit: int) -> list[CallRow]:
    """List the calls whose time has come, the longest overdue first."""
    found = connection.execute(_DUE_CALLS, {"now_us": now_us, "most": limit})
    return [_row(row) for row in found.mappings()]


def list_open_calls(connection: Connection) -> list[CallRow]:
    """List every call that somebody must still look at, for a clock that jumped."""
    query = select(*_COLUMNS).where(_IS_OPEN)
    return [_row(found) for found in connection.execute(query).mappings()]


def list_our_sids(connection: Connection, call_sids: Sequence[str]) -> set[str]:
    """List those of `call_sids` that already belong to a call of ours.

    Not those of external calls: one may be an unknown dial that was heard of without our id.
    """
    is_ours = calls.c.origin == pb.CALL_ORIGIN_RINGBACK
    query = select(calls.c.call_sid).where(calls.c.call_sid.in_(call_sids), is_ours)
    return {sid for (sid,) in connection.execute(query) if sid is not None}


def lock_task_state(tx: Transaction, task_id: str) -> str | None:
    """Read the state of a task and hold it until the commit; None when there is no such task."""
    query = select(tasks.c.state).where(tasks.c.task_id == task_id).with_for_update()
    state: str | None = tx.connection.execute(query).scalar_one_or_none()
    return state


def move_task_to_calling(tx: Transaction, task_id: str) -> None:
    """Write that a task now waits for its call."""
    values = {"state": "calling", "updated_at": tx.now_us}
    tx.connection.execute(update(tasks).where(tasks.c.task_id == task_id).values(**values))
