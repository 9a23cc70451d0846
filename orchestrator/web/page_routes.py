"""The pages: the chat, the list of calls, one call; rendered on the server."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import Connection

from orchestrator.call_results import Dispute, count_orphans, read_disputes
from orchestrator.conversation import Chat, greeting
from orchestrator.errands import DEFAULT_ERRAND, ERRANDS
from orchestrator.errors import NotAuthenticated, NotFound
from orchestrator.store.recordings import RecordingRow, read_recording
from orchestrator.web.assets import load_assets
from orchestrator.web.call_routes import LONGEST_ID, find_facts
from orchestrator.web.call_views import CallFacts, Json, call_view, list_newest_facts
from orchestrator.web.carrier_views import answered_by_words, recording_view
from orchestrator.web.dispute_views import dispute_lines
from orchestrator.web.services import ChatOf, ServicesOf, WebServices

router = APIRouter(include_in_schema=False)
_FOLDER = Path(__file__).parent
_ASSETS = load_assets(_FOLDER / "static")
_TEMPLATES = Environment(
    loader=FileSystemLoader(_FOLDER / "templates"), autoescape=True, undefined=StrictUndefined
)
_LISTED = 50
_READ = ["GET", "HEAD"]  # the server leaves the body of an answer to HEAD away


@dataclass(frozen=True, slots=True)
class _Found:
    """What the page of one call shows."""

    facts: CallFacts
    disputes: list[Dispute]
    recording: RecordingRow | None  # None while the carrier has told of none


def render_page(template: str, status: int = 200, **values: object) -> HTMLResponse:
    """Fill a template in."""
    return HTMLResponse(_TEMPLATES.get_template(template).render(**values), status)


def needs_token(request: Request, services: WebServices) -> bool:
    """Say whether the caller must still give a token before anything is shown."""
    try:
        services.sessions.require(request.headers.get("authorization"), request.cookies)
    except NotAuthenticated:
        return True
    return False


@router.api_route("/", methods=_READ)
@router.api_route("/tasks/{task_id}", methods=_READ)
async def show_chat(request: Request, services: ServicesOf) -> Response:
    """Show the chat."""
    if needs_token(request, services):
        return render_page("token.html", 401)
    return render_page("chat.html", greeting=greeting(), example=ERRANDS[DEFAULT_ERRAND].example)


@router.api_route("/calls", methods=_READ)
async def show_calls(
    request: Request,
    chat: ChatOf,
    services: ServicesOf,
    before: Annotated[str, Query(max_length=LONGEST_ID)] = "",
) -> Response:
    """Show the newest calls as a list, or those before one of them."""
    if needs_token(request, services):
        return render_page("token.html", 401)
    found, orphans = await chat.store.read(partial(_list_all, before=before))
    shown = found[:_LISTED]
    older = shown[-1].row.call_id if len(found) > _LISTED else ""
    views = [_page_view(call_view(facts)) for facts in shown]
    return render_page("calls.html", calls=views, orphans=orphans, older=older, before=before)


@router.api_route("/calls/{call_id}", methods=_READ)
async def show_call(call_id: str, request: Request, chat: ChatOf, services: ServicesOf) -> Response:
    """Show one call: its steps, its result, what was said."""
    if needs_token(request, services):
        return render_page("token.html", 401)
    try:
        view = await _read_view(chat, call_id)
    except NotFound:
        return render_missing("call")
    return render_page("call.html", call=view)


def render_missing(what: str) -> HTMLResponse:
    """Say to a person that there is no such thing, such as a "call" or a "page"."""
    return render_page("missing.html", 404, what=what)


async def _read_view(chat: Chat, call_id: str) -> Json:
    found = await chat.store.read(partial(_find_all, call_id=call_id))
    more: Json = {
        "call_sid": found.facts.row.call_sid or "",
        "disputes": dispute_lines(found.disputes),
        "answered_by": answered_by_words(found.facts),
        "recording": recording_view(found.facts.row, found.recording),
    }
    return _page_view(call_view(found.facts)) | more


def _list_all(connection: Connection, before: str) -> tuple[list[CallFacts], int]:
    """Read a page of calls and one more, and how many reports belong to none."""
    return list_newest_facts(connection, _LISTED + 1, before), count_orphans(connection)


def _find_all(connection: Connection, call_id: str) -> _Found:
    """Read one call, what its reports disagree about, its recording. Raises: NotFound."""
    facts = find_facts(connection, call_id)
    disputes = read_disputes(connection, call_id)
    return _Found(facts, disputes, read_recording(connection, call_id))


def _page_view(view: Json) -> Json:
    """Add the time of a call as the list prints it."""
    created = view["created_at"]
    moment = datetime.fromtimestamp((created if isinstance(created, int) else 0) / 1e6, UTC)
    return view | {"time": moment.strftime("%d %b %Y, %H:%M:%S")}


@router.api_route("/favicon.ico", methods=_READ)
async def show_icon() -> Response:
    """Send browsers that ask for the old address to the icon."""
    return RedirectResponse("/static/icon.svg", 308)


@router.api_route("/static/{name}", methods=_READ)
async def send_asset(name: str, request: Request) -> Response:
    """Send a static file, or 304 to a browser that has it."""
    asset = _ASSETS.get(name)
    if asset is None:
        return Response(status_code=404)
    headers = {"ETag": asset.etag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == asset.etag:
        return Response(status_code=304, headers=headers)
    return Response(asset.content, media_type=asset.media_type, headers=headers)
