"""What the routes of the page need of the application, and how they get it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from foundation.drain import Drain
from orchestrator.conversation import Chat
from orchestrator.web.sessions import Sessions
from orchestrator.web.streams import StreamSlots


@dataclass(frozen=True, slots=True)
class WebServices:
    """Holds what belongs to the page alone."""

    sessions: Sessions
    slots: StreamSlots
    # Recordings that are being played.
    listeners: StreamSlots


async def _chat(request: Request) -> Chat:
    chat: Chat = request.app.state.chat
    return chat


async def _services(request: Request) -> WebServices:
    services: WebServices = request.app.state.web
    return services


async def _drain(request: Request) -> Drain:
    drain: Drain = request.app.state.drain
    return drain


async def require_person(request: Request) -> None:
    """Let only those in who may use the chat. Raises: NotAuthenticated."""
    services: WebServices = request.app.state.web
    services.sessions.require(request.headers.get("authorization"), request.cookies)


ChatOf = Annotated[Chat, Depends(_chat)]
ServicesOf = Annotated[WebServices, Depends(_services)]
DrainOf = Annotated[Drain, Depends(_drain)]
