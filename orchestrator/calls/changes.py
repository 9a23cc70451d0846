"""Writing what changed in a call: one place for columns, events, results and log lines."""

from dataclasses import replace
from enum import Enum

import structlog

from call_reporter.limits import fit_result
from orchestrator.call_results import CALLBACK, FETCHED, INTERNAL, receive_proto, record_in
from orchestrator.call_results.model import REPORT_BYTES
from orchestrator.store.calls import CallRow, Columns, update_call
from orchestrator.store.transaction import Transaction
from ringback.v1 import call_results_pb2 as pb

log = structlog.get_logger(__name__)


def change_call(tx: Transaction, row: CallRow, columns: Columns) -> CallRow:
    """Write the columns that differ; tell the watchers when the state, status or note moved."""
    changed = {name: value for name, value in columns.items() if getattr(row, name) != value}
    if not changed:
        return row
    update_call(tx, row.call_id, {name: _plain(value) for name, value in changed.items()})
    after = replace(row, **changed)  # type: ignore[arg-type] # names checked by getattr above
    if changed.keys() & {"state", "status", "note", "cancel_requested"}:
        tell_watchers(tx, after)
    return after


def tell_watchers(tx: Transaction, row: CallRow) -> None:
    """Add the event that shows how a call stands, and the log line once it is committed."""
    data = {
        "call_id": row.call_id,
        "state": row.state.value,
        "status": row.status,
        "attempt": row.attempt,
        "note": row.note,
        "cancel_requested": row.cancel_requested,
    }
    tx.add_event("call", task_id=row.task_id, call_id=row.call_id, data=data)
    tx.after_commit(lambda: _log_change(row))


def file_result(tx: Transaction, row: CallRow, result: pb.CallResult) -> None:
    """Record a result of our own making and let nobody look at the call again.

    It is cut to size first: the turns of a progress, or a handler's words, may hold more than a
    result, and a call whose result is refused would never be over.
    """
    said_by = result.report_id.partition(":")[0]
    transport = said_by if said_by in {CALLBACK, FETCHED} else INTERNAL
    fitted = fit_result(result, REPORT_BYTES)
    record_in(tx, receive_proto(fitted).report, transport=transport)
    update_call(tx, row.call_id, {"due_at": None})


def _log_change(row: CallRow) -> None:
    log.info(
        "call_changed",
        call_id=row.call_id,
        call_sid=row.call_sid,
        state=row.state.value,
        status=pb.CallStatus.Name(pb.CallStatus.ValueType(row.status)),
        attempt=row.attempt,
        note=row.note,
    )


def _plain(value: object) -> object:
    return value.value if isinstance(value, Enum) else value
