"""Adds the assistant's message to a conversation when the result of its call is there."""

import asyncio
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from orchestrator.conversation.form_json import form_from_json
from orchestrator.conversation.result_message import result_message
from orchestrator.errands import ERRANDS
from orchestrator.errors import OrchestratorError
from orchestrator.store import Store, Transaction
from orchestrator.store.calls import read_call
from orchestrator.store.counters import read_counter
from orchestrator.store.events import EventRow, advance_cursor, list_results_to_tell
from orchestrator.store.tasks import add_message, list_messages, read_result_records, read_task
from orchestrator.store.transaction import topic_of_tasks
from ringback.v1 import call_results_pb2 as pb

log = structlog.get_logger(__name__)

_CURSOR = "told_results"
_AT_ONCE = 100
_WAIT_S = 30.0
_PAUSE_S = 1.0  # after the database could not answer


@dataclass(frozen=True, slots=True)
class _Message:
    """What is to be said in one conversation; `since`: when its call was made."""

    task_id: str
    text: str
    since: int
    is_update: bool


async def tell_results(store: Store) -> None:
    """Follow the results and tell each in its conversation, once; runs until it is cancelled.

    The place reached is kept in the database and moves together with the messages: whatever
    process dies, no result is told twice and none is left out.
    """
    while True:
        try:
            newest = await store.newest_event()
            if not await tell_new_results(store):
                await store.wait_for_events(newest, _WAIT_S, topic_of_tasks("result"))
        except OrchestratorError as error:
            log.warning("results_not_told", reason=str(error))
            await asyncio.sleep(_PAUSE_S)


async def tell_new_results(store: Store) -> int:
    """Tell the results that came since the last time; return how many events that were."""
    seen, events, messages = await store.read(_read_new)
    if not events:
        return 0
    reached = events[-1].seq

    def write(tx: Transaction) -> None:
        if advance_cursor(tx, _CURSOR, seen, reached):
            _add_messages(tx, messages)

    await store.write(write)
    return len(events)


def _read_new(connection: Connection) -> tuple[int, list[EventRow], list[_Message]]:
    """Read the cursor, the result events after it, and what there is to say about them."""
    seen = read_counter(connection, _CURSOR)
    events = list_results_to_tell(connection, seen, _AT_ONCE)
    messages = [
        message for event in events if (message := _message_for(connection, event)) is not None
    ]
    return seen, events, messages


def _message_for(connection: Connection, event: EventRow) -> _Message | None:
    """Word one result; None for a call that no conversation of ours made."""
    call_id = event.call_id or str(event.data.get("call_id", ""))
    row = read_call(connection, call_id)
    task = read_task(connection, row.task_id) if row and row.task_id else None
    record = read_result_records(connection, [call_id]).get(call_id)
    errand = ERRANDS.get(task.errand) if task else None
    if row is None or task is None or record is None or errand is None:
        return None
    form = form_from_json(errand, task.form)
    text = result_message(errand, form, pb.CallResult.FromString(record))
    return _Message(task.task_id, text, row.created_at, event.data.get("revision") != 1)


def _add_messages(tx: Transaction, messages: list[_Message]) -> None:
    """Add what was not said already: a later revision often changes nothing for the person."""
    for message in messages:
        said = [
            earlier.text
            for earlier in list_messages(tx.connection, message.task_id)
            if earlier.role == "assistant" and earlier.created_at >= message.since
        ]
        if message.text in said or f"An update: {message.text}" in said:
            continue
        text = f"An update: {message.text}" if message.is_update else message.text
        add_message(tx, message.task_id, "assistant", text)
