"""Binding the carrier's id to ours: once, and for good."""

from orchestrator.call_results import absorb_external
from orchestrator.calls.changes import change_call
from orchestrator.errors import NotAllowed
from orchestrator.store.calls import CallRow, lock_call, lock_call_by_sid
from orchestrator.store.transaction import Transaction
from ringback.v1 import call_results_pb2 as pb


def bind_sid(tx: Transaction, row: CallRow, call_sid: str) -> CallRow:
    """Bind `call_sid` to a call, or see that it is bound already.

    Raises: NotAllowed when either of the two belongs to another.
    """
    if row.call_sid == call_sid:
        return row
    if row.call_sid is not None:
        raise NotAllowed("this call belongs to another telephone call")
    other = lock_call_by_sid(tx, call_sid)
    if other is not None and other.origin != pb.CALL_ORIGIN_EXTERNAL:
        raise NotAllowed("this telephone call belongs to another call")
    if other is not None:
        absorb_external(tx, row.call_id, call_sid)  # it turned out to be ours
        row = lock_call(tx, row.call_id) or row
    return change_call(tx, row, {"call_sid": call_sid})
