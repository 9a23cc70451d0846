"""Statements that erase what is too old, a few rows at a time.

Each step looks at the next rows in the order of their keys, erases those of them that are over, and
says how far it came. What is over: a conversation that waits for nothing and whose calls are all
over; a call that is final, that nobody must look at any more, and whose result has long not
changed. A conversation goes with its calls, an external call by itself. The list of those who must
not be called and the counters are never touched.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import BigInteger, Connection, and_, bindparam, delete, exists, not_, select
from sqlalchemy import literal_column as literally

from orchestrator.store.counters import add_to_counter, read_counter
from orchestrator.store.id_sets import is_among
from orchestrator.store.ids import first_id
from orchestrator.store.prepared import Prepared
from orchestrator.store.row_sets import RowStatement
from orchestrator.store.schema import (
    call,
    confirmation,
    event,
    message,
    question,
    recording,
    report,
    result,
    task,
    turn,
)
from orchestrator.store.transaction import Transaction

FORGOTTEN = "forgotten_results"
"""Counts the events up to which results may be erased: who has not seen that far missed some."""


@dataclass(frozen=True, slots=True)
class Step:
    """Holds how far a step came, and how much it erased."""

    reached: str
    """The last key that was looked at; empty when none is left."""
    erased: int


# A step: the key to go on behind, what is older than this (microseconds), how many rows to look at.
TakeStep: TypeAlias = Callable[[Transaction, str, int, int], Step]

_CUTOFF = bindparam("cutoff_us", type_=BigInteger)
_IS_OLD = exists().where(result.c.call_id == call.c.call_id, result.c.updated_at < _CUTOFF)
_IS_CALL_OVER = and_(call.c.state == "final", call.c.due_at.is_(None), _IS_OLD)
_HAS_OPEN_CALL = exists().where(call.c.task_id == task.c.task_id, not_(_IS_CALL_OVER))
_IS_TASK_OVER = and_(task.c.state != "calling", task.c.updated_at < _CUTOFF, not_(_HAS_OPEN_CALL))
# Looks at the next conversations that began before the time in `first`.
_TASKS = Prepared(
    select(task.c.task_id, _IS_TASK_OVER)
    .where(task.c.task_id > bindparam("after"), task.c.task_id < bindparam("first"))
    .order_by(task.c.task_id)
    .limit(bindparam("most"))
)
# Looks at the next calls that were made before the time in `first`.
_CALLS = Prepared(
    select(call.c.call_id, and_(call.c.task_id.is_(None), _IS_CALL_OVER))
    .where(call.c.call_id > bindparam("after"), call.c.call_id < bindparam("first"))
    .order_by(call.c.call_id)
    .limit(bindparam("most"))
)
# Looks at the oldest reports of calls that were never made here; in the words of their index.
_ORPHANS = Prepared(
    select(report.c.call_id, report.c.report_id)
    .where(report.c.disposition == literally("5"), report.c.received_at < _CUTOFF)
    .order_by(report.c.received_at)
    .limit(bindparam("most"))
)
# Looks at the next events.
_EVENTS = Prepared(
    select(
        event.c.seq,
        event.c.at < _CUTOFF,
        and_(call.c.call_id.is_(None), task.c.task_id.is_(None)),
    )
    .select_from(
        event.outerjoin(call, call.c.call_id == event.c.call_id).outerjoin(
            task, task.c.task_id == event.c.task_id
        )
    )
    .where(event.c.seq > bindparam("after"))
    .order_by(event.c.seq)
    .limit(bindparam("most"))
)
# Reads the next events of results, in the words of their index.
_RESULT_TIMES = Prepared(
    select(event.c.seq, event.c.at)
    .where(event.c.kind == literally("'result'"), event.c.seq > bindparam("after"))
    .order_by(event.c.seq)
    .limit(bindparam("most"))
)
_CALLS_OF_TASKS = Prepared(select(call.c.call_id).where(is_among(call.c.task_id, "ids")))
_OF_CALLS = tuple(
    Prepared(delete(table).where(is_among(table.c.call_id, "ids")))
    for table in (turn, question, recording, report, result, call)
)
_OF_TASKS = tuple(
    Prepared(delete(table).where(is_among(table.c.task_id, "ids")))
    for table in (message, confirmation, task)
)
_ORPHAN = RowStatement(
    delete(report).where(
        report.c.call_id == bindparam("of_call"), report.c.report_id == bindparam("wanted")
    )
)
_EVENT = RowStatement(delete(event).where(event.c.seq == bindparam("wanted")))


def erase_tasks(tx: Transaction, after: str, cutoff_us: int, most: int) -> Step:
    """Erase conversations that are over, with their calls and all that is known of these."""
    wanted = {"after": after, "first": first_id(cutoff_us), "cutoff_us": cutoff_us, "most": most}
    found = _TASKS.all(tx.connection, wanted)
    over = {"ids": [task_id for task_id, is_over in found if is_over]}
    if over["ids"]:
        _erase_calls(tx, [row[0] for row in _CALLS_OF_TASKS.all(tx.connection, over)])
        for statement in _OF_TASKS:
            statement.run(tx.connection, over)
    return Step(found[-1][0] if len(found) == most else "", len(over["ids"]))


def erase_external_calls(tx: Transaction, after: str, cutoff_us: int, most: int) -> Step:
    """Erase calls of somebody else's agents that are over, with all that is known of them."""
    wanted = {"after": after, "first": first_id(cutoff_us), "cutoff_us": cutoff_us, "most": most}
    found = _CALLS.all(tx.connection, wanted)
    over = [call_id for call_id, is_over in found if is_over]
    _erase_calls(tx, over)
    return Step(found[-1][0] if len(found) == most else "", len(over))


def erase_orphans(tx: Transaction, _after: str, cutoff_us: int, most: int) -> Step:
    """Erase reports of calls that were never made here, or were erased; the oldest first."""
    found = _ORPHANS.all(tx.connection, {"cutoff_us": cutoff_us, "most": most})
    keys = [{"of_call": call_id, "wanted": report_id} for call_id, report_id in found]
    _ORPHAN.run(tx.connection, keys)
    return Step("oldest" if len(found) == most else "", len(found))


def erase_events(tx: Transaction, after: str, cutoff_us: int, most: int) -> Step:
    """Erase events whose call and conversation are gone; ends where none is old enough."""
    wanted = {"after": int(after or 0), "cutoff_us": cutoff_us, "most": most}
    found = _EVENTS.all(tx.connection, wanted)
    gone = [{"wanted": seq} for seq, is_old, is_gone in found if is_old and is_gone]
    _EVENT.run(tx.connection, gone)
    is_end = len(found) < most or not any(is_old for _, is_old, _ in found)
    return Step("" if is_end else str(found[-1][0]), len(gone))


def find_newest_old_result(
    connection: Connection, after: int, cutoff_us: int, most: int
) -> tuple[int, bool]:
    """Find the newest old event of a result among the next ones.

    Returns: its number, `after` when there is none; and whether the ones behind may be old, too.
    """
    found = _RESULT_TIMES.all(connection, {"after": after, "most": most})
    old = [seq for seq, at_us in found if at_us < cutoff_us]
    return max(old, default=after), len(old) == most


def read_forgotten(connection: Connection) -> int:
    """Read up to which event results may be erased."""
    return read_counter(connection, FORGOTTEN)


def note_forgotten(tx: Transaction, seq: int) -> None:
    """Note up to which event results may be erased from now on; it never falls."""
    more = seq - read_forgotten(tx.connection)
    if more > 0:
        add_to_counter(tx.connection, FORGOTTEN, more)


def _erase_calls(tx: Transaction, call_ids: Sequence[str]) -> None:
    if call_ids:
        for statement in _OF_CALLS:
            statement.run(tx.connection, {"ids": call_ids})
