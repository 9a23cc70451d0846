"""Statements of those who read results: one, a page, the newest ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, bindparam, select

from orchestrator.store.schema import call, event, result


@dataclass(frozen=True, slots=True)
class PageWish:
    """Holds what a page of results must fulfil; None and "" mean any."""

    size: int
    below: str = ""
    """The page begins below this call_id; empty: at the newest."""
    status: int | None = None
    outcome: int | None = None
    end_reason: int | None = None
    origin: int | None = None
    task_id: str = ""
    after_us: int | None = None
    before_us: int | None = None


@dataclass(frozen=True, slots=True)
class ResultEvent:
    """Holds one new result or revision, with the newest record of its call."""

    seq: int
    at_us: int
    call_id: str
    data: dict[str, object]
    revision: int
    """The newest, perhaps above the one that the event tells of."""
    record: bytes


_ONE_BY_ID = select(result.c.record).where(result.c.call_id == bindparam("wanted"))
# By way of `call`, whose call_sid has an index.
_ONE_BY_SID = (
    select(result.c.record)
    .join(call, call.c.call_id == result.c.call_id)
    .where(call.c.call_sid == bindparam("wanted"))
)
_RESULT_EVENTS = (
    select(
        event.c.seq,
        event.c.at,
        event.c.call_id,
        event.c.data,
        result.c.revision,
        result.c.record,
    )
    .join(result, result.c.call_id == event.c.call_id)
    .where(event.c.kind == "result", event.c.seq > bindparam("after"))
    .order_by(event.c.seq)
    .limit(bindparam("size"))
)


def select_record(connection: Connection, call_id: str, call_sid: str) -> bytes | None:
    """Select one record by our id or, when that is empty, by the carrier's."""
    statement, wanted = (_ONE_BY_ID, call_id) if call_id else (_ONE_BY_SID, call_sid)
    found = connection.execute(statement, {"wanted": wanted}).first()
    return None if found is None else found[0]


def select_page(connection: Connection, wish: PageWish) -> list[tuple[str, bytes]]:
    """Select (call_id, record) of a page, newest call first."""
    wanted = select(result.c.call_id, result.c.record).where(*_conditions(wish))
    wanted = wanted.order_by(result.c.call_id.desc()).limit(wish.size)
    return [(row[0], row[1]) for row in connection.execute(wanted)]


def select_result_events(connection: Connection, after: int, size: int) -> list[ResultEvent]:
    """Select new results and revisions in the order of their commits."""
    rows = connection.execute(_RESULT_EVENTS, {"after": after, "size": size})
    return [ResultEvent(*row) for row in rows]


def _conditions(wish: PageWish) -> Sequence[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for column, number in (
        (result.c.status, wish.status),
        (result.c.outcome, wish.outcome),
        (result.c.end_reason, wish.end_reason),
        (result.c.origin, wish.origin),
    ):
        if number is not None:
            conditions.append(column == number)
    if wish.below:
        conditions.append(result.c.call_id < wish.below)
    if wish.task_id:
        conditions.append(result.c.task_id == wish.task_id)
    if wish.after_us is not None:
        conditions.append(result.c.recorded_at >= wish.after_us)
    if wish.before_us is not None:
        conditions.append(result.c.recorded_at < wish.before_us)
    return conditions
