"""The carrier's callback about a recording: it adds to the result, early, late or twice."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI

from orchestrator.call_results import get_result, receive_proto, record_call_result
from orchestrator.store import schema
from orchestrator.store.recordings import RecordingState, read_recording
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
from tests.rows_rig import rows_of

RECORDING_SID = "RE" + "5" * 32
OTHER_SID = "RE" + "6" * 32
NEVER_MINTED = "0192f000-0000-7000-8000-000000000000"
ODD_FORMS: tuple[tuple[dict[str, str], int], ...] = (
    ({"RecordingSid": "RE123"}, 400),
    ({"RecordingSid": "../../Calls"}, 400),
    ({"RecordingSid": "CA" + "5" * 32}, 400),
    ({"RecordingStatus": "in-progress"}, 204),
    ({"RecordingStatus": "eaten"}, 204),
    ({"RecordingStatus": ""}, 204),
    ({"AccountSid": "AC" + "f" * 32}, 403),
    ({"CallSid": "CA1"}, 400),
)


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[FastAPI]:
    async with running_app(rig_settings(tmp_path)) as running:
        yield running


def recording_form(**changes: str) -> dict[str, str]:
    form = {
        **status_form(""),
        "RecordingSid": RECORDING_SID,
        "RecordingUrl": "http://169.254.169.254/latest/meta-data",
        "RecordingStatus": "completed",
        "RecordingDuration": "47",
        "RecordingChannels": "2",
        "RecordingSource": "OutboundAPI",
        "ErrorCode": "0",
    }
    return form | changes


async def tell(app: FastAPI, call_id: str, **changes: str) -> int:
    path = f"/twilio/recording/{call_id}"
    return (await post_webhook(app, path, recording_form(**changes))).status_code


async def report(app: FastAPI, call_id: str) -> None:
    result = pb.CallResult(
        call_id=call_id,
        call_sid=CALL_SID,
        status=pb.CALL_STATUS_COMPLETED,
        end_reason=pb.END_REASON_AGENT_HUNG_UP,
        outcome=pb.OUTCOME_SUCCEEDED,
        source=pb.SOURCE_HANDLER,
        report_id="handler-1",
    )
    await record_call_result(app.state.store, receive_proto(result))


def page_of(call_id: str) -> str:
    return f"/calls/{call_id}/recording"


async def test_a_recording_is_added_to_the_result_by_a_later_revision(app: FastAPI) -> None:
    call_id = await confirmed_call(app)
    await report(app, call_id)
    assert await tell(app, call_id) == 204
    result = await get_result(app.state.store, call_id)
    assert (result.recording_url, result.revision) == (page_of(call_id), 2)
    assert (result.outcome, result.source) == (pb.OUTCOME_SUCCEEDED, pb.SOURCE_HANDLER)


async def test_a_recording_that_comes_first_waits_for_the_result(app: FastAPI) -> None:
    call_id = await confirmed_call(app)
    assert await tell(app, call_id) == 204
    assert await rows_of(app.state.store, schema.result) == []
    await report(app, call_id)
    result = await get_result(app.state.store, call_id)
    assert (result.recording_url, result.outcome) == (page_of(call_id), pb.OUTCOME_SUCCEEDED)
    reports = await rows_of(app.state.store, schema.report)
    assert sorted(str(one["report_id"]) for one in reports) == ["handler-1", "recording"]


async def test_a_repeat_and_another_recording_change_nothing(app: FastAPI) -> None:
    call_id = await confirmed_call(app)
    await report(app, call_id)
    await tell(app, call_id)
    before = await get_result(app.state.store, call_id)
    for changes in ({}, {"RecordingSid": OTHER_SID}, {"RecordingStatus": "absent"}):
        assert await tell(app, call_id, **changes) == 204
    kept = await app.state.store.read(lambda connection: read_recording(connection, call_id))
    assert before == await get_result(app.state.store, call_id)
    assert (kept.recording_sid, kept.duration_s) == (RECORDING_SID, 47)


async def test_an_absent_recording_adds_nothing_until_there_is_one(app: FastAPI) -> None:
    call_id = await confirmed_call(app)
    await report(app, call_id)
    await tell(app, call_id, RecordingStatus="absent", RecordingDuration="-1")
    kept = await app.state.store.read(lambda connection: read_recording(connection, call_id))
    assert (kept.state, kept.url, kept.duration_s) == (RecordingState.ABSENT, "", None)
    assert (await get_result(app.state.store, call_id)).revision == 1
    await tell(app, call_id)
    assert (await get_result(app.state.store, call_id)).recording_url == page_of(call_id)


async def test_a_recording_delays_no_result(app: FastAPI) -> None:
    call_id = await confirmed_call(app)
    await post_webhook(app, f"/twilio/status/{call_id}", status_form("in-progress"))
    await post_webhook(app, f"/twilio/status/{call_id}", status_form("completed"))
    before = await row_of(app, call_id)
    await tell(app, call_id)
    after = await row_of(app, call_id)
    assert after.due_at in {before.due_at, None}  # None: the sweeper has filed it meanwhile


async def test_odd_forms_keep_nothing(app: FastAPI) -> None:
    call_id = await confirmed_call(app)
    for changes, status in ODD_FORMS:
        assert await tell(app, call_id, **changes) == status, changes
    assert await rows_of(app.state.store, schema.recording) == []


async def test_a_forged_recording_is_refused(app: FastAPI) -> None:
    call_id = await confirmed_call(app)
    path, form = f"/twilio/recording/{call_id}", recording_form()
    async with client_of(app) as client:
        unsigned = await client.post(path, content=urlencode(form))
        other = {**form, "RecordingSid": OTHER_SID}
        changed = await client.post(path, content=urlencode(other), headers=signed(path, form))
    assert (unsigned.status_code, changed.status_code) == (403, 403)
    assert await tell(app, NEVER_MINTED) == 404
    assert await rows_of(app.state.store, schema.recording) == []
