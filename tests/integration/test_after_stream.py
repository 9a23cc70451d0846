"""POST /after-stream: a hang-up when the end was ours, else an apology; nothing for strangers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import httpx
import pytest

from call_handler.after_stream import APOLOGY
from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc
from tests.integration.call_reporter_server import ScriptedResults, free_port, serving
from tests.integration.handler_rig import (
    HANDLER_URL,
    Handler,
    running_handler,
    settings_of,
    sign_form,
)
from tests.integration.scripted_carrier import ACCOUNT, SID

NO_HEADERS: Mapping[str, str] = {}
CALL_ID = "019ab-c1"
PATH = f"/after-stream/{CALL_ID}"
FORM = {
    "CallSid": SID,
    "AccountSid": ACCOUNT,
    "From": "+14155550199",
    "To": "+14155550100",
    "CallStatus": "in-progress",
}
HANG_UP = '<?xml version="1.0" encoding="UTF-8"?><Response><Hangup /></Response>'
SORRY = HANG_UP.replace("<Hangup", f"<Say>{APOLOGY}</Say><Hangup")


async def ask(
    handler: Handler,
    form: Mapping[str, str] = FORM,
    headers: Mapping[str, str] = NO_HEADERS,
) -> httpx.Response:
    """Ask as the carrier does: signed for the public address."""
    signed = {"Host": "handler.ringback.test", **sign_form(HANDLER_URL + PATH, [*form.items()])}
    return await handler.client.post(PATH, data=dict(form), headers={**signed, **headers})


class Orchestrator(ScriptedResults):
    """Knows one result, or hangs."""

    def __init__(self, end_reason: pb.EndReason.ValueType | None, *, hangs: bool = False) -> None:
        super().__init__()
        self.end_reason = end_reason
        self.hangs = hangs
        self.over = asyncio.Event()

    async def GetResult(  # noqa: N802 - the contract's name
        self, request: pb.GetResultRequest, context: pb_grpc._ServicerContext
    ) -> pb.GetResultResponse:
        if self.hangs:
            await self.over.wait()
        if self.end_reason is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no result")
            raise AssertionError
        result = pb.CallResult(call_id=request.call_id, end_reason=self.end_reason)
        return pb.GetResultResponse(result=result)


@asynccontextmanager
async def handler_with(orchestrator: Orchestrator, folder: Path) -> AsyncIterator[Handler]:
    async with serving(orchestrator) as target:
        settings = settings_of(folder, "http://127.0.0.1:9", orchestrator_grpc=target)
        async with running_handler(settings) as handler:
            yield handler
            orchestrator.over.set()


async def test_an_end_that_nobody_knows_of_is_apologised_for(tmp_path: Path) -> None:
    async with handler_with(Orchestrator(None), tmp_path) as handler:
        answer = await ask(handler)
    assert (answer.status_code, answer.text) == (200, SORRY)
    assert answer.headers["content-type"].startswith("text/xml")


async def test_an_end_of_ours_is_a_hang_up(tmp_path: Path) -> None:
    orchestrator = Orchestrator(pb.END_REASON_AGENT_HUNG_UP)
    async with handler_with(orchestrator, tmp_path) as handler:
        assert (await ask(handler)).text == HANG_UP


@pytest.mark.parametrize(
    "reason",
    [
        pb.END_REASON_MODEL_ERROR,
        pb.END_REASON_HANDLER_LOST,
        pb.END_REASON_HANDLER_STOPPED,
        pb.END_REASON_INTERNAL_ERROR,
    ],
)
async def test_an_end_by_our_own_fault_is_apologised_for(
    tmp_path: Path, reason: pb.EndReason.ValueType
) -> None:
    async with handler_with(Orchestrator(reason), tmp_path) as handler:
        assert (await ask(handler)).text == SORRY


async def test_our_own_outbox_suffices_when_the_orchestrator_is_away(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "http://127.0.0.1:9")
    async with running_handler(settings) as handler:
        report = pb.CallResult(
            call_id=CALL_ID,
            call_sid=SID,
            report_id="r1",
            status=pb.CALL_STATUS_COMPLETED,
            source=pb.SOURCE_HANDLER,
        )
        await handler.app.state.reporter.report(report)
        assert (await ask(handler)).text == HANG_UP


async def test_an_orchestrator_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    async with handler_with(Orchestrator(None, hangs=True), tmp_path) as handler:
        async with asyncio.timeout(30):
            assert (await ask(handler)).text == SORRY


async def ask_while_away(handler: Handler, seconds: float) -> None:
    """Ask and ask, and be answered without the Orchestrator, until the time has passed."""
    async with asyncio.timeout(seconds + 5):
        until = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < until:
            assert (await ask(handler)).text == SORRY


@pytest.mark.parametrize(
    "away_s", [0.0, pytest.param(20.0, marks=pytest.mark.chaos)], ids=["once", "20s"]
)
async def test_an_orchestrator_that_is_back_is_asked_at_once(tmp_path: Path, away_s: float) -> None:
    port = free_port()
    target = f"127.0.0.1:{port}"
    settings = settings_of(tmp_path, "http://127.0.0.1:9", orchestrator_grpc=target)
    async with running_handler(settings) as handler:
        assert (await ask(handler)).text == SORRY
        await ask_while_away(handler, away_s)
        async with serving(Orchestrator(pb.END_REASON_AGENT_HUNG_UP), port):
            assert (await ask(handler)).text == HANG_UP


async def test_the_same_question_twice_gets_the_same_answer(tmp_path: Path) -> None:
    async with handler_with(Orchestrator(None), tmp_path) as handler:
        assert (await ask(handler)).text == (await ask(handler)).text


async def test_strangers_are_refused(tmp_path: Path) -> None:
    async with running_handler(settings_of(tmp_path, "http://127.0.0.1:9")) as handler:
        rows = {
            "no signature": await handler.client.post(PATH, data=FORM),
            "empty": await ask(handler, headers={"X-Twilio-Signature": ""}),
            "wrong": await ask(handler, headers={"X-Twilio-Signature": "AAAA"}),
            "another call's": await handler.client.post(
                PATH,
                data=FORM,
                headers=sign_form(f"{HANDLER_URL}/after-stream/c2", [*FORM.items()]),
            ),
            "http": await handler.client.post(
                PATH,
                data=FORM,
                headers=sign_form(f"http://handler.ringback.test{PATH}", [*FORM.items()]),
            ),
            "another account": await ask(handler, {**FORM, "AccountSid": "AC" + "0" * 32}),
            "no account": await ask(handler, {"CallSid": SID}),
            "unknown algorithm": await ask(
                handler, headers={"X-Twilio-Webhooks-Signature-Settings": "key=k,algorithm=MD5"}
            ),
        }
        assert {row: answer.status_code for row, answer in rows.items()} == dict.fromkeys(rows, 403)
        many = await ask(handler, {f"f{number}": "" for number in range(200)})
        assert many.status_code == 400
        assert (await handler.client.get(PATH)).status_code == 405


async def test_without_a_signature_the_body_is_not_waited_for(tmp_path: Path) -> None:
    async with running_handler(settings_of(tmp_path, "http://127.0.0.1:9")) as handler:
        reader, writer = await asyncio.open_connection("127.0.0.1", handler.port)
        head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n"
        writer.write(head.encode())
        async with asyncio.timeout(30):
            assert (await reader.readline()).startswith(b"HTTP/1.1 403")
        writer.close()


async def test_without_keys_nobody_is_believed(tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path, "http://127.0.0.1:9", twilio_auth_token="", twilio_account_sid=""
    )
    async with running_handler(settings) as handler:
        assert (await ask(handler)).status_code == 503
