"""An HTTP server whose connections can be reset, and how the sandbox's apps are served."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from fastapi import FastAPI, Request
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


class QuietServer(Server):
    """uvicorn without its own signal handling: the sandbox ends all its servers together."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


@asynccontextmanager
async def serve(app: FastAPI, host: str, port: int) -> AsyncIterator[int]:
    """Serve `app`; gives the port, which the system chooses when `port` is 0."""
    listener = socket.create_server((host, port), reuse_port=False)
    config = Config(
        app, http=AbortableProtocol, ws="websockets-sansio", lifespan="off", log_config=None
    )
    server = QuietServer(config)
    running = asyncio.create_task(server.serve(sockets=[listener]), name="http server")
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        server.force_exit = True  # nobody is asked to hurry: open requests end with the sandbox
        await asyncio.wait({running})
        listener.close()
