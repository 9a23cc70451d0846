"""The carrier's callback about who answered: believed when signed, harmless late and twice."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI

from orchestrator.call_results import get_result, receive_proto, record_call_result
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


def detection_form(word: str, **more: str) -> dict[str, str]:
    return {**status_form(""), "AnsweredBy": word, "MachineDetectionDuration": "2800"} | more


async def tell(app: FastAPI, call_id: str, word: str, **more: str) -> int:
    form = detection_form(word, **more)
    return (await post_webhook(app, f"/twilio/answered/{call_id}", form)).status_code


async def report(app: FastAPI, call_id: str, **fields: object) -> pb.CallResult:
    told = {
        "call_id": call_id,
        "call_sid": CALL_SID,
        "status": pb.CALL_STATUS_COMPLETED,
        "source": pb.SOURCE_HANDLER,
    }
    result = pb.CallResult(**{**told, **fields})  # type: ignore[arg-type] # fields by name
    await record_call_result(app.state.store, receive_proto(result))
    return await get_result(app.state.store, call_id)


async def test_the_word_is_kept_and_proves_that_somebody_answered(app: FastAPI) -> None:
    call_id = await confirmed_call(app)
    assert await tell(app, call_id, "machine_end_beep") == 204
    row = await row_of(app, call_id)
    assert (row.answered_by, row.call_sid) == ("machine_end_beep", CALL_SID)
    assert (row.state, row.status) == (CallState.WAITING, pb.CALL_STATUS_IN_PROGRESS)


async def test_a_replay_and_a_lesser_word_change_nothing(app: FastAPI) -> None:
    call_id = await confirmed_call(app)
    await tell(app, call_id, "machine_end_beep")
    before = await row_of(app, call_id)
    for word in ("machine_end_beep", "machine_start", "human", "unknown"):
        assert await tell(app, call_id, word) == 204
    assert before == await row_of(app, call_id)


async def test_odd_words_are_refused_or_survived(app: FastAPI) -> None:
    call_id = await confirmed_call(app)
    assert await tell(app, call_id, "") == 400
    for word in ("Human<script>", "x" * 5_000, "h\x00man"):
        assert await tell(app, call_id, word) == 204
    assert (await row_of(app, call_id)).answered_by == ""
    assert await tell(app, call_id, "teleported") == 204
    assert (await row_of(app, call_id)).answered_by == "teleported"


async def test_a_forged_word_is_refused(app: FastAPI) -> None:
    call_id = await confirmed_call(app)
    path, form = f"/twilio/answered/{call_id}", detection_form("human")
    forged = urlencode(form | {"AnsweredBy": "fax"})
    async with client_of(app) as client:
        unsigned = await client.post(path, content=forged)
        changed = await client.post(path, content=forged, headers=signed(path, form))
    assert (unsigned.status_code, changed.status_code) == (403, 403)
    assert (await row_of(app, call_id)).answered_by == ""


async def test_a_word_about_another_call_or_account_is_refused(app: FastAPI) -> None:
    call_id = await confirmed_call(app)
    await tell(app, call_id, "unknown")
    assert await tell(app, call_id, "fax", CallSid="CA" + "f" * 32) == 403
    assert await tell(app, call_id, "fax", AccountSid="AC" + "f" * 32) == 403
    assert await tell(app, NEVER_MINTED, "fax") == 404
    assert (await row_of(app, call_id)).answered_by == "unknown"


async def test_a_late_word_fills_a_result_that_did_not_know_it(app: FastAPI) -> None:
    call_id = await confirmed_call(app)
    await report(app, call_id)
    await tell(app, call_id, "machine_start")
    result = await get_result(app.state.store, call_id)
    assert (result.answered_by, result.revision) == (pb.ANSWERED_BY_VOICEMAIL, 2)


async def test_a_late_word_changes_no_result_of_who_was_there(app: FastAPI) -> None:
    call_id = await confirmed_call(app)
    before = await report(app, call_id, answered_by=pb.ANSWERED_BY_HUMAN)
    for word in ("teleported", "unknown", "machine_start"):
        assert await tell(app, call_id, word) == 204
    assert before == await get_result(app.state.store, call_id)
