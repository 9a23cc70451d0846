"""A Call Handler on a free port in this process, in front of a scripted carrier."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from fastapi import FastAPI
from twilio.request_validator import RequestValidator

from call_handler.app import create_app
from call_handler.settings import HandlerSettings
from foundation.clock import Clock
from foundation.drain import Drain
from foundation.server import DrainingServer, listen, server_config
from tests.integration.scripted_carrier import ACCOUNT
from tests.rig import NO_TLS

TOKEN = "orchestrators-token"  # noqa: S105 - of this test
AUTH_TOKEN = "12345"  # noqa: S105 - the vectors' key
HANDLER_URL = "https://handler.ringback.test"
NOBODY = "127.0.0.1:9"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
ORDER: Mapping[str, object] = {
    "call_id": "019ab-c1",
    "task_id": "t1",
    "attempt": 1,
    "to_number": "+14155550100",
    "time_limit_s": 600,
    "ring_timeout_s": 60,
    "not_after": "2099-01-01T00:00:00Z",
    "status_callback_url": "https://orchestrator.ringback.test/twilio/status/019ab-c1",
    "stream_status_callback_url": "https://orchestrator.ringback.test/twilio/stream/019ab-c1",
}


@dataclass(frozen=True)
class Handler:
    """A running Call Handler: its app, a client for it, and its book of calls."""

    app: FastAPI
    client: httpx.AsyncClient
    drain: Drain
    port: int

    async def order(self, **changes: object) -> httpx.Response:
        """Order the usual call, with changes; a change to `...` leaves the field out."""
        body = {name: value for name, value in {**ORDER, **changes}.items() if value is not ...}
        return await self.client.post("/order", json=body, headers=BEARER)


class _AnnouncedServer(DrainingServer):
    """A server that tells when it listens."""

    def __init__(self, app: FastAPI, drain: Drain) -> None:
        super().__init__(server_config(app), drain, drain_s=0.0)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start and tell."""
        await super().startup(sockets)
        self.ready.set()


def settings_of(folder: Path, carrier_url: str, **changes: object) -> HandlerSettings:
    """Build settings that look at no file and keep everything in `folder`."""
    values: dict[str, object] = {
        "data_dir": folder,
        "twilio_api_url": carrier_url,
        "twilio_account_sid": ACCOUNT,
        "twilio_auth_token": AUTH_TOKEN,
        "token_orchestrator": TOKEN,
        "token_reader": "readers-token",
        "orchestrator_grpc": NOBODY,
        "max_calls": 4,
        **changes,
    }
    return HandlerSettings(_env_file=None, **values)  # type: ignore[arg-type, call-arg] # names and values of its fields


@asynccontextmanager
async def running_handler(
    settings: HandlerSettings, clock: Clock | None = None
) -> AsyncIterator[Handler]:
    """Serve a Call Handler on a free port until the block ends."""
    app = create_app(settings, clock)
    drain: Drain = app.state.drain
    server = _AnnouncedServer(app, drain)
    listener = listen("127.0.0.1", 0)
    port = int(listener.getsockname()[1])
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    ready = asyncio.create_task(server.ready.wait())
    await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
    assert ready.done(), serving.exception()
    try:
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=url, timeout=30, verify=NO_TLS) as client:
            yield Handler(app, client, drain, port)
    finally:
        server.should_exit = True
        await serving


def sign_form(url: str, fields: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Sign a form as the carrier does."""
    signature = RequestValidator(AUTH_TOKEN).compute_signature(url, dict(fields))
    return {"X-Twilio-Signature": signature}
