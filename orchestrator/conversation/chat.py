"""A conversation as the doors use it: start, say, confirm; everything it needs of the store."""

from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import Connection

from foundation.failpoints import failpoint
from orchestrator.calls import (
    AnswerTooLate,
    CallTimings,
    Confirmed,
    answer_in,
    cancel_in,
    confirm_in,
)
from orchestrator.conversation.choosing import choose_errand
from orchestrator.conversation.dialogue import (
    TOO_LATE,
    Action,
    Answer,
    TaskState,
    answer_message,
    callee_of,
)
from orchestrator.conversation.filling import Filler
from orchestrator.conversation.form_json import form_from_json, form_to_json
from orchestrator.conversation.offers import greeting
from orchestrator.conversation.order import build_order
from orchestrator.conversation.putting import Surroundings
from orchestrator.conversation.situations import (
    Standing,
    find_task,
    newest_may_be_retried,
    read_standing,
)
from orchestrator.conversation.spans import tidy_message
from orchestrator.errands import DEFAULT_ERRAND, ERRANDS, Errand, FieldKind, shown_number
from orchestrator.errors import InvalidInput, OrchestratorError, TooMany, Violation
from orchestrator.store import Store, Transaction
from orchestrator.store.opt_outs import find_opt_out
from orchestrator.store.tasks import (
    add_message,
    count_messages,
    insert_task,
    list_call_ids,
    update_task,
)

LONGEST_MESSAGE = 2_000  # characters
MOST_MESSAGES = 400  # of one conversation
_MOST_TRIES = 5  # to write an answer while another window writes in the same conversation


class ConversationBusy(OrchestratorError):
    """Says that too many messages came into one conversation at the same moment."""

    code = "ABORTED"
    http_status = 409


class NothingToConfirm(OrchestratorError):
    """Says that the errand was carried out or refused: another call would do it twice."""

    code = "FAILED_PRECONDITION"
    http_status = 409


@dataclass(frozen=True, slots=True)
class _Reply:
    """A message, the errand that it is about, and the answer to it."""

    said: str
    errand: Errand
    answer: Answer


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

    async def say(self, task_id: str, text: str, question_id: str | None = None) -> None:
        """Store a message of the person and the answer to it; a yes places the call.

        `question_id`: the question that the message answers; None: what the running call waits to
        hear, if anything. Raises: InvalidInput for an empty or too long message, NotFound, TooMany,
        AnswerTooLate when that question waits for no answer any more.
        """
        tidy = check_message(text)
        for _attempt in range(_MOST_TRIES):
            standing = await self.store.read_at(partial(_read_open_standing, task_id=task_id))
            reply = await self._find_reply(standing, tidy)
            if question_id and reply.answer.action is not Action.HANG_UP:
                _check_question(standing, question_id)
            if await self.store.write(lambda tx: self._write(tx, standing, reply)):  # noqa: B023 - awaited at once
                return
        raise ConversationBusy("too many messages at once; send this one again")

    async def _find_reply(self, standing: Standing, said: str) -> _Reply:
        current = ERRANDS[standing.task.errand]
        errand, situation = choose_errand(current, standing.situation, said)
        answer = await answer_message(errand, situation, said, self.filler, self.around)
        return _Reply(said, errand, await self._heed_opt_out(errand, answer))

    async def _heed_opt_out(self, errand: Errand, answer: Answer) -> Answer:
        """Say before a call, and not after it, that this number is not to be called any more."""
        if answer.state is not TaskState.CONFIRMING and answer.action is not Action.CALL:
            return answer
        number = errand.value_of(FieldKind.SHOP_NUMBER, answer.form)
        if await self.store.read(partial(find_opt_out, number=number)) is None:
            return answer
        text = (
            f"{callee_of(errand, answer.form)} ({shown_number(number)}) asked not to be called "
            "again, so I cannot call them. Tell me if I shall call another place. (If they have "
            f"changed their mind: ringback opt-outs remove {number})"
        )
        return Answer(text, answer.form, TaskState.COLLECTING)

    async def confirm(self, task_id: str, key: str | None) -> Confirmed:
        """Place the call that the person has confirmed; the same key is the same call.

        Raises: NotFound, FormIncomplete, NothingToConfirm.
        """
        return await self.store.write(lambda tx: self._confirm(tx, task_id, key))

    def _write(self, tx: Transaction, standing: Standing, reply: _Reply) -> bool:
        """Write message and answer if the task is still as it was read; say whether it was."""
        seen, answer, errand = standing.task, reply.answer, reply.errand
        form = form_to_json(errand, answer.form)
        changed = (answer.state, errand.name, form) != (seen.state, seen.errand, seen.form)
        if not update_task(tx, seen, answer.state, errand.name, form):
            return False
        message_id = add_message(tx, seen.task_id, "person", reply.said)
        text = answer.text
        if answer.action is Action.ANSWER and not _pass_on(tx, standing, reply.said):
            text = TOO_LATE
        add_message(tx, seen.task_id, "assistant", text)
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
        seen = find_task(tx.connection, task_id)
        errand = ERRANDS[seen.errand]
        form = form_from_json(errand, seen.form)
        order = replace(build_order(errand, form), is_test=self.is_test)
        is_over = seen.state == TaskState.DONE
        is_open = not is_over or newest_may_be_retried(tx.connection, task_id)
        confirmed = confirm_in(tx, task_id, key, order, self.timings)
        if confirmed.is_new and not is_open:
            raise NothingToConfirm("this errand is settled; say what you need next")
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
    add_message(tx, task_id, "assistant", greeting())
    return task_id


def _read_open_standing(connection: Connection, now_us: int, *, task_id: str) -> Standing:
    """Read where a conversation stands that may go on. Raises: NotFound, TooMany."""
    standing = read_standing(connection, task_id, now_us)
    if count_messages(connection, task_id) >= MOST_MESSAGES:
        raise TooMany("this conversation is long enough; please start a new errand")
    return standing


def _check_question(standing: Standing, question_id: str) -> None:
    """See that the running call waits for the answer to this question. Raises: AnswerTooLate."""
    asked = standing.question
    if asked is None or asked.question_id != question_id:
        raise AnswerTooLate(TOO_LATE)


def _pass_on(tx: Transaction, standing: Standing, said: str) -> bool:
    """Give the agent the person's answer; say whether it still waited for it."""
    asked = standing.question
    return asked is not None and answer_in(tx, asked.call_id, asked.question_id, said)
