"""The cheapest honest HTTP: one request on a connection of its own, as the carrier sends them."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlencode

from benchmarks.call_load.script import AUTH_TOKEN, Post

PUBLIC_HOST = "orchestrator.ringback.test"
_ANSWER_S = 20.0
_FORM = "application/x-www-form-urlencoded; charset=UTF-8"
_CREATED = b"HTTP/1.1 201 Created\r\ncontent-type: application/json\r\nconnection: close\r\n"


@dataclass(frozen=True, slots=True)
class Http:
    """Speaks with the Orchestrator's HTTP port."""

    port: int

    async def post_json(
        self, path: str, body: object, *headers: tuple[str, str]
    ) -> dict[str, object]:
        """Post as a browser on this machine does; give the answer's JSON object.

        Raises: RuntimeError for an answer that is no success.
        """
        encoded = json.dumps(body).encode()
        status, answer = await self._post(
            path, encoded, (("Host", "127.0.0.1"), ("Content-Type", "application/json"), *headers)
        )
        if not 200 <= status < 300:  # noqa: PLR2004 - HTTP's successes
            raise RuntimeError(f"{path}: {status} {answer[:300]!r}")
        return dict(json.loads(answer))

    async def call_back(self, call_id: str, post: Post) -> None:
        """Send one signed callback, on a connection that is closed after it.

        Raises: RuntimeError unless it is taken.
        """
        path = f"/twilio/{post.kind}/{call_id}"
        signature = sign(f"https://{PUBLIC_HOST}{path}", post)
        headers = (
            ("Host", PUBLIC_HOST),
            ("User-Agent", "TwilioProxy/1.1"),
            ("Accept", "*/*"),
            ("Connection", "close"),
            ("X-Home-Region", "us1"),
            ("Content-Type", _FORM),
            ("X-Twilio-Signature", signature),
        )
        status, answer = await self._post(path, urlencode(post.fields).encode(), headers)
        if status != 204:  # noqa: PLR2004 - HTTP's "no content"
            raise RuntimeError(f"{path}: {status} {answer[:300]!r}")

    async def follow(self, path: str, note: Callable[[bytes], None]) -> None:
        """Read a stream of events until it is cancelled; `note` gets each piece."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
            writer.write(head.encode())
            while piece := await reader.read(65_536):
                note(piece)
        finally:
            writer.close()

    async def _post(
        self, path: str, body: bytes, headers: tuple[tuple[str, str], ...]
    ) -> tuple[int, bytes]:
        lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        lines += [f"Content-Length: {len(body)}", "", ""]
        async with asyncio.timeout(_ANSWER_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                writer.write("\r\n".join(lines).encode() + body)
                head = await reader.readuntil(b"\r\n\r\n")
                answer = await reader.readexactly(_content_length(head))
            finally:
                writer.close()
        return int(head.split(b" ", 2)[1]), answer


def sign(url: str, post: Post) -> str:
    """Sign a callback: the URL, then names and values in the order of their bytes.

    Source: Twilio's page "Security".
    """
    text = url + "".join(name + value for name, value in sorted(set(post.fields)))
    digest = hmac.new(AUTH_TOKEN.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


class OrderDoor:
    """Stands for the Call Handler's `POST /order`.

    `dial`: is told task_id and call_id of an order, and gives the CallSid.
    """

    def __init__(self, dial: Callable[[str, str], str]) -> None:
        self._dial = dial
        self._server: asyncio.Server | None = None  # None until it is open

    async def open(self, port: int) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._take, "127.0.0.1", port)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            order = json.loads(await reader.readexactly(_content_length(head)))
            call_id = str(order["call_id"])
            call_sid = self._dial(str(order["task_id"]), call_id)
            body = json.dumps({"call_id": call_id, "call_sid": call_sid}).encode()
            writer.write(_CREATED + b"content-length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
        writer.close()


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0
