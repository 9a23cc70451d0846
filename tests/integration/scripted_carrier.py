"""A carrier that answers HTTP requests by a script and keeps what it was asked."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from telephony.twilio_rest import TwilioRest

ACCOUNT = "AC0123456789abcdef0123456789abcdef"
SID = "CA0123456789abcdef0123456789abcdef"
CREATED = {"sid": SID, "status": "queued", "to": "+14155550100", "from": "+14155550199"}
RESET = struct.pack("ii", 1, 0)

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Carrier:
    """Answers one request after the other by a script and keeps what it was asked."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], str]] = []
        self.script: list[Answer] = []
        self.url = ""
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines if line)
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.requests.append((first, headers, body.decode()))
        assert self.script, f"not in the script: {first}"
        await self.script.pop(0)(writer)
        writer.close()

    def hang_up(self) -> None:
        """Close what is still open: from Python 3.12 on a server waits for its connections."""
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def carrier(
    *script: Answer, timeout_s: float = 5.0
) -> AsyncIterator[tuple[Carrier, TwilioRest]]:
    book = Carrier()
    book.script = list(script)
    server = await asyncio.start_server(book.serve, "127.0.0.1", 0)
    book.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    rest = TwilioRest(book.url, ACCOUNT, "12345", timeout_s)
    async with server:
        yield book, rest
        rest.close()
        book.hang_up()
    assert book.script == [], "steps left over"


def answer(status: int, body: object) -> Answer:
    text = (body if isinstance(body, str) else json.dumps(body)).encode()

    async def write(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + text)
        await writer.drain()

    return write


def refusal(status: int, code: int, message: str = "no") -> Answer:
    return answer(status, {"code": code, "message": message, "more_info": "", "status": status})


async def close_silently(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def reset(writer: asyncio.StreamWriter) -> None:
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.close()


async def cut_in_the_body(writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 201 X\r\nContent-Length: 500\r\n\r\n{"sid":')
    await writer.drain()
