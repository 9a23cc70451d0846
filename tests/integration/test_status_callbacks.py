"""The carrier's webhooks at the door: who is believed, and what a request cannot do."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.datastructures import FormData

from orchestrator.store.calls import CallState
from ringback.v1 import call_results_pb2 as pb
from tests.integration.orchestrator_rig import (
    CALL_SID,
    client_of,
    confirmed_call,
    post_webhook,
    rig_settings,
    row_of,
    running_app,
    signed,
    status_form,
)

NEVER_MINTED = "0192f000-0000-7000-8000-000000000000"


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[FastAPI]:
    async with running_app(rig_settings(tmp_path)) as running:
        yield running


async def test_a_signed_callback_is_answered_after_the_commit(app: FastAPI) -> None:
    call_id = await confirmed_call(app)
    answer = await post_webhook(app, f"/twilio/status/{call_id}", status_form("ringing"))
    row = await row_of(app, call_id)
    assert answer.status_code == 204
    assert (row.state, row.call_sid, row.status) == (
        CallState.WAITING,
        CALL_SID,
        pb.CALL_STATUS_RINGING,
    )


async def test_f37_an_unsigned_request_is_refused_before_its_body_is_read(app: FastAPI) -> None:
    sent = []

    async def receive() -> dict[str, object]:
        raise AssertionError("the body was read")

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": f"/twilio/status/{NEVER_MINTED}",
        "raw_path": f"/twilio/status/{NEVER_MINTED}".encode(),
        "query_string": b"",
        "headers": [(b"host", b"orchestrator.ringback.test")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)  # type: ignore[arg-type] # ASGI's open dicts
    assert sent[0]["status"] == 403


@pytest.mark.parametrize(
    "change",
    [
        {"CallStatus": "completed"},
        {"CallSid": "CA" + "f" * 32},
        {"Extra": "1"},
    ],
)
async def test_f37_a_changed_form_is_refused(app: FastAPI, change: dict[str, str]) -> None:
    call_id = await confirmed_call(app)
    path, form = f"/twilio/status/{call_id}", status_form("ringing")
    async with client_of(app) as client:
        answer = await client.post(
            path, content=urlencode(form | change), headers=signed(path, form)
        )
    assert answer.status_code == 403
    assert (await row_of(app, call_id)).call_sid is None


async def test_f37_a_signature_of_another_url_or_key_is_refused(app: FastAPI) -> None:
    call_id = await confirmed_call(app)
    path, form = f"/twilio/status/{call_id}", status_form("ringing")
    other = f"/twilio/status/{NEVER_MINTED}"
    async with client_of(app) as client:
        for headers in (signed(other, form), signed(path, form, key="another-key")):
            answer = await client.post(path, content=urlencode(form), headers=headers)
            assert answer.status_code == 403


async def test_f37_a_callback_of_another_call_is_refused_at_this_path(app: FastAPI) -> None:
    call_id = await confirmed_call(app)
    path = f"/twilio/status/{call_id}"
    await post_webhook(app, path, status_form("ringing"))
    answer = await post_webhook(app, path, status_form("completed", CallSid="CA" + "f" * 32))
    assert answer.status_code == 403
    assert (await row_of(app, call_id)).status == pb.CALL_STATUS_RINGING


async def test_f37_a_hundred_replays_change_nothing(app: FastAPI) -> None:
    call_id = await confirmed_call(app)
    path, form = f"/twilio/status/{call_id}", status_form("busy")
    await post_webhook(app, path, form)
    before = await row_of(app, call_id)
    for _ in range(100):
        assert (await post_webhook(app, path, form)).status_code == 204
    assert await row_of(app, call_id) == before


@pytest.mark.parametrize(
    ("form", "status"),
    [
        (status_form("ringing", AccountSid="AC" + "f" * 32), 403),
        (status_form("ringing", CallSid="CA123"), 400),
        (status_form(""), 400),
        (status_form("teleported"), 204),
        (status_form("ringing", **{f"f{n}": "" for n in range(200)}), 400),
        (status_form("ringing", Long="x" * 70_000), 413),
        (status_form("completed", CallDuration="-1", SipResponseCode="x", Timestamp="?"), 204),
        (status_form("completed", CallDuration="9" * 30), 204),
        (status_form("ringing", To="\x00", From="not a number"), 204),
    ],
)
async def test_odd_forms_are_refused_or_survived(
    app: FastAPI, form: dict[str, str], status: int
) -> None:
    path = f"/twilio/status/{await confirmed_call(app)}"
    answer = await post_webhook(app, path, form)
    assert answer.status_code == status


@pytest.mark.parametrize("call_id", [NEVER_MINTED, "c1", "..%2F", "x" * 500])
async def test_an_unknown_call_is_not_found(app: FastAPI, call_id: str) -> None:
    answer = await post_webhook(app, f"/twilio/status/{call_id}", status_form("ringing"))
    assert answer.status_code == 404


async def test_a_callback_is_posted_and_not_fetched(app: FastAPI) -> None:
    async with client_of(app) as client:
        answer = await client.get(f"/twilio/status/{NEVER_MINTED}")
    assert answer.status_code == 405


async def test_a_field_with_two_values_is_not_read(app: FastAPI) -> None:
    path = f"/twilio/status/{await confirmed_call(app)}"
    form = [*status_form("ringing").items(), ("CallStatus", "completed")]
    signature = signed(path, FormData([*form]))
    async with client_of(app) as client:
        answer = await client.post(path, content=urlencode(form), headers=signature)
    assert answer.status_code == 400


async def test_a_path_without_a_call_makes_an_external_call(app: FastAPI) -> None:
    answer = await post_webhook(app, "/twilio/status", status_form("ringing"))
    async with client_of(app) as client:
        listed = (await client.get("/api/calls?limit=5")).json()["calls"]
    assert answer.status_code == 204
    assert [call["call_sid"] for call in listed] == [CALL_SID]


async def test_the_streams_own_callback_is_a_witness(app: FastAPI) -> None:
    call_id = await confirmed_call(app)
    form = {**status_form(""), "StreamEvent": "stream-started", "StreamSid": "MZ" + "1" * 32}
    answer = await post_webhook(app, f"/twilio/stream/{call_id}", form)
    row = await row_of(app, call_id)
    assert answer.status_code == 204
    assert (row.call_sid, row.status) == (CALL_SID, pb.CALL_STATUS_IN_PROGRESS)


async def test_without_a_key_nothing_is_believed(tmp_path: Path) -> None:
    settings = rig_settings(tmp_path, twilio_auth_token=SecretStr(""))
    async with running_app(settings) as app:
        answer = await post_webhook(app, "/twilio/status", status_form("ringing"))
    assert answer.status_code == 503
