"""The REST door for tooling: a result in by POST /call_result, out by GET /api/results/{call_id}.

The body of the POST is the contract's JSON or the plain body of six fields. The answer is the
contract's ReportResponse. All errors have the form
{"error", "message", "fields": [{"field", "message"}]} and never repeat the input.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from google.protobuf.json_format import MessageToDict

from orchestrator.call_results import get_result, receive_json, record_call_result
from orchestrator.call_results.access import Right, Tokens
from orchestrator.errors import OrchestratorError
from orchestrator.store import Store

BODY_BYTES = 512 * 1024
JSON_TYPE = "application/json"

router = APIRouter(tags=["results"])


def find_store(request: Request) -> Store:
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


def answer_error(error: OrchestratorError) -> JSONResponse:
    """Translate an error of ours into an answer."""
    return JSONResponse(error.body(), error.http_status, error.headers())


def _require(request: Request, right: Right) -> None:
    """Check the caller's token. Raises: NotAuthenticated, NotAllowed."""
    tokens: Tokens = request.app.state.tokens
    tokens.require(request.headers.get("authorization"), right)
