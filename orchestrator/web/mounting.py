"""Puts everything of the page on an application."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import FastAPI

from orchestrator.web import (
    call_routes,
    chat_routes,
    page_routes,
    recording_routes,
    session_routes,
)
from orchestrator.web.guard import BrowserGuard
from orchestrator.web.services import WebServices
from orchestrator.web.sessions import Sessions
from orchestrator.web.streams import StreamSlots

_MOST_LISTENERS = 16
_ALL_LISTEN = "Too many recordings are being played."


@dataclass(frozen=True, slots=True)
class WebAccess:
    """Says who may use the page: `hosts` beside the loopback names, and the tokens of people.

    `tokens`: empty: everybody on this machine may.
    """

    hosts: Sequence[str] = ()
    tokens: Sequence[str] = ()


def mount_web(app: FastAPI, access: WebAccess) -> None:
    """Add routes, static files and the browser's guard; before the application starts.

    While it runs, `app.state.chat` must hold the Chat, `app.state.drain` a Drain, and
    `app.state.recordings` the carrier's recordings, or None without an account.
    """
    app.state.web = WebServices(
        Sessions(tuple(access.tokens)), StreamSlots(), StreamSlots(_MOST_LISTENERS, _ALL_LISTEN)
    )
    for routes in (chat_routes, call_routes, page_routes, recording_routes, session_routes):
        app.include_router(routes.router)
    app.add_middleware(BrowserGuard, hosts=tuple(access.hosts))
