"""Exchanges a token for a session cookie, where tokens are configured."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from orchestrator.web.bodies import read_body
from orchestrator.web.errors import PlainErrorRoute
from orchestrator.web.services import ServicesOf
from orchestrator.web.sessions import COOKIE, LIFE_S

router = APIRouter(route_class=PlainErrorRoute, include_in_schema=False)


class _TokenBody(BaseModel):
    model_config = ConfigDict(strict=True)

    token: str = Field(min_length=1, max_length=400)


@router.post("/session")
async def open_session(request: Request, services: ServicesOf) -> Response:
    """Set the session cookie for a valid token."""
    body = await read_body(request, _TokenBody)
    cookie = services.sessions.make_cookie(services.sessions.check_token(body.token))
    answer = Response(status_code=204)
    answer.set_cookie(COOKIE, cookie, max_age=LIFE_S, secure=True, httponly=True, samesite="strict")
    return answer
