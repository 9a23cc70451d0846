"""The carrier's REST side and the Orchestrator's order: what dials the calls of a product."""

import asyncio
import html
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

AUTH_TOKEN = "benchmark-auth-token"  # noqa: S105 - of a carrier that exists for seconds
ORDER_TOKEN = "benchmark-order-token"  # noqa: S105 - likewise
_CALL_ID = re.compile(r"/media-stream/([^/]+)/")
_STREAM = re.compile(r'<Stream[^>]* url="([^"]+)"')
_ANSWER_S = 20.0


@dataclass(frozen=True, slots=True)
class Dialled:
    """A call that the system had the carrier dial, and where its stream goes."""

    call_id: str
    call_sid: str
    stream_url: str


class Telephone:
    """Takes `POST /Calls.json` and the hang-ups; orders calls as the Orchestrator does."""

    def __init__(self) -> None:
        self.port = 0
        self._dialled: dict[str, Dialled] = {}
        self._server: asyncio.Server | None = None  # None until it is open

    async def open(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def order(self, url: str, call_id: str) -> Dialled:
        """Order one call; give it once it was dialled. Raises: ConnectionError when refused."""
        body = json.dumps(
            {
                "call_id": call_id,
                "to_number": "+14155550123",
                "time_limit_s": 600,
                "ring_timeout_s": 30,
                "not_after_s": 300.0,
                "status_callback_url": f"https://orchestrator.ringback.test/twilio/call/{call_id}",
            }
        ).encode()
        head = (
            f"POST /order HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {ORDER_TOKEN}\r\n"
            "Content-Type: application/json\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        async with asyncio.timeout(_ANSWER_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
            try:
                writer.write(head.encode() + body)
                answer = await reader.read()
            finally:
                writer.close()
        if call_id not in self._dialled:
            raise ConnectionError(f"the order was answered {answer[:300]!r}")
        return self._dialled.pop(call_id)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            size = re.search(rb"(?i)content-length: *(\d+)", head)
            form = parse_qs((await reader.readexactly(int(size[1]) if size else 0)).decode())
            body = json.dumps(self._answer(form)).encode()
            writer.write(
                b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
                b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )
            await writer.drain()
        writer.close()

    def _answer(self, form: dict[str, list[str]]) -> dict[str, str]:
        twiml = form.get("Twiml", [""])[0]
        stream = _STREAM.search(twiml)
        if stream is None:
            return {"sid": "CA" + "0" * 32, "status": "completed"}
        url = html.unescape(stream[1])
        named = _CALL_ID.search(url)
        call_id = named[1] if named else ""
        sid = f"CA{abs(hash(call_id)):032x}"
        self._dialled[call_id] = Dialled(call_id, sid, url)
        return {"sid": sid, "status": "queued"}
