"""A conversation as the doors use it: start, say, confirm; everything it needs of the store."""

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from foundation.failpoints import failpoint
from orchestrator.calls import CallTimings, Confirmed, cancel_in, confirm_in
from orchestrator.conversation.dialogue import (
    Action,
    Answer,
    Situation,
    TaskState,
    answer_message,
    callee_of,
)
from orchestrator.conversation.filling import Filler, Surroundings
from orchestrator.conversation.form_json import form_from_json, form_to_json
from orchestrator.conversation.order import build_order
from orchestrator.conversation.result_message import may_retry
from orchestrator.conversation.spans import tidy_message
from orchestrator.errands import DEFAULT_ERRAND, ERRANDS, Errand
from orchestrator.errors import InvalidInput, NotFound, OrchestratorError, TooMany, Violation
from orchestrator.store import Store, Transaction
from orchestrator.store.calls import CallState, read_call
from orchestrator.store.tasks import (
    TaskRow,
    add_message,
    count_messages,
    insert_task,
    list_call_ids,
    read_result_records,
    read_task,
    update_task,
)
from ringback.v1 import call_results_pb2 as pb

LONGEST_MESSAGE = 2_000  # characters
MOST_MESSAGES = 400  # of one conversation
_MOST_TRIES = 5  # to write an answer while another window writes in the same conversation


class ConversationBusy(OrchestratorError):
    """Says that too many messages came into one conversation at the same moment."""

    code = "ABORTED"
    http_status = 409


class NothingToConfirm(OrchestratorError):
    """Says that the order was carried out or refused: another call would order it twice."""

    code = "FAILED_PRECONDITION"
    http_status = 409


@dataclass(frozen=True, slots=True)
class Chat:
    """Holds what every conversation needs."""

    store: Store
    filler: Filler
    around: Surroundings
    timings: CallTimings
    is_test: bool = False
    """True in test mode: the results of the calls say so."""

    async def start(self) -> str:
        """Begin a conversation; return its task's id."""
        return await self.store.write(_insert_started)

    async def say(self, task_id: str, text: str) -> None:
        """Store a message of the person and the answer to it; a yes places the call.

        Raises: InvalidInput for an empty or too long message, NotFound, TooMany.
        """
        tidy = check_message(text)
        for _attempt in range(_MOST_TRIES):
            seen, situation = await self.store.read(lambda tx: _read_situation(tx, task_id))
            errand = ERRANDS[seen.errand]
            answer = await answer_message(errand, situation, tidy, self.filler, self.around)
            if await self.store.write(lambda tx: self._write(tx, seen, tidy, answer)):  # noqa: B023 - awaited at once
                return
        raise ConversationBusy("too many messages at once; send this one again")

    async def confirm(self, task_id: str, key: str | None) -> Confirmed:
        """Place the call that the person has confirmed; the same key is the same call.

        Raises: NotFound, FormIncomplete, NothingToConfirm.
        """
        return await self.store.write(lambda tx: self._confirm(tx, task_id, key))

    def _write(self, tx: Transaction, seen: TaskRow, said: str, answer: Answer) -> bool:
        """Write message and answer if the task is still as seen; say whether it was."""
        errand = ERRANDS[seen.errand]
        form = form_to_json(errand, answer.form)
        changed = (answer.state, form) != (seen.state, seen.form)
        if not update_task(tx, seen, answer.state, form):
            return False
        message_id = add_message(tx, seen.task_id, "person", said)
        add_message(tx, seen.task_id, "assistant", answer.text)
        if changed:
            tell_task(tx, errand, seen.task_id, answer)
        if answer.action is Action.CALL:
            order = replace(build_order(errand, answer.form), is_test=self.is_test)
            confirm_in(tx, seen.task_id, f"message-{message_id}", order, self.timings)
        elif answer.action is Action.HANG_UP:
            for call_id in list_call_ids(tx.connection, seen.task_id)[-1:]:
                cancel_in(tx, call_id, self.timings)
        return True

    def _confirm(self, tx: Transaction, task_id: str, key: str | None) -> Confirmed:
        seen = _find_task(tx.connection, task_id)
        errand = ERRANDS[seen.errand]
        form = form_from_json(errand, seen.form)
        order = replace(build_order(errand, form), is_test=self.is_test)
        is_over = seen.state == TaskState.DONE
        is_open = not is_over or newest_may_be_retried(tx.connection, task_id)
        confirmed = confirm_in(tx, task_id, key, order, self.timings)
        if confirmed.is_new and not is_open:
            raise NothingToConfirm("this order is settled; say what you would like to order next")
        if confirmed.is_new:
            again = " again" if is_over else ""
            text = f"I am calling {callee_of(errand, form)}{again} now."
            add_message(tx, task_id, "assistant", text)
        failpoint("confirm.before_commit")
        return confirmed


def check_message(text: str) -> str:
    """Clean a message and hold it to its length.

    Raises: InvalidInput.
    """
    if len(text) > LONGEST_MESSAGE:
        expected = f"expected at most {LONGEST_MESSAGE} characters, got {len(text)}"
        raise InvalidInput([Violation("text", expected)])
    tidy = tidy_message(text)
    if not tidy:
        raise InvalidInput([Violation("text", "expected some words, got an empty message")])
    return tidy


def tell_task(tx: Transaction, errand: Errand, task_id: str, answer: Answer) -> None:
    """Add the event that shows how the form stands."""
    missing = [spec.name for spec in errand.missing(answer.form)]
    form = form_to_json(errand, answer.form)
    data = {"state": answer.state.value, "form": form, "missing": missing}
    tx.add_event("task", task_id=task_id, data=data)


def _insert_started(tx: Transaction) -> str:
    errand = ERRANDS[DEFAULT_ERRAND]
    task_id = insert_task(tx, TaskState.COLLECTING, errand.name, {})
    add_message(tx, task_id, "assistant", errand.greeting)
    return task_id


def _find_task(connection: Connection, task_id: str) -> TaskRow:
    task = read_task(connection, task_id)
    if task is None or task.errand not in ERRANDS:
        raise NotFound("there is no such conversation")
    return task


def _read_situation(connection: Connection, task_id: str) -> tuple[TaskRow, Situation]:
    """Read where a conversation stands."""
    task = _find_task(connection, task_id)
    if count_messages(connection, task_id) >= MOST_MESSAGES:
        raise TooMany("this conversation is long enough; please start a new order")
    form = form_from_json(ERRANDS[task.errand], task.form)
    state = TaskState(task.state)
    retry = state is TaskState.DONE and newest_may_be_retried(connection, task_id)
    return task, Situation(state, form, retry)


def newest_may_be_retried(connection: Connection, task_id: str) -> bool:
    """Say whether another try of the newest call is offered."""
    newest = list_call_ids(connection, task_id)[-1:]
    row = read_call(connection, newest[0]) if newest else None
    if row is None or row.state is not CallState.FINAL:
        return False
    record = read_result_records(connection, newest).get(row.call_id)
    return record is not None and may_retry(pb.CallResult.FromString(record))
