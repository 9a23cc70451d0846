"""Where a conversation stands, as the tables tell it."""

from dataclasses import dataclass

from sqlalchemy import Connection

from orchestrator.calls import waits_for_answer
from orchestrator.conversation.dialogue import Situation, TaskState
from orchestrator.conversation.form_json import form_from_json
from orchestrator.conversation.result_message import may_retry
from orchestrator.errands import ERRANDS
from orchestrator.errors import NotFound
from orchestrator.store.calls import CallRow, CallState, read_call
from orchestrator.store.questions import QuestionRow, read_newest_question
from orchestrator.store.tasks import TaskRow, list_call_ids, read_result_records, read_task
from ringback.v1 import call_results_pb2 as pb


@dataclass(frozen=True, slots=True)
class Standing:
    """A task as it was read, and what that means for the next message."""

    task: TaskRow
    situation: Situation
    question: QuestionRow | None
    """What the running call waits to hear; None when it waits for nothing."""


def find_task(connection: Connection, task_id: str) -> TaskRow:
    """Read a task. Raises: NotFound."""
    task = read_task(connection, task_id)
    if task is None or task.errand not in ERRANDS:
        raise NotFound("there is no such conversation")
    return task


def read_standing(connection: Connection, task_id: str, now_us: int) -> Standing:
    """Read where a conversation stands. Raises: NotFound."""
    task = find_task(connection, task_id)
    form, state = form_from_json(ERRANDS[task.errand], task.form), TaskState(task.state)
    if state is TaskState.DONE:
        retry = newest_may_be_retried(connection, task_id)
        return Standing(task, Situation(state, form, may_retry=retry), None)
    if state is not TaskState.CALLING:
        return Standing(task, Situation(state, form), None)
    row = _read_newest_call(connection, task_id)
    newest = read_newest_question(connection, row.call_id) if row else None
    asks = row is not None and waits_for_answer(row, newest, now_us)
    in_vain = not asks and newest is not None and newest.answer is None
    situation = Situation(state, form, asks=asks, asked_in_vain=in_vain)
    return Standing(task, situation, newest if asks else None)


def find_open_question(connection: Connection, task_id: str, now_us: int) -> QuestionRow | None:
    """Read what the newest call of a task waits to hear; None when it waits for nothing."""
    row = _read_newest_call(connection, task_id)
    newest = read_newest_question(connection, row.call_id) if row else None
    return newest if row is not None and waits_for_answer(row, newest, now_us) else None


def newest_may_be_retried(connection: Connection, task_id: str) -> bool:
    """Say whether another try of the newest call is offered."""
    row = _read_newest_call(connection, task_id)
    if row is None or row.state is not CallState.FINAL:
        return False
    record = read_result_records(connection, [row.call_id]).get(row.call_id)
    return record is not None and may_retry(pb.CallResult.FromString(record))


def _read_newest_call(connection: Connection, task_id: str) -> CallRow | None:
    newest = list_call_ids(connection, task_id)[-1:]
    return read_call(connection, newest[0]) if newest else None
