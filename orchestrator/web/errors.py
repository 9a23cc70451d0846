"""Answers the Orchestrator's errors as JSON that a person can read."""

from collections.abc import Callable, Coroutine

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from orchestrator.errors import InvalidInput, OrchestratorError, Violation


class PlainErrorRoute(APIRoute):
    """A route whose errors become {"error", "message", "fields"}; none shows what came in."""

    def get_route_handler(
        self,
    ) -> Callable[[Request], Coroutine[None, None, Response]]:
        """Wrap the route's own handler."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                fields = [
                    Violation(".".join(str(part) for part in one["loc"][1:]), str(one["msg"]))
                    for one in error.errors()
                ]
                return answer_error(InvalidInput(fields))
            except OrchestratorError as error:
                return answer_error(error)

        return answer


def answer_error(error: OrchestratorError) -> JSONResponse:
    """Write one error as JSON."""
    return JSONResponse(error.body(), error.http_status, error.headers())
