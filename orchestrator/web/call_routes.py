"""The API of single calls: show, list, cancel."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Connection

from orchestrator.calls import cancel_call
from orchestrator.errors import NotFound
from orchestrator.web.call_views import (
    CallFacts,
    Json,
    call_json,
    list_newest_facts,
    read_facts,
)
from orchestrator.web.errors import PlainErrorRoute
from orchestrator.web.services import ChatOf, require_person

router = APIRouter(
    prefix="/api/calls", route_class=PlainErrorRoute, dependencies=[Depends(require_person)]
)
MOST_LISTED = 200
LONGEST_ID = 64  # characters


def find_facts(connection: Connection, call_id: str) -> CallFacts:
    """Read one call. Raises: NotFound."""
    facts = read_facts(connection, call_id)
    if facts is None:
        raise NotFound("there is no such call")
    return facts


@router.get("")
async def list_calls(
    chat: ChatOf,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 50,
    before: Annotated[str, Query(max_length=LONGEST_ID)] = "",
) -> Json:
    """List the newest calls; `before`: the call_id of the last one of the page before."""
    found = await chat.store.read(partial(list_newest_facts, limit=limit, below=before))
    return {"calls": [call_json(facts) for facts in found]}


@router.get("/{call_id}")
async def show_call(call_id: str, chat: ChatOf) -> Json:
    """Show one call."""
    return call_json(await chat.store.read(partial(find_facts, call_id=call_id)))


@router.post("/{call_id}/cancel", status_code=202)
async def cancel(call_id: str, chat: ChatOf) -> Json:
    """Ask that a call ends."""
    cancelled = await cancel_call(chat.store, call_id, chat.timings)
    return {"call_id": cancelled.call_id, "state": cancelled.state.value}
