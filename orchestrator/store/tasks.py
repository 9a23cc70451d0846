"""Statements over the tables `task` and `message`, and what a page shows of a task's calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update

from orchestrator.store.ids import mint_id
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


def insert_task(tx: Transaction, state: str, errand: str, form: Mapping[str, object]) -> str:
    """Add a task; return its id."""
    task_id = mint_id(tx.now_us)
    columns = {"state": state, "errand": errand, "form": dict(form)}
    times = {"created_at": tx.now_us, "updated_at": tx.now_us}
    tx.connection.execute(insert(tasks), [{"task_id": task_id, **columns, **times}])
    return task_id


def read_task(connection: Connection, task_id: str) -> TaskRow | None:
    """Read one task; None when there is none of that id."""
    found = connection.execute(select(tasks).where(tasks.c.task_id == task_id)).mappings().first()
    return None if found is None else TaskRow(**found)


def update_task(
    tx: Transaction, seen: TaskRow, state: str, errand: str, form: Mapping[str, object]
) -> bool:
    """Write how an errand stands if the task is still as it was `seen`; say whether it was."""
    is_seen = (
        (tasks.c.task_id == seen.task_id)
        & (tasks.c.state == seen.state)
        & (tasks.c.updated_at == seen.updated_at)
    )
    later = max(tx.now_us, seen.updated_at + 1)
    values = {"state": state, "errand": errand, "form": dict(form), "updated_at": later}
    return tx.connection.execute(update(tasks).where(is_seen).values(**values)).rowcount == 1


def add_message(tx: Transaction, task_id: str, role: str, text: str) -> int:
    """Add a message and its event; return the message's id."""
    columns = {"task_id": task_id, "role": role, "text": text, "created_at": tx.now_us}
    added = tx.connection.execute(
        insert(messages).values(**columns).returning(messages.c.message_id)
    )
    message_id = int(added.scalar_one())
    data = {"message_id": message_id, "role": role, "text": text, "created_at": tx.now_us}
    tx.add_event("message", task_id=task_id, data=data)
    return message_id


def list_messages(connection: Connection, task_id: str) -> list[MessageRow]:
    """List a task's messages, oldest first."""
    query = select(
        messages.c.message_id, messages.c.role, messages.c.text, messages.c.created_at
    ).where(messages.c.task_id == task_id)
    found = connection.execute(query.order_by(messages.c.message_id)).mappings()
    return [MessageRow(**row) for row in found]


def count_messages(connection: Connection, task_id: str) -> int:
    """Count a task's messages."""
    query = select(func.count()).select_from(messages).where(messages.c.task_id == task_id)
    return int(connection.execute(query).scalar_one())


def list_call_ids(connection: Connection, task_id: str) -> list[str]:
    """List the ids of a task's calls, the first attempt first."""
    query = select(calls.c.call_id).where(calls.c.task_id == task_id)
    return list(connection.execute(query.order_by(calls.c.attempt)).scalars())


def list_newest_call_ids(connection: Connection, limit: int) -> list[str]:
    """List the ids of the newest calls of all tasks and origins, newest first."""
    query = select(calls.c.call_id).order_by(calls.c.call_id.desc()).limit(limit)
    return list(connection.execute(query).scalars())


def read_result_records(connection: Connection, call_ids: Sequence[str]) -> dict[str, bytes]:
    """Read the newest results of these calls: call_id -> serialised CallResult."""
    query = select(results.c.call_id, results.c.record).where(results.c.call_id.in_(call_ids))
    return {call_id: bytes(record) for call_id, record in connection.execute(query)}
