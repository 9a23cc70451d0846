"""Statements of those who read results: one, a page, the newest ones.

Each walks an index and reads what it returns, however many results there are; what `select_page`
looks at is bounded for every mix of filters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from sqlalchemy import ColumnElement, Connection, bindparam, func, literal_column, select

from orchestrator.store.ids import TOP_ID
from orchestrator.store.prepared import Prepared, Row
from orchestrator.store.schema import USUAL, call, event, result

LOOKED_AT = 5_000
"""How many results one page looks at where its filters have no index of their own."""
# Below every call_id.
_BOTTOM = ""
_FIRST_LOOK = 4  # pages
# What is walked along, the rarest first; the others are compared on the way.
_WALKS = ("task_id", "end_reason", "outcome", "status")


@dataclass(frozen=True, slots=True)
class PageWish:
    """Holds what a page of results must fulfil."""

    size: int
    below: str = TOP_ID
    """The page begins below this call_id."""
    since: str = _BOTTOM
    """And ends with this one."""
    wanted: Mapping[str, int | str] = field(default_factory=dict)
    """Columns of `result` and their values; empty: any result."""


@dataclass(frozen=True, slots=True)
class ResultPage:
    """Holds results, newest call first, and where the search goes on."""

    rows: Sequence[Row]
    """(call_id, record); one more than wished for when there are more."""
    below: str
    """The last call_id that was looked at; empty when none is left."""


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


_ONE_BY_ID = Prepared(select(result.c.record).where(result.c.call_id == bindparam("wanted")))
# By way of `call`, whose call_sid has an index.
_ONE_BY_SID = Prepared(
    select(result.c.record)
    .join(call, call.c.call_id == result.c.call_id)
    .where(call.c.call_sid == bindparam("wanted"))
)
_CALLS_OF_TASK = select(call.c.call_id).where(call.c.task_id == bindparam("task_id"))
_RESULT_EVENTS = Prepared(
    select(
        event.c.seq,
        event.c.at,
        event.c.call_id,
        event.c.data,
        result.c.revision,
        result.c.record,
    )
    .join(result, result.c.call_id == event.c.call_id)
    # Literally, as the index of these events says it.
    .where(event.c.kind == literal_column("'result'"), event.c.seq > bindparam("after"))
    .order_by(event.c.seq)
    .limit(bindparam("size"))
)


def select_record(connection: Connection, call_id: str, call_sid: str) -> bytes | None:
    """Select one record by our id or, when that is empty, by the carrier's."""
    statement, wanted = (_ONE_BY_ID, call_id) if call_id else (_ONE_BY_SID, call_sid)
    found = statement.first(connection, {"wanted": wanted})
    return None if found is None else found[0]


def select_page(connection: Connection, wish: PageWish) -> ResultPage:
    """Select a page, newest call first.

    Where filters are compared on the way it looks at few results first, then at LOOKED_AT: a page
    of what is rare may be short, or empty, before the end.
    """
    walk = _choose_walk(wish.wanted)
    compared = tuple(sorted(wish.wanted.keys() - {walk}))
    values = {**wish.wanted, "below": wish.below, "since": wish.since, "size": wish.size + 1}
    if not compared:
        return ResultPage(_page(walk, compared).all(connection, values), _BOTTOM)
    rows: Sequence[Row] = []
    lowest = wish.below
    for looked_at in (_FIRST_LOOK * wish.size, LOOKED_AT):
        lowest = _find_end(connection, walk, {**values, "looked_at": looked_at})
        within = {**values, "since": lowest or wish.since}
        rows = _page(walk, compared).all(connection, within)
        if len(rows) > wish.size or not lowest:
            break
    return ResultPage(rows, lowest)


def select_result_events(connection: Connection, after: int, size: int) -> list[ResultEvent]:
    """Select new results and revisions in the order of their commits."""
    rows = _RESULT_EVENTS.all(connection, {"after": after, "size": size})
    return [ResultEvent(*row) for row in rows]


def _find_end(connection: Connection, walk: str, values: Mapping[str, int | str]) -> str:
    """Find the last of the next results that are looked at; empty when fewer are left."""
    lowest, count = _window(walk).all(connection, values)[0]
    return str(lowest) if count == values["looked_at"] else _BOTTOM


def _choose_walk(wanted: Mapping[str, int | str]) -> str:
    """Choose the filter whose index is walked along; "" is the order of all calls."""
    indexed = (name for name in _WALKS if name in wanted and wanted[name] != USUAL.get(name))
    return next(indexed, "")


@cache
def _page(walk: str, compared: tuple[str, ...]) -> Prepared:
    """Build the statement of a page; each is built once."""
    others = [result.c[name] == bindparam(name) for name in compared]
    page = select(result.c.call_id, result.c.record).where(*_along(walk), *others)
    return Prepared(page.order_by(result.c.call_id.desc()).limit(bindparam("size")))


@cache
def _window(walk: str) -> Prepared:
    """Build what finds the last of the next results that are looked at."""
    ids = select(result.c.call_id).where(*_along(walk)).order_by(result.c.call_id.desc())
    seen = ids.limit(bindparam("looked_at")).subquery()
    return Prepared(select(func.min(seen.c.call_id), func.count()).select_from(seen))


def _along(walk: str) -> list[ColumnElement[bool]]:
    between = [result.c.call_id < bindparam("below"), result.c.call_id >= bindparam("since")]
    if not walk:
        return between
    if walk == "task_id":
        return [result.c.call_id.in_(_CALLS_OF_TASK), *between]
    is_unusual = result.c[walk] != literal_column(str(USUAL[walk]))  # as its index says
    return [result.c[walk] == bindparam(walk), is_unusual, *between]
