"""The uvicorn server both services run on: it limits what strangers may do, and it drains.

The first SIGTERM or SIGINT drains: no new orders, media streams already dialled are accepted, and
the server stops when no call is left or its patience is over. The second stops now. Either way the
app's lifespan is awaited, so what it awaits (reports of ended calls) is finished.
"""

import asyncio
import gc
import importlib
import logging
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import structlog
import uvicorn
import uvloop

from foundation.asgi import App
from foundation.direct_socket import DirectWebSocket
from foundation.drain import Drain
from foundation.header_timer import TimedHeaders

log = structlog.get_logger(__name__)

WEBSOCKET_MAX_BYTES = 65_536
CONNECTIONS_MAX = 1_000
# How long ended bridges may take to hang up before their sockets are closed under them.
_LAST_WORD_S = 3.0
# How long open requests may take once the server stops.
_REQUESTS_END_S = 5
_CANNOT_START = 2


class CannotStart(Exception):
    """Says in one line for people why an app cannot start; raise it in the lifespan's opening."""


class DrainingServer(uvicorn.Server):
    """A uvicorn server that waits for its calls before it stops."""

    def __init__(
        self, config: uvicorn.Config, drain: Drain, drain_s: float, later: Sequence[str] = ()
    ) -> None:
        super().__init__(config)
        self._later = later
        self._drain = drain
        self._drain_s = drain_s
        self._signals = 0
        self._draining: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until told to stop, then drain; returns when everything is finished."""
        self._loop = asyncio.get_running_loop()
        try:
            await super().serve(sockets)
        finally:
            if self._draining is not None:
                self._draining.cancel()
                await asyncio.wait({self._draining})

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the app, then listen, and say so. Raises: SystemExit(2) when it cannot."""
        try:
            await super().startup(sockets)
        except SystemExit as refusal:  # uvicorn's own is 3; ours is one number for every reason
            raise SystemExit(_CANNOT_START) from refusal
        for listener in sockets or ():
            host, port = listener.getsockname()[:2]
            log.info("listening", host=host, port=port)
        if self._later:
            threading.Thread(
                target=load_modules, args=(self._later,), name="load later", daemon=True
            ).start()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's
        """Drain at the first signal, stop at the second.

        Called from the signal handler; the signal is not raised again, so the process exits with 0.
        """
        self._signals += 1
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._obey, signal.Signals(sig).name, self._signals)

    def _obey(self, signal_name: str, count: int) -> None:
        self._drain.begin()
        if count == 1:
            log.info(
                "draining", signal=signal_name, calls=self._drain.busy, at_most_s=self._drain_s
            )
            self._draining = asyncio.get_running_loop().create_task(self._drain_and_stop())
        else:
            log.info("stopping_now", signal=signal_name, calls=self._drain.busy)
            self._drain.stopping.set()
            self.should_exit = True

    async def _drain_and_stop(self) -> None:
        if not await self._idle_within(self._drain_s):
            log.warning("drain_deadline_passed", calls=self._drain.busy)
            self._drain.stopping.set()
            await self._idle_within(_LAST_WORD_S)
        self._drain.stopping.set()
        self.should_exit = True

    async def _idle_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._drain.wait_idle()
        except TimeoutError:
            return False
        return True


def server_config(app: App, *, port: int = 0) -> uvicorn.Config:
    """Build the configuration with every limit of the transport: see docs of each setting here.

    No compression of frames (30 % of the CPU and 109 KB a call), frames of at most 64 KiB (16 MiB
    by default), at most 1,000 connections, no access log: it would print stream tokens.
    """
    return uvicorn.Config(
        app,
        port=port,
        http=TimedHeaders,
        ws=DirectWebSocket,
        ws_max_size=WEBSOCKET_MAX_BYTES,
        ws_per_message_deflate=False,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_graceful_shutdown=_REQUESTS_END_S,
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )


def make_data_dir(folder: Path) -> None:
    """Make the folder that a service keeps its data in, for its owner only.

    Raises: CannotStart.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        reason = f"RINGBACK_DATA_DIR: {folder} cannot be made: {error.strerror}"
        raise CannotStart(reason) from None


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket; port 0 takes a free one.

    Raises: SystemExit(2), with a line on stderr, when the address is not to be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        print(f"RINGBACK_PORT: cannot listen on {host}:{port}: {error.strerror}", file=sys.stderr)  # noqa: T201 - start errors are for people
        raise SystemExit(_CANNOT_START) from error
    listener.set_inheritable(False)
    return listener


def load_modules(names: Sequence[str]) -> None:
    """Import modules that nothing has needed so far."""
    for name in names:
        importlib.import_module(name)


async def serve(
    app: App, *, host: str, port: int, drain_s: float, later: Sequence[str] = ()
) -> None:
    """Serve `app` on host:port until a signal ends it.

    The calls that a stop waits for stand in `app.state.drain`. `later`: as of `run_service`.
    Raises: SystemExit(2) when the address is taken or the app cannot start.
    """
    logging.getLogger("uvicorn.error").addFilter(_shorten_start_error)
    listener = listen(host, port)
    book = getattr(getattr(app, "state", None), "drain", None) or Drain()
    server = DrainingServer(server_config(app, port=port), book, drain_s, later)
    await server.serve(sockets=[listener])


def _shorten_start_error(record: logging.LogRecord) -> bool:
    """Keep of a CannotStart, which uvicorn gets and logs as a traceback's text, its one line."""
    before, found, reason = str(record.msg).rpartition(f"{CannotStart.__name__}: ")
    if found and "Traceback" in before:
        record.msg = f"cannot start: {reason.strip()}"
    return True


def run_service(
    app: App, *, host: str, port: int, drain_s: float, later: Sequence[str] = ()
) -> None:
    """Serve `app` on an event loop of its own (uvloop) until a signal ends it.

    `later`: modules that a thread loads once it listens. The collector works from here on, also
    where whoever starts us has switched it off.
    """
    # What is imported stays: the collector of garbage need not walk it again and again (measured
    # in batches of 1,000 reports: 64 us of CPU per report against 82).
    gc.freeze()
    gc.enable()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(app, host=host, port=port, drain_s=drain_s, later=later))
