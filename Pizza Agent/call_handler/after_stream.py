"""POST /after-stream/{call_id}: what the callee hears when the stream ended and the call did not.

The carrier asks any replica. The answer is a hang-up when the end was ours, else an apology and a
hang-up; never anything else, the call is not taken over.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
import structlog
from fastapi import APIRouter, Request
from fastapi.responses import Response
from structlog.contextvars import bound_contextvars

from call_handler.errors import WebhookRefused
from call_handler.settings import HandlerSettings
from call_reporter import CallReporter, ReporterError
from ringback.v1.call_results_pb2 import CallResult, EndReason, GetResultRequest
from telephony.signatures import (
    SignatureKeys,
    SignatureRefused,
    read_signed_form,
    require_signature,
)
from telephony.twiml import CONTENT_TYPE, after_stream_twiml

if TYPE_CHECKING:  # the asynchronous stub's type exists for type checkers only
    from ringback.v1.call_results_pb2_grpc import CallResultsAsyncStub

log = structlog.get_logger(__name__)
router = APIRouter()

APOLOGY = "I am sorry, a technical problem ended this call. Thank you for your time. Goodbye."
_ASK_S = 1.0
# Our ends that the callee did not see coming.
_OUR_FAULTS = frozenset(
    {
        EndReason.END_REASON_MODEL_ERROR,
        EndReason.END_REASON_HANDLER_LOST,
        EndReason.END_REASON_HANDLER_STOPPED,
        EndReason.END_REASON_MEDIA_LOST,
        EndReason.END_REASON_INTERNAL_ERROR,
    }
)

AskResult = Callable[[str], Awaitable[CallResult | None]]


@dataclass(frozen=True, slots=True)
class AfterStreamDoor:
    """What the door works with; `app.state.after_stream_door`."""

    settings: HandlerSettings
    keys: SignatureKeys
    reporter: CallReporter
    ask_result: AskResult
    """Asks the Orchestrator for a call's result; None when there is none or no answer."""


@router.post("/after-stream/{call_id}")
async def handle_after_stream(call_id: str, request: Request) -> Response:
    """Answer the carrier's question what to do with the call now."""
    door: AfterStreamDoor = request.app.state.after_stream_door
    try:
        fields = await read_own_form(request, door)
    except (SignatureRefused, WebhookRefused) as refusal:
        log.warning("webhook_refused", path="/after-stream", reason=str(refusal))
        return Response(status_code=refusal.status)
    with bound_contextvars(call_id=call_id, call_sid=fields.get("CallSid", "")):
        apology = await choose_apology(door, call_id)
        log.info("after_stream", apologised=apology is not None)
    return Response(after_stream_twiml(apology), media_type=CONTENT_TYPE)


async def choose_apology(door: AfterStreamDoor, call_id: str) -> str | None:
    """Decide whether the callee is owed an apology: the end was not ours, or was our fault."""
    is_over, result = await asyncio.gather(_is_over_here(door, call_id), door.ask_result(call_id))
    if result is not None:
        return APOLOGY if result.end_reason in _OUR_FAULTS else None
    return None if is_over else APOLOGY


async def read_own_form(request: Request, door: AfterStreamDoor) -> dict[str, str]:
    """Read a form that the carrier signed for this very address and account.

    Raises: SignatureRefused, before the body is read if there is no signature; WebhookRefused.
    """
    require_signature(door.keys, request.headers)
    url, body = public_url(door.settings, request), await request.body()
    form = read_signed_form(door.keys, url, body, request.headers)
    account_sid = form.get("AccountSid", "").encode("utf-8", "replace")
    if not hmac.compare_digest(account_sid, door.settings.twilio_account_sid.encode()):
        raise WebhookRefused("the request is of another account")
    return form


def public_url(settings: HandlerSettings, request: Request) -> str:
    """Build the address that the carrier asked: the configured one and the path as it came."""
    path = bytes(request.scope["raw_path"]).decode("latin-1")
    query = bytes(request.scope["query_string"]).decode("latin-1")
    return settings.handler_public_url + path + (f"?{query}" if query else "")


def ask_by_grpc(stub: "CallResultsAsyncStub", token: str) -> AskResult:
    """Build the question to the Orchestrator: GetResult, one second at most.

    It waits for a connection that long, so that an Orchestrator that is just back is asked.
    """
    metadata = (("authorization", f"Bearer {token}"),) if token else ()

    async def ask(call_id: str) -> CallResult | None:
        try:
            answer = await stub.GetResult(
                GetResultRequest(call_id=call_id),
                timeout=_ASK_S,
                metadata=metadata,
                wait_for_ready=True,
            )
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.NOT_FOUND:
                log.warning("orchestrator_not_reached", code=error.code().name)
            return None
        return answer.result

    return ask


async def _is_over_here(door: AfterStreamDoor, call_id: str) -> bool:
    try:
        async with asyncio.timeout(_ASK_S):
            return await door.reporter.is_over(call_id)
    except (ReporterError, TimeoutError):
        log.exception("outbox_not_read")
        return False
