"""Statements over the table `question`: what the agent asks the person while a call waits."""

from dataclasses import dataclass, fields
from enum import StrEnum

from sqlalchemy import Connection, bindparam, insert, select, update

from orchestrator.store.prepared import Prepared, Row
from orchestrator.store.schema import question as questions
from orchestrator.store.transaction import Transaction


class QuestionState(StrEnum):
    """Says how far a question is; only an open one can be answered."""

    OPEN = "open"
    ANSWERED = "answered"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """One question; times are microseconds since the epoch, UTC."""

    call_id: str
    question_id: str
    state: QuestionState
    text: str
    asked_at: int
    # An answer counts before this.
    until_at: int
    # The assistant's message that tells it; None for a call without a conversation.
    message_id: int | None
    # None until it is answered, as is the time.
    answer: str | None
    answered_at: int | None


_QUESTIONS = select(*(questions.c[field.name] for field in fields(QuestionRow)))
_IS_OPEN = questions.c.state == QuestionState.OPEN.value
_IS_ONE = (questions.c.call_id == bindparam("of_call")) & (
    questions.c.question_id == bindparam("wanted")
)
# Reads one question.
_QUESTION = Prepared(_QUESTIONS.where(_IS_ONE))
# Reads the question that a call asked last.
_NEWEST = Prepared(
    _QUESTIONS.where(questions.c.call_id == bindparam("of_call"))
    .order_by(questions.c.asked_at.desc(), questions.c.message_id.desc())
    .limit(1)
)
# Lists the open questions whose time is over.
_LAPSED = Prepared(
    _QUESTIONS.where(_IS_OPEN, questions.c.until_at <= bindparam("now_us")).limit(100)
)
# Answers a question that is open and whose time is not over.
_ANSWER = Prepared(
    update(questions)
    .where(_IS_ONE, _IS_OPEN, questions.c.until_at > bindparam("now_us"))
    .values(
        state=QuestionState.ANSWERED.value,
        answer=bindparam("said"),
        answered_at=bindparam("now_us"),
    )
)
# Gives an open question up.
_CLOSE = Prepared(
    update(questions).where(_IS_ONE, _IS_OPEN).values(state=QuestionState.UNANSWERED.value)
)
_INSERT = Prepared(insert(questions))


def read_question(connection: Connection, call_id: str, question_id: str) -> QuestionRow | None:
    """Read one question; None when the call asks none of that id."""
    key = {"of_call": call_id, "wanted": question_id}
    found = _QUESTION.first(connection, key)
    return None if found is None else _row(found)


def read_newest_question(connection: Connection, call_id: str) -> QuestionRow | None:
    """Read the question that a call asked last; None when it asked none."""
    found = _NEWEST.first(connection, {"of_call": call_id})
    return None if found is None else _row(found)


def list_lapsed_questions(connection: Connection, now_us: int) -> list[QuestionRow]:
    """List open questions whose time is over, at most a hundred."""
    return [_row(row) for row in _LAPSED.all(connection, {"now_us": now_us})]


def insert_question(tx: Transaction, row: QuestionRow) -> None:
    """Insert a question of a call whose row is held; the key refuses a second one of that id."""
    columns = {
        "call_id": row.call_id,
        "question_id": row.question_id,
        "state": row.state.value,
        "text": row.text,
        "asked_at": row.asked_at,
        "until_at": row.until_at,
        "message_id": row.message_id,
    }
    _INSERT.run(tx.connection, columns)


def write_answer(tx: Transaction, call_id: str, question_id: str, answer: str) -> bool:
    """Write the answer if the question still waits for it; say whether it did."""
    key = {"of_call": call_id, "wanted": question_id}
    values = {**key, "now_us": tx.now_us, "said": answer}
    return _ANSWER.run(tx.connection, values) == 1


def close_question(tx: Transaction, row: QuestionRow) -> bool:
    """Give a question up if it is still open; say whether it was."""
    key = {"of_call": row.call_id, "wanted": row.question_id}
    return _CLOSE.run(tx.connection, key) == 1


def _row(found: Row) -> QuestionRow:
    call_id, question_id, state, *rest = found
    return QuestionRow(call_id, question_id, QuestionState(state), *rest)
