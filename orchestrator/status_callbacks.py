"""The carrier's webhooks: signature, account, call, in this order; late ones do no harm."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TypeAlias

import structlog
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from foundation.failpoints import failpoint
from orchestrator import calls
from orchestrator.calls import Callback, CallTimings, CarrierFacts
from orchestrator.errors import NotAllowed, OrchestratorError
from orchestrator.store import Store
from orchestrator.store.recordings import RecordingRow, RecordingState
from telephony.recordings import is_recording_sid
from telephony.signatures import (
    SignatureKeys,
    SignatureRefused,
    read_signed_form,
    require_signature,
)
from telephony.status_words import status_of_word

log = structlog.get_logger(__name__)

BODY_MAX_BYTES = 65_536
ROOT = "/twilio/"
EXTERNAL = "/twilio/status"
"""For the calls that somebody else's agent placed: whose id we do not know."""
_NOT_POST = {"error": "refused", "message": "Method Not Allowed", "fields": []}
_CALL_SID = re.compile("CA[0-9a-fA-F]{32}")
_CALL_ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Such as "machine_end_beep"; also one that the carrier adds one day.
_ANSWERER = re.compile("[a-z_]{1,32}")
_NUMBER = re.compile(r"\+[1-9][0-9]{1,14}")
_DURATION_MAX_S = 86_400
_SIP_CODE_MAX = 999


@dataclass(frozen=True, slots=True)
class CallbackDoor:
    """What the webhooks work with; the composition root puts it into `app.state.callback_door`."""

    store: Store
    keys: SignatureKeys
    account_sid: str
    # https://HOST, as the carrier knows us.
    public_url: str
    timings: CallTimings


# What one kind of webhook changes: the door, our id of the call, the carrier's, the form.
Note: TypeAlias = Callable[[CallbackDoor, str, str, Mapping[str, str]], Awaitable[None]]


class WebhookRefused(Exception):
    """A request that is turned away before anything is changed."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class DoorByTheSide(FastAPI):
    """FastAPI with a door for the carrier beside it: `side_door`, None until it is built.

    Neither as routes nor as FastAPI's middleware: a webhook is a few lines, several come in each
    call, and the router and the layers before it would do their work for every one of them.
    """

    side_door: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a webhook before all layers but our own, and the rest behind them."""
        if self.side_door and scope["type"] == "http" and scope["path"].startswith(ROOT):
            scope["app"] = self
            await self.side_door(scope, receive, send)
        else:
            await self.serve(scope, receive, send)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve as FastAPI does."""
        await super().__call__(scope, receive, send)


class CarrierPaths:
    """ASGI middleware that answers the webhooks; all else goes on to `app`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path: str = scope["path"] if scope["type"] == "http" else ""
        kind, _, call_id = path.removeprefix(ROOT).partition("/")
        note = _NOTES.get(kind) if path.startswith(ROOT) else None
        if note is None or "/" in call_id or not (call_id or path == EXTERNAL):
            await self._app(scope, receive, send)
            return
        if scope["method"] == "POST":
            answer = await _receive(Request(scope, receive), call_id, note)
        else:
            answer = JSONResponse(_NOT_POST, HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": "POST"})
        await answer(scope, receive, send)


async def _receive(request: Request, call_id: str, note: Note) -> Response:
    door: CallbackDoor = request.app.state.callback_door
    try:
        form = await _read_signed_form(request, door)
        call_sid = _own_call_sid(form, door)
        _require_call_id(call_id)
        await note(door, call_id, call_sid, form)
    except SignatureRefused as refusal:
        return _refuse(call_id, refusal.status, str(refusal))
    except WebhookRefused as refusal:
        return _refuse(call_id, refusal.status, str(refusal))
    except NotAllowed as refusal:
        return _refuse(call_id, HTTPStatus.FORBIDDEN, str(refusal))
    except OrchestratorError as error:
        return _refuse(call_id, error.http_status, str(error))
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _note_status(
    door: CallbackDoor, call_id: str, call_sid: str, form: Mapping[str, str]
) -> None:
    word = form.get("CallStatus", "")
    if not word:
        raise WebhookRefused(HTTPStatus.BAD_REQUEST, "CallStatus is missing")
    facts = _facts(word, form)
    if facts is None:
        log.warning("callback_word_unknown", call_id=call_id, call_sid=call_sid, word=word[:64])
    callback = Callback(
        call_id, call_sid, facts, _number(form.get("To", "")), _number(form.get("From", ""))
    )
    timings = door.timings
    failpoint("callback.before_commit")
    row = await door.store.write(lambda tx: calls.apply_callback(tx, callback, timings))
    failpoint("callback.after_commit")
    log.debug("callback_applied", call_id=row.call_id, call_sid=call_sid, word=word)


async def _note_stream(
    door: CallbackDoor, call_id: str, call_sid: str, form: Mapping[str, str]
) -> None:
    event = form.get("StreamEvent", "")
    error = form.get("StreamError", "")
    if error:
        log.warning("stream_error", call_id=call_id, call_sid=call_sid, error=error[:200])
    is_open = event == "stream-started"
    if not is_open and event not in {"stream-stopped", "stream-error"}:
        return
    timings = door.timings
    await door.store.write(
        lambda tx: calls.apply_stream_event(tx, call_id, call_sid, is_open=is_open, timings=timings)
    )


async def _note_detection(
    door: CallbackDoor, call_id: str, call_sid: str, form: Mapping[str, str]
) -> None:
    word = form.get("AnsweredBy", "")
    if not word:
        raise WebhookRefused(HTTPStatus.BAD_REQUEST, "AnsweredBy is missing")
    if not _ANSWERER.fullmatch(word):
        log.warning("callback_word_unknown", call_id=call_id, call_sid=call_sid, word=word[:64])
        return
    timings = door.timings
    await door.store.write(lambda tx: calls.apply_detection(tx, call_id, call_sid, word, timings))
    log.debug("detection_applied", call_id=call_id, call_sid=call_sid, word=word)


async def _note_recording(
    door: CallbackDoor, call_id: str, call_sid: str, form: Mapping[str, str]
) -> None:
    """Note a recording by its id alone: the address that the callback names is never used."""
    told = _recording(call_id, form)
    if told is None:
        return
    is_news = await door.store.write(lambda tx: calls.apply_recording(tx, call_sid, told))
    if is_news:
        log.info(
            "recording_told",
            call_id=call_id,
            call_sid=call_sid,
            recording_sid=told.recording_sid,
            state=told.state.value,
            duration_s=told.duration_s,
        )


async def _read_signed_form(request: Request, door: CallbackDoor) -> dict[str, str]:
    """Read the form of a request that is proven to come from the carrier."""
    require_signature(door.keys, request.headers)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_MAX_BYTES:
            raise WebhookRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the form is too long")
    return read_signed_form(door.keys, _public_url(request, door), bytes(body), request.headers)


def _public_url(request: Request, door: CallbackDoor) -> str:
    """Build the URL that the carrier signed: never from Host."""
    raw_path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query: bytes = request.scope["query_string"]
    path = raw_path.partition(b"?")[0].decode("latin-1")
    return f"{door.public_url}{path}" + (f"?{query.decode('latin-1')}" if query else "")


def _own_call_sid(form: Mapping[str, str], door: CallbackDoor) -> str:
    if not door.account_sid or form.get("AccountSid") != door.account_sid:
        raise WebhookRefused(HTTPStatus.FORBIDDEN, "AccountSid is not ours")
    call_sid = form.get("CallSid", "")
    if not _CALL_SID.fullmatch(call_sid):
        raise WebhookRefused(HTTPStatus.BAD_REQUEST, "CallSid must be CA and 32 hex digits")
    return call_sid


def _require_call_id(call_id: str) -> None:
    if call_id and not _CALL_ID.fullmatch(call_id):
        raise WebhookRefused(HTTPStatus.NOT_FOUND, "there is no such call")


def _facts(word: str, form: Mapping[str, str]) -> CarrierFacts | None:
    status = status_of_word(word)
    if status is None:
        return None
    return CarrierFacts(
        status=status,
        word=word,
        at_us=_micros(form.get("Timestamp", "")) or calls.UNTIMED,
        fetched=False,
        duration_s=_number_up_to(_DURATION_MAX_S, form.get("CallDuration", "")),
        sip_code=_number_up_to(_SIP_CODE_MAX, form.get("SipResponseCode", "")),
        answered_by=form.get("AnsweredBy", "")[:64],
    )


def _recording(call_id: str, form: Mapping[str, str]) -> RecordingRow | None:
    """Read what became of a recording; None for a word that decides nothing.

    Raises: WebhookRefused.
    """
    word = form.get("RecordingStatus", "")
    if word not in set(RecordingState):
        log.info("recording_word_ignored", call_id=call_id, word=word[:64])
        return None
    state, recording_sid = RecordingState(word), form.get("RecordingSid", "")
    is_there = state is RecordingState.COMPLETED
    if is_there and not is_recording_sid(recording_sid):
        raise WebhookRefused(HTTPStatus.BAD_REQUEST, "RecordingSid must be RE and 32 hex digits")
    return RecordingRow(
        call_id=call_id,
        recording_sid=recording_sid if is_there else "",
        state=state,
        duration_s=_number_up_to(_DURATION_MAX_S, form.get("RecordingDuration", "")),
        # A path: true at whichever address the reader knows the page by.
        url=f"/calls/{call_id}/recording" if is_there else "",
    )


def _micros(timestamp: str) -> int | None:
    try:
        return round(parsedate_to_datetime(timestamp).timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        return None


def _number_up_to(most: int, text: str) -> int | None:
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(most)):
        return None
    return int(text) if int(text) <= most else None


def _number(text: str) -> str:
    return text if _NUMBER.fullmatch(text) else ""


def _refuse(call_id: str, status: int, reason: str) -> Response:
    log.warning("callback_refused", call_id=call_id[:64], http_status=int(status), reason=reason)
    return JSONResponse({"error": "refused", "message": reason}, status_code=int(status))


# By the second part of the path; the third is our id of the call.
_NOTES: Mapping[str, Note] = {
    "status": _note_status,
    "stream": _note_stream,
    "answered": _note_detection,
    "recording": _note_recording,
}
