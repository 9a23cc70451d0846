"""Statements on reports and results, and on what a result changes in its call and task."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    Text,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from orchestrator.store.id_sets import is_among
from orchestrator.store.prepared import Prepared
from orchestrator.store.recordings import RecordingState
from orchestrator.store.row_sets import RowStatement
from orchestrator.store.schema import call, recording, report, result, task, turn
from ringback.v1 import call_results_pb2 as pb

Columns: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class KnownCall:
    """A call, and its result where it has one."""

    call_id: str
    task_id: str | None
    """None for external calls."""
    attempt: int
    origin: int
    state: str
    status: int
    call_sid: str | None
    """None until it is bound."""
    to_number: str
    from_number: str
    revision: int | None
    """None, like the next three, while there is no result."""
    record: bytes | None
    provenance: Mapping[str, object] | None
    recorded_at: int | None
    recording_url: str | None
    """Our page of the call's recording; None while the carrier has told of none."""
    has_last_word: bool
    """True when the carrier has said that it is over."""
    handler_instance: str
    """Whose agent holds it; empty until one told so."""


@dataclass(frozen=True, slots=True)
class KeptReport:
    """A report from the history, with what is needed to join it again."""

    report_id: str
    received_at: int
    report_time: int
    raw: bytes
    transport: str
    disposition: int
    override: bool


_WAS_RECORDED = (recording.c.call_id == call.c.call_id) & (
    recording.c.state == RecordingState.COMPLETED.value
)
_CALLS = select(
    call.c.call_id,
    call.c.task_id,
    call.c.attempt,
    call.c.origin,
    call.c.state,
    call.c.status,
    call.c.call_sid,
    call.c.to_number,
    call.c.from_number,
    result.c.revision,
    result.c.record,
    result.c.provenance,
    result.c.recorded_at,
    recording.c.url.label("recording_url"),
    call.c.provider.is_not(None).label("has_last_word"),
    call.c.handler_instance,
).select_from(
    call.outerjoin(result, result.c.call_id == call.c.call_id).outerjoin(recording, _WAS_RECORDED)
)
_CALLS_BY_ID = Prepared(_CALLS.where(is_among(call.c.call_id, "ids")))
_CALLS_BY_SID = Prepared(_CALLS.where(is_among(call.c.call_sid, "ids")))
_REPORTS = Prepared(
    select(report.c.call_id, report.c.report_id, report.c.disposition).where(
        is_among(report.c.call_id, "ids"),
        or_(
            is_among(report.c.report_id, "report_ids"),
            report.c.disposition == bindparam("orphan"),
        ),
    )
)
_HISTORY = Prepared(
    select(
        report.c.report_id,
        report.c.received_at,
        report.c.report_time,
        report.c.raw,
        report.c.transport,
        report.c.disposition,
        report.c.override,
    )
    .where(report.c.call_id == bindparam("wanted"))
    .order_by(report.c.received_at, report.c.report_id)
)
_INSERT_CALL = RowStatement(insert(call))
_INSERT_REPORT = RowStatement(insert(report))
_INSERT_RESULT = RowStatement(insert(result))
# The columns to set are those that the rows name beside `wanted`.
_UPDATE_RESULT = RowStatement(update(result).where(result.c.call_id == bindparam("wanted")))
_IS_UNKNOWN = bindparam("final_status", type_=Integer) == pb.CALL_STATUS_UNKNOWN
# The CallSid as this statement leaves it: the report itself may be the first to tell it.
_BOUND_SID = bindparam("bound_sid", type_=Text)
_HAS_NO_TIME = (
    _BOUND_SID.is_(None) | call.c.due_at.is_(None) | (call.c.origin != pb.CALL_ORIGIN_RINGBACK)
)
_FINISH_CALL = RowStatement(
    update(call)
    .where(call.c.call_id == bindparam("wanted"))
    .values(
        state="final",
        # The carrier's last word came before this result: the sweeper files it too, at once. Where
        # it is still to come a call of ours keeps its time, so that a lost callback is asked for;
        # where nobody knows how it ended, that is at once.
        due_at=case(
            (call.c.provider.is_not(None), bindparam("now_us")),
            (_HAS_NO_TIME, None),
            (_IS_UNKNOWN, bindparam("now_us")),
            else_=call.c.due_at,
        ),
        status=bindparam("final_status"),
        call_sid=_BOUND_SID,
        ended_at=func.coalesce(call.c.ended_at, bindparam("end_time", type_=BigInteger)),
    )
)
_FINISH_TASKS = Prepared(
    update(task)
    .where(is_among(task.c.task_id, "ids"), task.c.state == "calling")
    .values(state="done", updated_at=bindparam("now_us"))
    .returning(task.c.task_id, task.c.form)
)
_SET_DISPOSITION = Prepared(
    update(report).where(
        report.c.call_id == bindparam("of_call"), report.c.report_id == bindparam("wanted")
    )
)
# Give one call's reports and turns to another, without those that it has already.
_KEPT_REPORTS = select(report.c.report_id).where(report.c.call_id == bindparam("new_id"))
_KEPT_TURNS = select(turn.c.position).where(turn.c.call_id == bindparam("new_id"))
_MOVES = tuple(
    (
        Prepared(delete(table).where(table.c.call_id == bindparam("old_id"), key.in_(kept))),
        Prepared(
            update(table)
            .where(table.c.call_id == bindparam("old_id"))
            .values(call_id=bindparam("new_id"))
        ),
    )
    for table, key, kept in (
        (report, report.c.report_id, _KEPT_REPORTS),
        (turn, turn.c.position, _KEPT_TURNS),
    )
)
_DELETE_RESULT = Prepared(delete(result).where(result.c.call_id == bindparam("wanted")))
_DELETE_CALL = Prepared(delete(call).where(call.c.call_id == bindparam("wanted")))


def select_calls(connection: Connection, call_ids: Collection[str]) -> list[KnownCall]:
    """Select calls by our id."""
    return _select_calls(connection, _CALLS_BY_ID, call_ids)


def select_calls_by_sid(connection: Connection, call_sids: Collection[str]) -> list[KnownCall]:
    """Select calls by the carrier's id."""
    return _select_calls(connection, _CALLS_BY_SID, call_sids)


def _select_calls(
    connection: Connection, statement: Prepared, ids: Collection[str]
) -> list[KnownCall]:
    if not ids:
        return []
    return [KnownCall(*row) for row in statement.all(connection, {"ids": ids})]


def select_reports(
    connection: Connection, call_ids: Collection[str], report_ids: Collection[str], orphan: int
) -> list[tuple[str, str, int]]:
    """Select (call_id, report_id, disposition) of known reports and of all orphans."""
    if not call_ids:
        return []
    wanted = {"ids": call_ids, "report_ids": report_ids, "orphan": orphan}
    return [(row[0], row[1], row[2]) for row in _REPORTS.all(connection, wanted)]


def select_history(connection: Connection, call_id: str) -> list[KeptReport]:
    """Select all reports of a call in the order of their receipt."""
    return [KeptReport(*row) for row in _HISTORY.all(connection, {"wanted": call_id})]


def insert_calls(connection: Connection, rows: Sequence[Columns]) -> None:
    """Insert external calls."""
    _INSERT_CALL.run(connection, rows)


def insert_reports(connection: Connection, rows: Sequence[Columns]) -> None:
    """Append reports to the history."""
    _INSERT_REPORT.run(connection, rows)


def insert_results(connection: Connection, rows: Sequence[Columns]) -> None:
    """Insert first results; a second one for the same call breaks the primary key."""
    _INSERT_RESULT.run(connection, rows)


def update_results(connection: Connection, rows: Sequence[Columns]) -> None:
    """Replace results; each row names its call as `wanted`."""
    _UPDATE_RESULT.run(connection, rows)


def finish_calls(connection: Connection, rows: Sequence[Columns]) -> None:
    """Make calls final; each row names its call as `wanted`."""
    _FINISH_CALL.run(connection, rows)


def finish_tasks(
    connection: Connection, task_ids: Collection[str], now_us: int
) -> list[tuple[str, object]]:
    """Move tasks from calling to done; return (task_id, form) of those that moved."""
    if not task_ids:
        return []
    moved = _FINISH_TASKS.all(connection, {"ids": task_ids, "now_us": now_us})
    return [(row[0], row[1]) for row in moved]


def set_disposition(connection: Connection, call_id: str, report_id: str, number: int) -> None:
    """Note what became of a report that was an orphan."""
    values = {"of_call": call_id, "wanted": report_id, "disposition": number}
    _SET_DISPOSITION.run(connection, values)


def move_history(connection: Connection, old_id: str, new_id: str) -> None:
    """Give the reports and turns of one call to another; what that one has already stays."""
    for drop, move in _MOVES:
        drop.run(connection, {"old_id": old_id, "new_id": new_id})
        move.run(connection, {"old_id": old_id, "new_id": new_id})


def delete_call(connection: Connection, call_id: str) -> None:
    """Delete a call that became one with another, and its result."""
    _DELETE_RESULT.run(connection, {"wanted": call_id})
    _DELETE_CALL.run(connection, {"wanted": call_id})
