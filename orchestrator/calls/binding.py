"""Binding the carrier's id to ours: once, and for good."""

from orchestrator.calls.changes import change_call
from orchestrator.errors import NotAllowed
from orchestrator.store.calls import CallRow, lock_call_by_sid
from orchestrator.store.transaction import Transaction


def bind_sid(tx: Transaction, row: CallRow, call_sid: str) -> CallRow:
    """Bind `call_sid` to a call, or see that it is bound already.

    Raises: NotAllowed when either of the two belongs to another.
    """
    if row.call_sid == call_sid:
        return row
    if row.call_sid is not None:
        raise NotAllowed("this call belongs to another telephone call")
    other = lock_call_by_sid(tx, call_sid)
    if other is not None:
        raise NotAllowed("this telephone call belongs to another call")
    return change_call(tx, row, {"call_sid": call_sid})
