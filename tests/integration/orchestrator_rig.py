"""The composed Orchestrator in this process, and a carrier that signs what it posts."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

import httpx
from fastapi import FastAPI
from pydantic import SecretStr
from twilio.request_validator import RequestValidator

from orchestrator import calls
from orchestrator.calls import CallOrder, CallTimings
from orchestrator.main import create_app
from orchestrator.settings import OrchestratorSettings
from orchestrator.store import Store
from orchestrator.store.calls import CallRow, read_call
from tests.fresh_file import fresh_database
from tests.rows_rig import add_confirming_task

ACCOUNT = "AC0123456789abcdef0123456789abcdef"
AUTH_TOKEN = "test-auth-token"  # noqa: S105 - a test's
PUBLIC_URL = "https://orchestrator.ringback.test"
CALL_SID = "CA0123456789abcdef0123456789abcdef"
LUIGI = "+14155550100"


def rig_settings(folder: Path, **changes: object) -> OrchestratorSettings:
    """Build settings without reading the environment."""
    values: dict[str, object] = {
        "data_dir": folder,
        "orchestrator_grpc": "127.0.0.1:0",
        "handler_urls": "http://127.0.0.1:9",
        "twilio_api_url": "http://127.0.0.1:9",
        "twilio_account_sid": ACCOUNT,
        "twilio_auth_token": SecretStr(AUTH_TOKEN),
        "token_orchestrator": SecretStr("order-token"),
    }
    return OrchestratorSettings.model_validate(values | changes)


@asynccontextmanager
async def running_app(settings: OrchestratorSettings) -> AsyncIterator[FastAPI]:
    """Run the app's lifespan: store, gRPC server, sweeper."""
    if not settings.database_url:
        fresh_database(settings.data_dir / "ringback.db")
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Speak HTTP with the app, as somebody on this machine does."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


def signed(path: str, form: Mapping[str, object], *, key: str = AUTH_TOKEN) -> dict[str, str]:
    """Sign a webhook the way twilio-python would check it."""
    signature = RequestValidator(key).compute_signature(f"{PUBLIC_URL}{path}", form)
    return {
        "X-Twilio-Signature": signature,
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
    }


async def post_webhook(app: FastAPI, path: str, form: Mapping[str, str]) -> httpx.Response:
    """Post one signed webhook."""
    async with client_of(app) as client:
        return await client.post(path, content=urlencode(form), headers=signed(path, form))


def status_form(word: str, **more: str) -> dict[str, str]:
    """Build the form of a status callback."""
    form = {"AccountSid": ACCOUNT, "CallSid": CALL_SID, "CallStatus": word, "To": LUIGI}
    return form | more


async def confirmed_call(app: FastAPI) -> str:
    """Confirm a task of ours; answer its call_id."""
    store: Store = app.state.store
    task_id = await add_confirming_task(store)
    order = CallOrder("food_order", "Order.", {}, (), LUIGI)
    timings: CallTimings = app.state.timings
    return (await calls.confirm_task(store, task_id, None, order, timings)).call_id


async def row_of(app: FastAPI, call_id: str) -> CallRow:
    """Read how a call stands."""
    store: Store = app.state.store
    row = await store.read(lambda connection: read_call(connection, call_id))
    assert row is not None
    return row
