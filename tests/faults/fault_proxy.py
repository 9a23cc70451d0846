"""A TCP proxy that breaks connections in the eight ways in which networks do.

A fault lasts until `heal`, which cuts every open connection: what a fault has held back or torn
out of a stream cannot be put right inside it.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum

_READ_BYTES = 65_536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Fault(StrEnum):
    """Names what the proxy does."""

    REFUSE = "refuse"
    """Nobody listens; open connections are cut."""
    CUT = "cut"
    """Every connection is reset as soon as a byte is to go to the server."""
    RESET = "reset"
    """Every connection is reset after some bytes to the server, in the midst of a report."""
    LATENCY = "latency"
    """Every piece comes late, each way."""
    SLICES = "slices"
    """Every byte is a piece of its own, each way."""
    BLACKHOLE = "blackhole"
    """Connections stay open, and nothing comes through."""
    DROP_ANSWERS = "drop_answers"
    """Everything goes to the server, nothing comes back."""
    CUT_ANSWERS = "cut_answers"
    """Everything goes to the server; its answers are torn in their midst."""


# After how many bytes a connection is cut. Greetings pass, each way; what brings reports, or the
# answers to them, is torn.
_REPORT_LIMITS: Mapping[Fault | None, int] = {Fault.CUT: 0, Fault.RESET: 700}
_ANSWER_LIMITS: Mapping[Fault | None, int] = {Fault.CUT_ANSWERS: 200}


@dataclass(slots=True)
class _Link:
    """Is one connection through the proxy."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    sent: int = 0
    """Bytes for the server since the fault began."""
    answered: int = 0
    """Bytes for the client since the fault began."""

    def count(self, piece: bytes, *, is_answer: bool) -> int:
        """Count a piece; return how many bytes went the same way before it."""
        before = self.answered if is_answer else self.sent
        if is_answer:
            self.answered += len(piece)
        else:
            self.sent += len(piece)
        return before

    def cut(self) -> None:
        for writer in (self.client, self.server):
            raw = writer.get_extra_info("socket")
            with suppress(OSError):  # it is closed already
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            writer.transport.abort()


@dataclass(slots=True)
class FaultProxy:
    """Stands before one server; `fault` says how, None lets everything through."""

    server_port: int
    port: int = 0
    fault: Fault | None = None
    slow_s: float = 0.05
    """How long LATENCY holds back every piece, each way."""
    bites: int = 0
    """How often a fault did something to a connection."""
    _links: list[_Link] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _listener: asyncio.Server | None = None  # None while nobody listens
    _guard: socket.socket = field(default_factory=socket.socket)

    async def start(self) -> None:
        """Listen on a port that stays ours while nobody listens there."""
        self._guard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._guard.bind(("127.0.0.1", 0))
        self.port = self._guard.getsockname()[1]
        await self._listen()

    async def close(self) -> None:
        """Cut everything and end."""
        self._stop_listening()
        self._cut_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._guard.close()

    async def break_with(self, fault: Fault) -> None:
        """Begin a fault, on the open connections as well."""
        self.fault = fault
        for link in self._links:
            link.sent = link.answered = 0
        if fault is Fault.REFUSE:
            self._stop_listening()
            self.bites += len(self._links)
            self._cut_all()

    async def heal(self) -> None:
        """End the fault and cut the open connections."""
        self.fault = None
        self._cut_all()
        if self._listener is None:
            await self._listen()

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(
            self._connect, "127.0.0.1", self.port, reuse_address=True
        )

    def _stop_listening(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def _cut_all(self) -> None:
        for link in self._links:
            link.cut()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answers, server = await asyncio.open_connection("127.0.0.1", self.server_port)
        except OSError:  # as if the server itself had refused
            writer.transport.abort()
            return
        link = _Link(writer, server)
        self._links.append(link)
        pipes = [self._pipe(link, reader, server), self._pipe(link, answers, writer)]
        tasks = [asyncio.create_task(pipe) for pipe in pipes]
        self._tasks.update(tasks)
        await asyncio.wait(tasks)
        self._tasks.difference_update(tasks)
        self._links.remove(link)

    async def _pipe(
        self, link: _Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(ConnectionError):
            while piece := await reader.read(_READ_BYTES):
                await self._pass_on(link, writer, piece)
                await writer.drain()
        link.cut()

    async def _pass_on(self, link: _Link, writer: asyncio.StreamWriter, piece: bytes) -> None:
        is_answer = writer is link.client
        limit = (_ANSWER_LIMITS if is_answer else _REPORT_LIMITS).get(self.fault)
        if limit is not None:
            passed = link.count(piece, is_answer=is_answer)
            writer.write(piece[: max(0, limit - passed)])
            if passed + len(piece) <= limit:
                return
            link.cut()
        elif self.fault is Fault.BLACKHOLE or (self.fault is Fault.DROP_ANSWERS and is_answer):
            pass
        elif self.fault is Fault.LATENCY:
            await asyncio.sleep(self.slow_s)
            writer.write(piece)
        elif self.fault is Fault.SLICES:
            await _write_byte_by_byte(writer, piece)
        else:
            writer.write(piece)
            return
        self.bites += 1


async def _write_byte_by_byte(writer: asyncio.StreamWriter, piece: bytes) -> None:
    for at in range(len(piece)):
        writer.write(piece[at : at + 1])
        await asyncio.sleep(0)


@asynccontextmanager
async def fault_proxy(server_port: int) -> AsyncIterator[FaultProxy]:
    """Run a proxy before the server on `server_port`."""
    proxy = FaultProxy(server_port)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.close()
