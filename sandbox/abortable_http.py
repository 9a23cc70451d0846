"""An HTTP server whose connections can be reset, and how the sandbox's apps are served."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager

from fastapi import FastAPI, Request
from fastapi.requests import HTTPConnection
from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

_transports: dict[tuple[str, int], asyncio.Transport] = {}


class AbortableProtocol(H11Protocol):
    """Remembers the transport of every open connection by the client's address."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        """Remember the connection."""
        super().connection_made(transport)
        if self.client is not None:
            _transports[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self.client is not None:
            _transports.pop(self.client, None)
        super().connection_lost(exc)


def abort_connection(request: Request) -> None:
    """Reset the TCP connection that `request` came by."""
    client = request.client
    transport = _transports.get((client.host, client.port)) if client else None
    if transport is not None:
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


def hold_little(connection: HTTPConnection, most_bytes: int) -> None:
    """Let a WebSocket hold few unsent bytes, so that a peer that does not read is soon noticed.

    By default the system holds megabytes: minutes of a call's sound.
    """
    client = connection.client
    transport = _transports.pop((client.host, client.port), None) if client else None
    if transport is not None:
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, most_bytes)
        transport.set_write_buffer_limits(high=most_bytes)


class QuietServer(Server):
    """uvicorn without signals and ticks: the sandbox ends all its servers together."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.ending = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield

    async def main_loop(self) -> None:
        """Serve until told to end."""
        await self.on_tick(0)
        await self.ending.wait()


@asynccontextmanager
async def serve(apps: Sequence[tuple[FastAPI, int]], host: str) -> AsyncIterator[list[int]]:
    """Serve each app on its port; gives the ports, chosen by the system where one is 0."""
    with ExitStack() as opened:
        listeners = [opened.enter_context(socket.create_server((host, p))) for _, p in apps]
        opened.pop_all()  # from here on the servers close them
    servers = [QuietServer(_config(app)) for app, _ in apps]
    running = [
        asyncio.create_task(server.serve(sockets=[listener]), name="http server")
        for server, listener in zip(servers, listeners, strict=True)
    ]
    try:
        yield [listener.getsockname()[1] for listener in listeners]
    finally:
        for server in servers:
            server.force_exit = True  # nobody is waited for: open requests end with the sandbox
            server.ending.set()
        await asyncio.wait(running)


def _config(app: FastAPI) -> Config:
    return Config(
        app,
        http=AbortableProtocol,
        ws="websockets-sansio",
        lifespan="off",
        log_config=None,
        date_header=False,
    )
