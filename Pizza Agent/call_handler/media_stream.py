"""The door for the carrier's media streams: who may in, the start, the hand-over to the call."""

import asyncio
import re
from dataclasses import dataclass, field
from typing import cast

import structlog
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect, WebSocketState

from call_handler.call import CallServices, OpenStream, conduct_call
from call_handler.errors import CallHandlerError
from foundation.direct_socket import EXTENSION, DirectSocket
from foundation.drain import Drain
from foundation.task_set import completed
from telephony.media_messages import BadStreamMessage, Connected, Started, read_message
from telephony.signatures import SignatureKeys, SignatureRefused, verify_upgrade
from telephony.stream_token import BadToken, SpentTokens, StreamTokens

log = structlog.get_logger(__name__)
router = APIRouter()

_CALL_SID = re.compile(r"CA[0-9a-fA-F]{32}")
_STREAM_SID = re.compile(r"MZ[0-9a-fA-F]{32}")
_POLICY, _NORMAL, _UNSUPPORTED = 1008, 1000, 1003
_CLOSE_S = 1.0


class StreamRefused(CallHandlerError):
    """A socket that is not let in, or whose start does not fit. `code`: what it is closed with."""

    status = 403

    def __init__(self, reason: str, code: int = _POLICY) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(slots=True)
class StreamDoor:
    """What the door needs.

    `start_s`: the carrier's `start` has to come within this span. `pending` counts the sockets that
    have not told it; with `max_pending` of them the next one is refused.
    """

    services: CallServices
    tokens: StreamTokens
    keys: SignatureKeys
    drain: Drain
    start_s: float = 5.0
    max_pending: int = 32
    pending: int = 0
    spent: SpentTokens = field(default_factory=SpentTokens)


class StreamSocket:
    """The carrier's WebSocket as the bridge wants it: texts in and out, None at the end."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    @property
    def direct(self) -> DirectSocket | None:
        """Give the short way to the socket; None on a server that has none."""
        offered = self._websocket.scope.get("extensions", {}).get(EXTENSION, {}).get("socket")
        return offered if isinstance(offered, DirectSocket) else None

    async def receive(self) -> str | None:
        """Wait for the next message; None once the socket is gone, however it went.

        Raises: BadStreamMessage for a binary message.
        """
        if self._websocket.client_state is WebSocketState.DISCONNECTED:
            return None
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            return None
        text = message.get("text")
        if not isinstance(text, str):
            raise BadStreamMessage("a binary message")
        return text

    async def send(self, text: str) -> None:
        """Send one message; does nothing when the socket is gone."""
        try:
            await self._websocket.send_text(text)
        except (WebSocketDisconnect, RuntimeError, OSError):
            return  # the receiving side meets the same end and deals with it

    async def close(self, code: int) -> None:
        """Close the socket if it is still open; waits a second at most."""
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self._websocket.close(code)
        except (WebSocketDisconnect, RuntimeError, OSError, TimeoutError):
            return  # it is gone already


@router.websocket("/media-stream/{call_id}/{token}")
async def handle_media_stream(websocket: WebSocket, call_id: str, token: str) -> None:
    """Admit one media stream, read its start and hand it over to the call.

    Before the upgrade is accepted: signature, token, expiry, number of pending sockets; else 403.
    Then the start within 5 s, and the claim; else 1008.
    """
    door = cast("StreamDoor", websocket.app.state.stream_door)
    with structlog.contextvars.bound_contextvars(call_id=call_id):
        try:
            nonce = _admit(door, websocket, call_id, token)
        except StreamRefused as refusal:
            log.warning("stream_refused", reason=refusal.message)
            await websocket.close(_POLICY)  # before accept(): the upgrade is answered with 403
            return
        await websocket.accept()
        door.drain.enter(call_id)
        try:
            await _serve(door, StreamSocket(websocket), call_id, nonce)
        finally:
            door.drain.leave(call_id)


def _admit(door: StreamDoor, websocket: WebSocket, call_id: str, token: str) -> str:
    """Check all that can be checked before the upgrade; give the token's nonce."""
    public_url = door.services.settings.handler_public_url.rstrip("/")
    path = websocket.scope.get("raw_path", b"").decode("latin-1") or websocket.url.path
    url = "wss://" + public_url.partition("://")[2] + path
    try:
        verify_upgrade(door.keys, url, websocket.headers)
    except SignatureRefused as error:
        raise StreamRefused(f"signature: {error or type(error).__name__}") from error
    try:
        nonce = door.tokens.verify(call_id, token)
    except BadToken as error:
        raise StreamRefused(f"token: {error}") from error
    if door.pending >= door.max_pending:
        raise StreamRefused("too many sockets without a start")
    return nonce


async def _serve(door: StreamDoor, socket: StreamSocket, call_id: str, nonce: str) -> None:
    try:
        door.pending += 1
        try:
            start = await _wait_for_start(socket, door.start_s)
        finally:
            door.pending -= 1
        _check_start(start, call_id, door.services.settings.twilio_account_sid)
        _spend_token(door, nonce)
    except StreamRefused as refusal:
        log.warning("stream_refused", reason=refusal.message)
        await socket.close(refusal.code)
        return
    stream = OpenStream(
        call_id=call_id,
        nonce=nonce,
        call_sid=start.call_sid,
        stream_sid=start.stream_sid,
        socket=socket,
        start_time=door.services.clock.now(),
    )
    with structlog.contextvars.bound_contextvars(call_sid=start.call_sid):
        log.info("stream_started", stream_sid=start.stream_sid)
        # A task of the app: this one dies with its socket, the call's report must not.
        call = door.services.tasks.spawn(conduct_call(stream, door.services), name="conduct-call")
        was_ours = await completed(call)
    await socket.close(_NORMAL if was_ours else _POLICY)


async def _wait_for_start(socket: StreamSocket, start_s: float) -> Started:
    try:
        async with asyncio.timeout(start_s):
            while True:
                text = await socket.receive()
                if text is None:
                    raise StreamRefused("closed before its start")
                match read_message(text):
                    case Started() as start:
                        return start
                    case Connected():
                        continue
                    case _:
                        raise StreamRefused("another message before the start")
    except TimeoutError as error:
        raise StreamRefused("no start in time") from error
    except BadStreamMessage as error:
        raise StreamRefused(f"unreadable: {error}", _UNSUPPORTED) from error


def _spend_token(door: StreamDoor, nonce: str) -> None:
    if not door.spent.spend(nonce, door.services.clock.monotonic()):
        raise StreamRefused("its token has started a stream before")


def _check_start(start: Started, call_id: str, account_sid: str) -> None:
    """Refuse a start that is not of our account, of this call, or in another sound format."""
    media_format = (start.encoding, start.sample_rate, start.channels)
    if start.account_sid != account_sid:
        raise StreamRefused("a start of another account")
    if not _CALL_SID.fullmatch(start.call_sid) or not _STREAM_SID.fullmatch(start.stream_sid):
        raise StreamRefused("a start with odd ids")
    if start.parameters.get("call_id", call_id) != call_id:
        raise StreamRefused("a start of another call")
    if media_format != ("audio/x-mulaw", 8_000, 1):
        raise StreamRefused(f"a sound format we do not speak: {media_format}")
