"""Questions of the agent to the person, put while the callee waits: asked, answered, given up."""

import asyncio
from dataclasses import asdict, dataclass, replace

import structlog

from foundation.text import strip_bidi
from orchestrator.calls.orders import order_of
from orchestrator.calls.timings import micros
from orchestrator.errors import OrchestratorError
from orchestrator.store import Store
from orchestrator.store.calls import CallRow, CallState, lock_call
from orchestrator.store.questions import (
    QuestionRow,
    QuestionState,
    close_question,
    insert_question,
    list_lapsed_questions,
    read_newest_question,
    read_question,
    write_answer,
)
from orchestrator.store.tasks import add_message
from orchestrator.store.transaction import Transaction
from ringback.v1 import call_results_pb2 as pb

log = structlog.get_logger(__name__)

_LOOK_S = 1.0
UNANSWERED = "Nobody answered in time, so the call goes on without an answer."


class AnswerTooLate(OrchestratorError):
    """Says that a question waits for no answer any more."""

    code = "FAILED_PRECONDITION"
    http_status = 409


@dataclass(frozen=True, slots=True)
class Question:
    """What the agent wants to know, checked and cleaned at the door."""

    question_id: str
    text: str
    # How long the agent waits from now on.
    wait_s: int


def ask_in(tx: Transaction, row: CallRow, question: Question) -> pb.PersonAnswer | None:
    """Put a question of a call whose row is held, once; return its answer when it is there.

    The first time counts: a repeat asks nothing and moves no limit. A question of a call without a
    conversation, or of one that is over, is written down as one that nobody will answer.
    """
    known = read_question(tx.connection, row.call_id, question.question_id)
    if known is None:
        _put(tx, row, question)
        return None
    if known.answer is None:
        return None
    return pb.PersonAnswer(question_id=known.question_id, text=known.answer)


def _put(tx: Transaction, row: CallRow, question: Question) -> None:
    earlier = read_newest_question(tx.connection, row.call_id)
    if earlier is not None:
        _give_up(tx, earlier, row.task_id)  # who asks anew waits for the earlier one no longer
    text = _one_line(question.text)
    asked = QuestionRow(
        call_id=row.call_id,
        question_id=question.question_id,
        state=QuestionState.UNANSWERED,
        text=text,
        asked_at=tx.now_us,
        until_at=tx.now_us + micros(question.wait_s),
        message_id=None,
        answer=None,
        answered_at=None,
    )
    if row.task_id is not None and row.state is not CallState.FINAL:
        callee = order_of(row).callee or "The other side"
        message_id = add_message(
            tx, row.task_id, "assistant", f"{callee} is waiting, and I need to know: {text}"
        )
        asked = replace(asked, state=QuestionState.OPEN, message_id=message_id)
    insert_question(tx, asked)
    _tell(tx, asked, row.task_id)


def _one_line(text: str) -> str:
    """Write the agent's words, which may hold the callee's, so that they only read as words."""
    shown = "".join(char if char.isprintable() else " " for char in strip_bidi(text))
    return " ".join(shown.split()) or "(a question without words)"


def answer_in(tx: Transaction, call_id: str, question_id: str, answer: str) -> bool:
    """Give the person's answer to a question; say whether it came in time."""
    row = lock_call(tx, call_id)
    if row is None or row.state is CallState.FINAL:
        return False
    if not write_answer(tx, call_id, question_id, answer):
        return False
    written = read_question(tx.connection, call_id, question_id)
    if written is not None:
        _tell(tx, written, row.task_id)
    return True


def waits_for_answer(row: CallRow, question: QuestionRow | None, now_us: int) -> bool:
    """Say whether a call's newest question can be answered now."""
    is_open = question is not None and question.state is QuestionState.OPEN
    is_running = row.state is not CallState.FINAL and not row.cancel_requested
    return is_open and is_running and question is not None and now_us < question.until_at


async def watch_questions(store: Store) -> None:
    """Give up questions whose time is over; runs until it is cancelled."""
    while True:
        try:
            await close_lapsed(store)
        except OrchestratorError as error:
            log.warning("questions_not_closed", reason=str(error))
        await asyncio.sleep(_LOOK_S)


async def close_lapsed(store: Store) -> int:
    """Give up the questions whose time is over, and say so in their conversations.

    Returns: how many there were. Several processes may do so at once: each question is told once.
    """
    lapsed = await store.read_at(list_lapsed_questions)
    for question in lapsed:
        await store.write(lambda tx: _close_in(tx, question))  # noqa: B023 - awaited at once
    return len(lapsed)


def _close_in(tx: Transaction, question: QuestionRow) -> None:
    row = lock_call(tx, question.call_id)
    if row is None or not _give_up(tx, question, row.task_id):
        return
    if row.task_id is not None and row.state is not CallState.FINAL:
        add_message(tx, row.task_id, "assistant", UNANSWERED)


def _give_up(tx: Transaction, question: QuestionRow, task_id: str | None) -> bool:
    is_closed = close_question(tx, question)
    if is_closed:
        _tell(tx, replace(question, state=QuestionState.UNANSWERED), task_id)
    return is_closed


def _tell(tx: Transaction, question: QuestionRow, task_id: str | None) -> None:
    """Add the event that shows how a question stands."""
    tx.add_event("question", task_id=task_id, call_id=question.call_id, data=asdict(question))
