"""The chat API: conversations, their messages, the confirm, and their live events."""

import re
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, ConfigDict

from foundation.failpoints import failpoint
from orchestrator.conversation import Chat, find_task
from orchestrator.errors import InvalidInput, Violation
from orchestrator.web.bodies import read_body
from orchestrator.web.call_views import Json
from orchestrator.web.errors import PlainErrorRoute
from orchestrator.web.services import ChatOf, DrainOf, ServicesOf, require_person
from orchestrator.web.streams import follow_task
from orchestrator.web.task_views import read_task_json

router = APIRouter(
    prefix="/api/tasks", route_class=PlainErrorRoute, dependencies=[Depends(require_person)]
)
_LONGEST_KEY = 200
_LARGEST_EVENT = 2**63 - 1
_EVENT_ID = re.compile("[0-9]{1,18}")  # below the largest, as is every event there will be


class _NoBody(BaseModel):
    model_config = ConfigDict(strict=True)


class _MessageBody(BaseModel):
    model_config = ConfigDict(strict=True)

    text: str
    question_id: str | None = None
    """The question of the running call that the message answers; None: whatever it waits for."""


async def _task_json(chat: Chat, task_id: str) -> Json:
    """Read a conversation and the number of the event to follow it from."""
    last_event = await chat.store.newest_event()
    task = await chat.store.read_at(partial(read_task_json, task_id=task_id))
    return {**task, "last_event": last_event}


@router.post("", status_code=201)
async def start_task(request: Request, chat: ChatOf) -> Json:
    """Begin a conversation."""
    await read_body(request, _NoBody)
    return await _task_json(chat, await chat.start())


@router.get("/{task_id}")
async def show_task(task_id: str, chat: ChatOf) -> Json:
    """Show a conversation with its calls and results."""
    return await _task_json(chat, task_id)


@router.post("/{task_id}/messages")
async def post_message(task_id: str, request: Request, chat: ChatOf) -> Json:
    """Take a message of the person and answer it."""
    body = await read_body(request, _MessageBody)
    await chat.say(task_id, body.text, body.question_id)
    return await _task_json(chat, task_id)


@router.post("/{task_id}/confirm", status_code=202)
async def confirm_task(
    task_id: str,
    chat: ChatOf,
    idempotency_key: Annotated[str | None, Header(max_length=_LONGEST_KEY)] = None,
) -> Json:
    """Place the call; the same Idempotency-Key is the same call."""
    confirmed = await chat.confirm(task_id, idempotency_key)
    failpoint("confirm.after_commit")
    return {"call_id": confirmed.call_id, "attempt": confirmed.attempt}


async def _resume_after(
    task_id: str,
    chat: ChatOf,
    last_event_id: Annotated[str | None, Header()] = None,
    after: Annotated[int, Query(ge=0, le=_LARGEST_EVENT)] = 0,
) -> int:
    """Say after which event a stream goes on: the browser's Last-Event-ID counts first."""
    await chat.store.read(partial(find_task, task_id=task_id))
    if last_event_id is None:
        return after
    if not _EVENT_ID.fullmatch(last_event_id):
        expected = "expected the id of an event of this stream"
        raise InvalidInput([Violation("Last-Event-ID", expected)])
    return int(last_event_id)


async def _stream_slot(services: ServicesOf) -> AsyncIterator[None]:
    """Hold one of the bounded number of streams as long as the page reads."""
    services.slots.take()
    try:
        yield
    finally:
        services.slots.give_back()


@router.get(
    "/{task_id}/events",
    response_class=EventSourceResponse,
    dependencies=[Depends(_stream_slot)],
)
async def follow_events(
    task_id: str, chat: ChatOf, drain: DrainOf, after: Annotated[int, Depends(_resume_after)]
) -> AsyncIterator[ServerSentEvent]:
    """Stream what happens in a conversation: replay after the last seen event, then live."""
    async for event in follow_task(chat.store, drain, task_id, after):
        yield event
