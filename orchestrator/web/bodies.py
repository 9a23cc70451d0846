"""Reads JSON bodies: strict, bounded, and never echoing what came."""

from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from orchestrator.errors import InvalidInput, OrchestratorError, Violation

LONGEST_BODY = 65_536  # bytes
Body = TypeVar("Body", bound=BaseModel)


class NotJson(OrchestratorError):
    """Says that the body is of another media type."""

    code = "INVALID_ARGUMENT"
    http_status = 415


class BodyTooLarge(OrchestratorError):
    """Says that the body is longer than any valid one."""

    code = "INVALID_ARGUMENT"
    http_status = 413


async def read_body(request: Request, model: type[Body]) -> Body:
    """Read the body as that model.

    Raises: NotJson, BodyTooLarge, InvalidInput with a violation per field.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise NotJson("expected a body of type application/json")
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > LONGEST_BODY:
            raise BodyTooLarge(f"expected at most {LONGEST_BODY} bytes")
    try:
        return model.model_validate_json(bytes(content) or b"{}")
    except ValidationError as error:
        raise InvalidInput(_violations(error)) from error


def _violations(error: ValidationError) -> list[Violation]:
    """Name the fields without repeating what came in them."""
    return [
        Violation(".".join(str(part) for part in one["loc"]) or "body", one["msg"])
        for one in error.errors(include_url=False, include_context=False, include_input=False)
    ]
