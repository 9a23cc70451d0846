"""The REST door for tooling: results in and out, and the numbers that are not to be called.

POST /call_result takes the contract's JSON or the plain body of six fields and answers the
contract's ReportResponse; GET /api/results/{call_id} reads one result; GET /api/opt-outs lists
numbers, DELETE /api/opt-outs/{number} takes one off the list. All errors have the form
{"error", "message", "fields": [{"field", "message"}]} and never repeat the input.
"""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from google.protobuf.json_format import MessageToDict

from foundation.text import mask_number
from orchestrator.call_results import get_result, receive_json, record_call_result
from orchestrator.call_results.access import Right, Tokens
from orchestrator.errors import NotFound, OrchestratorError
from orchestrator.store import Store
from orchestrator.store.opt_outs import OptOut, list_opt_outs, remove_opt_out

log = structlog.get_logger(__name__)

BODY_BYTES = 512 * 1024
MOST_OPT_OUTS = 10_000
JSON_TYPE = "application/json"

router = APIRouter(tags=["results"])


async def find_store(request: Request) -> Store:
    """Return the store that the composition root put into the app's state."""
    store: Store = request.app.state.store
    return store


StoreOfApp = Annotated[Store, Depends(find_store)]


@router.post("/call_result", max_body_size=BODY_BYTES)
async def post_call_result(request: Request, store: StoreOfApp) -> JSONResponse:
    """Record one result; the same rules and dispositions as the RPC Report.

    200 with {disposition, call_id, revision}; 401 and 403 without the token; 413 above 512 KiB;
    415 for another type than application/json; 422 names the fields; 503 "later".
    """
    try:
        _require(request, Right.REPORT)
        content_type = request.headers.get("content-type", "").partition(";")[0]
        if content_type.strip().lower() != JSON_TYPE:
            body = {"error": "not_json", "message": f"send the result as {JSON_TYPE}", "fields": []}
            return JSONResponse(body, 415)
        received = receive_json(await request.body())
        recorded = await record_call_result(store, received)
    except OrchestratorError as error:
        return answer_error(error)
    return JSONResponse(
        {
            "disposition": recorded.word,
            "call_id": recorded.call_id,
            "revision": recorded.revision,
        }
    )


@router.get("/api/results/{call_id}")
async def get_call_result(call_id: str, request: Request, store: StoreOfApp) -> JSONResponse:
    """Read the newest revision of one result as the contract's JSON; 404 without one (yet)."""
    try:
        _require(request, Right.READ_ONE)
        result = await get_result(store, call_id)
    except OrchestratorError as error:
        return answer_error(error)
    return JSONResponse(MessageToDict(result, preserving_proto_field_name=True))


@router.get("/api/opt-outs")
async def get_opt_outs(request: Request, store: StoreOfApp) -> JSONResponse:
    """List the numbers whose owners asked not to be called again, the newest first."""
    try:
        _require(request, Right.OPERATE)
        found = await store.read(partial(list_opt_outs, limit=MOST_OPT_OUTS))
    except OrchestratorError as error:
        return answer_error(error)
    return JSONResponse({"opt_outs": [_opt_out_json(one) for one in found]})


@router.delete("/api/opt-outs/{number}")
async def delete_opt_out(number: str, request: Request, store: StoreOfApp) -> JSONResponse:
    """Take a number off the list, so that it may be called again; 404 when it is not there."""
    try:
        _require(request, Right.OPERATE)
        if not await store.write(partial(remove_opt_out, number=number)):
            raise NotFound("this number is not on the list; give it in full, such as +14155550100")
    except OrchestratorError as error:
        return answer_error(error)
    log.info("opt_out_removed", number=mask_number(number))
    return JSONResponse({"number": number, "removed": True})


def answer_error(error: OrchestratorError) -> JSONResponse:
    """Translate an error of ours into an answer."""
    return JSONResponse(error.body(), error.http_status, error.headers())


def _require(request: Request, right: Right) -> None:
    """Check the caller's token. Raises: NotAuthenticated, NotAllowed."""
    tokens: Tokens = request.app.state.tokens
    tokens.require(request.headers.get("authorization"), right)


def _opt_out_json(opt_out: OptOut) -> dict[str, str]:
    moment = datetime.fromtimestamp(opt_out.opted_out_at / 1_000_000, UTC)
    told_at = moment.isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"number": opt_out.number, "call_id": opt_out.call_id, "opted_out_at": told_at}
