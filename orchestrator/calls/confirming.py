"""Confirm: the person's yes becomes one call, committed before anything is dialled."""

from dataclasses import dataclass

from orchestrator.calls.changes import tell_watchers
from orchestrator.calls.orders import CallOrder, to_column
from orchestrator.calls.timings import CallTimings, micros
from orchestrator.errors import NotFound
from orchestrator.store import Store
from orchestrator.store.calls import (
    CallRow,
    CallState,
    Columns,
    find_confirmed_call,
    insert_call,
    insert_confirmation,
    lock_call,
    lock_newest_call,
)
from orchestrator.store.ids import mint_id
from orchestrator.store.tasks import lock_task_state, move_task_to_calling
from orchestrator.store.transaction import Transaction
from ringback.v1 import call_results_pb2 as pb


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The call that a confirm stands for."""

    call_id: str
    attempt: int
    # False when an earlier confirm had made it.
    is_new: bool


async def confirm_task(
    store: Store, task_id: str, key: str | None, order: CallOrder, timings: CallTimings
) -> Confirmed:
    """Confirm a task and return after the commit; confirming twice is one call.

    Raises: NotFound for an unknown task, StoreUnavailable.
    """
    return await store.write(lambda tx: confirm_in(tx, task_id, key, order, timings))


def confirm_in(
    tx: Transaction, task_id: str, key: str | None, order: CallOrder, timings: CallTimings
) -> Confirmed:
    """Do the same inside a unit of the caller.

    The same key is the same call. A call that is not over answers every confirm, and the key that
    met it stands for it from then on: its late retry dials nothing. After the call is over a new
    key is a new attempt; without a key only a task that is being confirmed again.
    """
    state = lock_task_state(tx, task_id)
    if state is None:
        raise NotFound(f"there is no task {task_id}")
    newest = lock_newest_call(tx, task_id)
    earlier = find_confirmed_call(tx, task_id, key) if key else None
    if earlier is not None:
        return Confirmed(earlier.call_id, earlier.attempt, is_new=False)
    may_repeat = bool(key) or state == "confirming"
    is_new = newest is None or (newest.state is CallState.FINAL and may_repeat)
    met = _make_call(tx, task_id, newest, order, timings) if newest is None or is_new else newest
    if key:
        insert_confirmation(tx, task_id, key, met.call_id)
    return Confirmed(met.call_id, met.attempt, is_new=is_new)


def _make_call(
    tx: Transaction, task_id: str, newest: CallRow | None, order: CallOrder, timings: CallTimings
) -> CallRow:
    """Insert the next attempt and let its task wait for it."""
    attempt = 1 if newest is None else newest.attempt + 1
    columns = _ready_columns(tx, order, timings)
    row = _insert(tx, {**columns, "task_id": task_id, "attempt": attempt})
    move_task_to_calling(tx, task_id)
    tx.add_event("task", task_id=task_id, data={"state": "calling"})
    tell_watchers(tx, row)
    return row


def _ready_columns(tx: Transaction, order: CallOrder, timings: CallTimings) -> dict[str, object]:
    return {
        "call_id": mint_id(tx.now_us),
        "origin": pb.CALL_ORIGIN_RINGBACK,
        "state": CallState.READY.value,
        "to_number": order.to_number,
        "order": to_column(order),
        "due_at": tx.now_us,
        "not_after": tx.now_us + micros(timings.not_after_s),
        "created_at": tx.now_us,
    }


def _insert(tx: Transaction, columns: Columns) -> CallRow:
    insert_call(tx, columns)
    row = lock_call(tx, str(columns["call_id"]))
    if row is None:  # pragma: no cover - inserted in this very transaction
        raise NotFound("the call that was just made is gone")
    return row
