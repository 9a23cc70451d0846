"""ASGI middleware that both services put around their app: who may come in, and for how long.

Written against the bare ASGI interface: this room stands below the doors and knows no framework.
"""

import asyncio
import re
from collections.abc import Collection

from foundation.asgi import App, Message, Receive, Scope, Send
from foundation.settings import is_loopback_host

BODY_TIME_S = 10.0
# What tunnels and reverse proxies add; a request straight from this machine has none of them.
_FORWARDED = (
    b"forwarded",
    b"via",
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"x-forwarded-proto",
    b"x-real-ip",
    b"cf-connecting-ip",
)
_HOST = re.compile(r"(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[^:@\[\]]*))(?::[0-9]*)?")


class SlowBodyLimit:
    """Answers 408 to a request whose whole body has not come within `seconds`.

    A client that goes away in the middle of its body, or of its answer, is nobody's error: how the
    app fails then is not passed on, as the server would log it as a fault of ours.
    """

    def __init__(self, app: App, seconds: float = BODY_TIME_S) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with a receive that gives up."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        timed = _TimedBody(receive, send, asyncio.get_running_loop().time() + self._seconds)
        try:
            await self._app(scope, timed.receive, timed.send)
        except Exception:
            if not (timed.is_late or timed.is_gone):
                raise


class _TimedBody:
    """One request: its body under a deadline, its answer unless the deadline answered first."""

    def __init__(self, receive: Receive, send: Send, deadline: float) -> None:
        self._receive = receive
        self._send = send
        self._deadline = deadline
        self._is_whole = False
        self._has_answer = False
        self._is_answered = False
        self.is_late = False
        self.is_gone = False

    async def receive(self) -> Message:
        """Receive the next part; after the deadline answer 408 and call the client gone."""
        if self._is_whole or self._has_answer:
            return await self._receive_later()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            self.is_late = True
            await _answer(self._send, 408, "the body took too long")
            return {"type": "http.disconnect"}
        self.is_gone = message["type"] == "http.disconnect"
        self._is_whole = self.is_gone or not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Send the app's answer, unless 408 went out."""
        if not self.is_late:
            self._has_answer = True
            self._is_answered = "body" in message and not message.get("more_body", False)
            await self._send(message)

    async def _receive_later(self) -> Message:
        """Receive what follows the body: a client that leaves in the middle of its answer."""
        message = await self._receive()
        if message["type"] == "http.disconnect" and self._has_answer and not self._is_answered:
            self.is_gone = True
        return message


class PublicHostGate:
    """Lets a public host name reach the carrier's paths only, and an unknown one nothing.

    A tunnel or proxy before a loopback port would otherwise open everything to strangers. With
    `has_tokens` each door asks for its token, and the gate stands open.
    """

    def __init__(
        self,
        app: App,
        *,
        public_hosts: Collection[str],
        public_paths: tuple[str, ...],
        has_tokens: bool,
    ) -> None:
        self._app = app
        self._public_hosts = frozenset(host.lower() for host in public_hosts)
        self._public_paths = public_paths
        self._has_tokens = has_tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 404 (400 for a host name that is not ours)."""
        if scope["type"] == "lifespan" or self._has_tokens:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        host = _host_without_port(headers.get(b"host", b"").decode("latin-1"))
        is_local = is_loopback_host(host) and not any(name in headers for name in _FORWARDED)
        if is_local or self._is_for_the_carrier(scope["path"], host):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        elif is_loopback_host(host) or host in self._public_hosts:
            await _answer(send, 404, "not found")
        else:
            await _answer(send, 400, "unknown host")

    def _is_for_the_carrier(self, path: str, host: str) -> bool:
        known = host in self._public_hosts or is_loopback_host(host)
        return known and path.startswith(self._public_paths)


def _host_without_port(host: str) -> str:
    """Return the name of a Host header; "" for one that is no host at all."""
    match = _HOST.fullmatch(host.lower())
    return (match["v6"] or match["name"]) if match else ""


async def _answer(send: Send, status: int, words: str) -> None:
    body = b'{"error":"refused","message":"' + words.encode() + b'"}'
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
