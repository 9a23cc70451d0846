"""Cancel, in each state of a call: always allowed, never an error when it is just over."""

from dataclasses import dataclass

from orchestrator.calls.changes import change_call, file_result
from orchestrator.calls.timings import CallTimings, micros
from orchestrator.calls.verdicts import canceled_before_dial
from orchestrator.errors import NotFound
from orchestrator.store import Store
from orchestrator.store.calls import CallRow, CallState, lock_call
from orchestrator.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Cancelled:
    """How a call stands after the person asked to cancel it."""

    call_id: str
    # final: it is over, now or before.
    state: CallState


async def cancel_call(store: Store, call_id: str, timings: CallTimings) -> Cancelled:
    """Ask that a call ends, and return after the commit.

    Raises: NotFound, StoreUnavailable.
    """
    return await store.write(lambda tx: cancel_in(tx, call_id, timings))


def cancel_in(tx: Transaction, call_id: str, timings: CallTimings) -> Cancelled:
    """Do the same inside a unit of the caller."""
    row = lock_call(tx, call_id)
    if row is None:
        raise NotFound(f"there is no call {call_id}")
    match row.state:
        case CallState.READY:
            file_result(tx, row, canceled_before_dial(row))
            return Cancelled(call_id, CallState.FINAL)
        case CallState.DIALING | CallState.WAITING:
            change_call(tx, row, _requested(row, tx.now_us, timings))
        case CallState.FINAL:
            pass  # just over: the true outcome stands
    return Cancelled(call_id, row.state)


def _requested(row: CallRow, now_us: int, timings: CallTimings) -> dict[str, object]:
    columns: dict[str, object] = {"cancel_requested": True}
    if row.cancel_requested or row.provider is not None:
        return columns
    if row.state is CallState.DIALING and row.call_sid is None:
        return columns  # nobody knows where it rings; whoever binds it looks at once
    if row.is_claimed:
        columns["due_at"] = now_us + micros(timings.cancel_s)  # the agent says goodbye first
    else:
        columns["due_at"] = now_us
    return columns
