"""Serves a peer's app with the uvicorn of its own environment, and says on which port.

Peers that run in other environments import it: it needs the standard library and uvicorn only.
"""

import argparse
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Literal

import uvicorn

Event = MutableMapping[str, Any]
App = Callable[[Event, Callable[[], Awaitable[Event]], Callable[[Event], Awaitable[None]]], Any]
BACKLOG = 1_024


def read_model_url() -> str:
    """Read where the model is from the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True, help="ws:// address of the realtime model")
    url: str = parser.parse_args().model
    return url


def serve(
    app: App,
    loop: Literal["asyncio", "uvloop"] = "asyncio",
    http: Literal["h11", "httptools"] = "h11",
) -> None:
    """Serve on a free port until killed; prints `listening PORT` when connections are taken."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    print(f"listening {listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app, log_level="error", loop=loop, http=http)
    uvicorn.Server(config).run(sockets=[listener])
