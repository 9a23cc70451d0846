"""How one conversation is written for the API and the page."""

from dataclasses import asdict

from sqlalchemy import Connection

from orchestrator.conversation import (
    find_open_question,
    form_from_json,
    newest_may_be_retried,
)
from orchestrator.errands import ERRANDS
from orchestrator.errors import NotFound
from orchestrator.store.tasks import TaskRow, list_call_ids, list_messages, read_task
from orchestrator.web.call_views import Json, call_json, read_facts


def read_task_json(connection: Connection, now_us: int, *, task_id: str) -> Json:
    """Read a conversation with its messages, calls and results, and what the call waits to hear.

    Raises: NotFound.
    """
    task = read_task(connection, task_id)
    if task is None:
        raise NotFound("there is no such conversation")
    calls = [
        call_json(facts)
        for call_id in list_call_ids(connection, task_id)
        if (facts := read_facts(connection, call_id)) is not None
    ]
    return {
        "task_id": task.task_id,
        "errand": task.errand,
        "state": task.state,
        "messages": [asdict(message) for message in list_messages(connection, task_id)],
        "form": dict(task.form),
        "missing": _missing(task),
        "can_confirm": task.state == "confirming",
        "can_call_again": task.state == "done" and newest_may_be_retried(connection, task_id),
        "calls": calls,
        "question": _question_json(connection, task_id, now_us),
        "now": now_us,
        "results": [call["result"] for call in calls if call["result"] is not None],
    }


def _question_json(connection: Connection, task_id: str, now_us: int) -> Json | None:
    """Write the question that waits for the person; None when none does."""
    question = find_open_question(connection, task_id, now_us)
    if question is None:
        return None
    names = ("call_id", "question_id", "text", "asked_at", "until_at", "state", "message_id")
    return {name: getattr(question, name) for name in names}


def _missing(task: TaskRow) -> list[str]:
    errand = ERRANDS.get(task.errand)
    if errand is None:
        return []
    return [spec.name for spec in errand.missing(form_from_json(errand, task.form))]
