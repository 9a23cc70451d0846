"""The HTTP side of orders: who may order, and how an answer looks."""

import hmac
from collections.abc import Sequence

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import SecretStr

from call_handler.errors import NoToken, OrderError, WrongRole
from call_handler.orders.body import read_order
from call_handler.orders.desk import OrderDesk
from call_handler.orders.memory import LATER
from call_handler.settings import HandlerSettings
from foundation.settings import secrets_of

log = structlog.get_logger(__name__)
router = APIRouter()
_RETRY_AFTER_S = "10"


@router.post("/order")
async def handle_order(request: Request) -> JSONResponse:
    """Place the ordered call, or say why not; only the Orchestrator's token is served."""
    desk: OrderDesk = request.app.state.order_desk
    try:
        check_token(desk.settings, request.headers.get("authorization", ""))
        raw = await request.body()
        order = read_order(raw, request.headers.get("content-type", ""))
        answer = await desk.take(order, raw)
    except OrderError as error:
        log.info("order_not_taken", error=error.error, status=error.status)
        return JSONResponse(error.body(), error.status, dict(error.headers()))
    headers = {"Retry-After": _RETRY_AFTER_S} if answer.status == LATER else {}
    return JSONResponse(dict(answer.body), answer.status, headers)


def check_token(settings: HandlerSettings, authorization: str) -> None:
    """Serve the Orchestrator only, on this machine too; without a configured token nobody.

    Raises: NoToken, WrongRole.
    """
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NoToken("POST /order needs Authorization: Bearer RINGBACK_TOKEN_ORCHESTRATOR")
    given = token.strip()
    if _is_one_of(given, (settings.token_orchestrator,)):
        return
    others = (
        settings.token_handler,
        settings.token_operator,
        settings.token_reader,
        settings.token_person,
    )
    if _is_one_of(given, others):
        raise WrongRole("this token may not order calls; only the Orchestrator's may")
    raise NoToken("this token is not known here")


def _is_one_of(given: str, secrets: Sequence[SecretStr]) -> bool:
    encoded = given.encode("utf-8", "surrogatepass")
    fits = False
    for secret in secrets:
        for value in secrets_of(secret):
            fits |= hmac.compare_digest(encoded, value.encode())
    return fits
