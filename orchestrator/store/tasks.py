"""Statements over the tables `task` and `message`, and what a page shows of a task's calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from sqlalchemy import Connection, bindparam, func, insert, select, update

from orchestrator.store.id_sets import is_among
from orchestrator.store.ids import mint_id
from orchestrator.store.prepared import Prepared
from orchestrator.store.schema import call as calls
from orchestrator.store.schema import message as messages
from orchestrator.store.schema import result as results
from orchestrator.store.schema import task as tasks
from orchestrator.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task; times are microseconds since the epoch, UTC."""

    task_id: str
    state: str
    errand: str
    form: Mapping[str, object]
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message of a conversation; `role` is "person" or "assistant"."""

    message_id: int
    role: str
    text: str
    created_at: int


_INSERT_TASK = Prepared(insert(tasks))
_READ_TASK = Prepared(
    select(*(tasks.c[field.name] for field in fields(TaskRow))).where(
        tasks.c.task_id == bindparam("wanted")
    )
)
_LOCK_STATE = Prepared(
    select(tasks.c.state).where(tasks.c.task_id == bindparam("wanted")).with_for_update()
)
_UPDATE_TASK = Prepared(update(tasks).where(tasks.c.task_id == bindparam("wanted")))
_UPDATE_SEEN = Prepared(
    update(tasks).where(
        tasks.c.task_id == bindparam("wanted"),
        tasks.c.state == bindparam("seen_state"),
        tasks.c.updated_at == bindparam("seen_at"),
    )
)
_ADD_MESSAGE = Prepared(insert(messages).returning(messages.c.message_id))
_LIST_MESSAGES = Prepared(
    select(*(messages.c[field.name] for field in fields(MessageRow)))
    .where(messages.c.task_id == bindparam("wanted"))
    .order_by(messages.c.message_id)
)
_LIST_CALL_IDS = Prepared(
    select(calls.c.call_id).where(calls.c.task_id == bindparam("wanted")).order_by(calls.c.attempt)
)
# Counts the messages of one task, of which there are some hundreds at most.
_COUNT_MESSAGES = Prepared(
    select(func.count()).select_from(messages).where(messages.c.task_id == bindparam("wanted"))
)
_READ_RECORDS = Prepared(
    select(results.c.call_id, results.c.record).where(is_among(results.c.call_id, "ids"))
)


def insert_task(tx: Transaction, state: str, errand: str, form: Mapping[str, object]) -> str:
    """Add a task; return its id."""
    task_id = mint_id(tx.now_us)
    columns = {"state": state, "errand": errand, "form": dict(form)}
    times = {"created_at": tx.now_us, "updated_at": tx.now_us}
    _INSERT_TASK.run(tx.connection, {"task_id": task_id, **columns, **times})
    return task_id


def read_task(connection: Connection, task_id: str) -> TaskRow | None:
    """Read one task; None when there is none of that id."""
    found = _READ_TASK.first(connection, {"wanted": task_id})
    return None if found is None else TaskRow(*found)


def lock_task_state(tx: Transaction, task_id: str) -> str | None:
    """Read the state of a task and hold it until the commit; None when there is no such task."""
    found = _LOCK_STATE.first(tx.connection, {"wanted": task_id})
    return None if found is None else found[0]


def move_task_to_calling(tx: Transaction, task_id: str) -> None:
    """Write that a task now waits for its call."""
    values = {"wanted": task_id, "state": "calling", "updated_at": tx.now_us}
    _UPDATE_TASK.run(tx.connection, values)


def update_task(
    tx: Transaction, seen: TaskRow, state: str, errand: str, form: Mapping[str, object]
) -> bool:
    """Write how an errand stands if the task is still as it was `seen`; say whether it was."""
    values = {
        "wanted": seen.task_id,
        "seen_state": seen.state,
        "seen_at": seen.updated_at,
        "state": state,
        "errand": errand,
        "form": dict(form),
        "updated_at": max(tx.now_us, seen.updated_at + 1),
    }
    return _UPDATE_SEEN.run(tx.connection, values) == 1


def add_message(tx: Transaction, task_id: str, role: str, text: str) -> int:
    """Add a message and its event; return the message's id."""
    columns = {"task_id": task_id, "role": role, "text": text, "created_at": tx.now_us}
    added = _ADD_MESSAGE.first(tx.connection, columns)
    message_id = int(added[0]) if added is not None else 0
    data = {"message_id": message_id, "role": role, "text": text, "created_at": tx.now_us}
    tx.add_event("message", task_id=task_id, data=data)
    return message_id


def list_messages(connection: Connection, task_id: str) -> list[MessageRow]:
    """List a task's messages, oldest first."""
    return [MessageRow(*row) for row in _LIST_MESSAGES.all(connection, {"wanted": task_id})]


def count_messages(connection: Connection, task_id: str) -> int:
    """Count a task's messages."""
    (row,) = _COUNT_MESSAGES.all(connection, {"wanted": task_id})
    return int(row[0])


def list_call_ids(connection: Connection, task_id: str) -> list[str]:
    """List the ids of a task's calls, the first attempt first."""
    return [call_id for (call_id,) in _LIST_CALL_IDS.all(connection, {"wanted": task_id})]


def read_result_records(connection: Connection, call_ids: Sequence[str]) -> dict[str, bytes]:
    """Read the newest results of these calls: call_id -> serialised CallResult."""
    found = _READ_RECORDS.all(connection, {"ids": call_ids})
    return {call_id: bytes(record) for call_id, record in found}
