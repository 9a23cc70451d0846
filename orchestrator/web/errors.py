"""Answers the Orchestrator's errors as JSON that a person can read."""

from collections.abc import Callable, Coroutine

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from orchestrator.errors import InvalidInput, OrchestratorError, StoreUnavailable, Violation

_RETRY_S = 1


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
    violations = error.violations if isinstance(error, InvalidInput) else ()
    content = {
        "error": error.code.lower(),
        "message": str(error),
        "fields": [{"field": one.field, "message": one.description} for one in violations],
    }
    headers = {"Retry-After": str(_RETRY_S)} if isinstance(error, StoreUnavailable) else {}
    return JSONResponse(content, status_code=error.http_status, headers=headers)
