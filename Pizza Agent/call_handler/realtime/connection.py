"""The WebSocket to the speech model, from the first message to the close."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from call_handler.realtime.direct import DirectConnection
from call_handler.realtime.events import AudioDelta, EventWriter, object_of, read_event, text_of
from call_handler.realtime.fault import ModelFault
from call_handler.realtime.session import SessionPlan

_MAX_MESSAGE_BYTES = 4 * 1024 * 1024
_MAX_QUEUED_MESSAGES = 32
_PING_S = 20.0
_CLOSE_S = 0.4
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TOO_MANY = 401, 403, 404, 429
_SESSION_OVER = 1001
_CONFIGURATION_CODES = frozenset(
    ("model_not_found", "invalid_api_key", "insufficient_quota", "beta_api_shape_disabled")
)
# Errors that explain a close; most others are harmless and say nothing about one that comes later.
_CLOSING_CODES = _CONFIGURATION_CODES | {"session_expired", "rate_limit_exceeded", "server_error"}


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Where the model is and how long to wait for it; `base_url` as the SDK takes it."""

    base_url: str = "https://api.openai.com/v1"
    api_key: str = field(default="", repr=False)
    model: str = "gpt-realtime-2.1"
    open_timeout_s: float = 5.0
    session_timeout_s: float = 5.0

    @property
    def url(self) -> str:
        """Give the WebSocket's address, made as the SDK makes it."""
        scheme, _, rest = self.base_url.partition("://")
        socket_scheme = "wss" if scheme in {"https", "wss"} else "ws"
        query = urlencode({"model": self.model})
        return f"{socket_scheme}://{rest.rstrip('/')}/realtime?{query}"


class RealtimeModel:
    """One open session with the model."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._last_error = ""

    @classmethod
    async def connect(
        cls, settings: ModelSettings, call_id: str, plan: SessionPlan, writer: EventWriter
    ) -> "RealtimeModel":
        """Connect and configure; returns once the model has granted what was asked.

        Until then no audio may be sent: the input format would be another. Raises: ModelFault.
        """
        model = cls(await _open(settings, call_id))
        try:
            async with asyncio.timeout(settings.session_timeout_s):
                await model._configure(plan, writer)
        except TimeoutError as error:
            await model.close()
            message = "The speech model did not confirm its session in time."
            raise ModelFault("session_not_updated", message, may_reconnect=True) from error
        except BaseException:
            await model.close()
            raise
        return model

    @property
    def direct(self) -> DirectConnection | None:
        """Give the short way to the socket; None when it has none."""
        return self._socket if isinstance(self._socket, DirectConnection) else None

    async def send(self, event: str) -> None:
        """Send one event. Raises: ModelFault when the connection is gone."""
        try:
            await self._socket.send(event)
        except ConnectionClosed as error:
            raise self._lost(error) from error

    async def receive(self) -> str:
        """Wait for the next event. Raises: ModelFault when the session is over, however cleanly."""
        while True:
            try:
                message = await self._socket.recv()
            except ConnectionClosed as error:
                raise self._lost(error) from error
            if isinstance(message, str):  # the protocol has no binary messages
                return message

    def note_error(self, code: str) -> None:
        """Remember an error that tells more than the close that may follow it."""
        if code in _CLOSING_CODES:
            self._last_error = code

    async def close(self) -> None:
        """End the session with a normal close; waits less than half a second."""
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self._socket.close()
        except TimeoutError:
            self._socket.transport.abort()

    async def _configure(self, plan: SessionPlan, writer: EventWriter) -> None:
        await self._expect("session.created")
        await self.send(writer.update_session(plan.describe()))
        granted = await self._expect("session.updated")
        difference = plan.find_difference(granted)
        if difference:
            message = f"The speech model did not grant {difference} as asked."
            raise ModelFault("session_differs", message, retryable=False)

    async def _expect(self, kind: str) -> Mapping[str, object]:
        """Wait for one event and give its session; an error before it is fatal."""
        while True:
            event = read_event(await self.receive())
            if event is None or isinstance(event, AudioDelta):
                continue
            if event["type"] == kind:
                return object_of(event, "session")
            if event["type"] == "error":
                raise _refusal(object_of(event, "error"))

    def _lost(self, closed: ConnectionClosed) -> ModelFault:
        received = closed.rcvd
        if received is None:
            code, words = "connection_lost", "without a word"
        else:
            code = "session_expired" if received.code == _SESSION_OVER else f"close_{received.code}"
            words = f"with code {received.code} {received.reason}".rstrip()
        message = f"The connection to the speech model ended {words}."
        code = self._last_error or code
        is_ours = code in _CONFIGURATION_CODES
        return ModelFault(code, message, retryable=not is_ours, may_reconnect=not is_ours)


async def _open(settings: ModelSettings, call_id: str) -> ClientConnection:
    # An empty key would not even be a bearer; whoever wants keys refuses this one.
    key = settings.api_key or "unset"
    headers = {"Authorization": f"Bearer {key}", "X-Client-Request-Id": call_id}
    is_local = urlsplit(settings.url).hostname in _LOOPBACK
    try:
        return await connect(
            settings.url,
            additional_headers=headers,
            compression=None,
            create_connection=DirectConnection,
            open_timeout=settings.open_timeout_s,
            ping_interval=_PING_S,
            ping_timeout=_PING_S,
            close_timeout=_CLOSE_S,
            max_size=_MAX_MESSAGE_BYTES,
            max_queue=_MAX_QUEUED_MESSAGES,
            proxy=None if is_local else True,
        )
    except InvalidStatus as error:
        raise _refused_upgrade(error.response.status_code) from error
    except (OSError, TimeoutError, WebSocketException) as error:
        message = "The speech model could not be reached."
        raise ModelFault("not_connected", message, may_reconnect=True) from error


def _refused_upgrade(status: int) -> ModelFault:
    if status in {_UNAUTHORIZED, _FORBIDDEN}:
        return ModelFault("invalid_api_key", "The speech model refused our key.", retryable=False)
    if status == _NOT_FOUND:
        return ModelFault("model_not_found", "The speech model does not exist.", retryable=False)
    message = f"The speech model refused the connection with status {status}."
    return ModelFault(f"http_{status}", message, may_reconnect=status != _TOO_MANY)


def _refusal(error: Mapping[str, object]) -> ModelFault:
    code = text_of(error, "code") or text_of(error, "type") or "error"
    message = f"The speech model refused the session: {text_of(error, 'message')}"
    is_ours = code in _CONFIGURATION_CODES or text_of(error, "type") == "invalid_request_error"
    return ModelFault(code, message, retryable=not is_ours)
