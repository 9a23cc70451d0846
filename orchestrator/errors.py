"""The exceptions of the Orchestrator, each with the status code that the doors translate.

OrchestratorError
    InvalidInput            INVALID_ARGUMENT    422   never to be sent again
    NotJson                 INVALID_ARGUMENT    415   in web/bodies.py
    BodyTooLarge            INVALID_ARGUMENT    413   in web/bodies.py
    NotFound                NOT_FOUND           404
    AlreadyHeld             ALREADY_EXISTS      409
    ConversationBusy        ABORTED             409   in conversation/chat.py
    NothingToConfirm        FAILED_PRECONDITION 409   in conversation/chat.py
    AnswerTooLate           FAILED_PRECONDITION 409   in calls/questions.py
    FormIncomplete          FAILED_PRECONDITION 409   in conversation/order.py
    NotAuthenticated        UNAUTHENTICATED     401
    NotAllowed              PERMISSION_DENIED   403
    TooMany                 RESOURCE_EXHAUSTED  429
    CursorLost              OUT_OF_RANGE        410   start anew
    StoreUnavailable        UNAVAILABLE         503   later
    StoreUnusable           FAILED_PRECONDITION 503   the start is refused

Caught where they are raised, so no door sees them: BadContacts (contacts.py), BadReading
(conversation/reading.py), OwnNumberRefused (conversation/phone_numbers.py), DatabaseDamaged
(store/sqlite.py), Undone (store/group.py) and WebhookRefused (status_callbacks.py), which knows its
own status.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Violation:
    """Names one field and what is expected of it."""

    field: str
    """Path such as `transcript[3].text`; empty for the message as a whole."""
    description: str
    """What is expected, and what came; never the value of a text."""

    def __str__(self) -> str:
        return f"{self.field}: {self.description}" if self.field else self.description


class OrchestratorError(Exception):
    """Stands at the root of all errors that the doors translate."""

    code: ClassVar[str] = "INTERNAL"
    """The name of the gRPC status code."""
    http_status: ClassVar[int] = 500

    def body(self) -> dict[str, object]:
        """Build the JSON that every HTTP door answers."""
        return {"error": self.code.lower(), "message": str(self), "fields": []}

    def headers(self) -> Mapping[str, str]:
        """Build the answer's own HTTP headers."""
        return {}


class InvalidInput(OrchestratorError):
    """Says that a message breaks a rule, field by field; sending it again is useless."""

    code = "INVALID_ARGUMENT"
    http_status = 422

    def __init__(self, violations: Sequence[Violation]) -> None:
        self.violations = tuple(violations)
        super().__init__("; ".join(str(one) for one in violations))

    def body(self) -> dict[str, object]:
        """Name each field with what is expected of it."""
        fields = [{"field": one.field, "message": one.description} for one in self.violations]
        return super().body() | {"fields": fields}


class NotFound(OrchestratorError):
    """Says that the thing asked for does not exist (yet)."""

    code = "NOT_FOUND"
    http_status = 404


class AlreadyHeld(OrchestratorError):
    """Says that another telephone call or another stream holds this call."""

    code = "ALREADY_EXISTS"
    http_status = 409


class NotAuthenticated(OrchestratorError):
    """Says that no valid token came with the request."""

    code = "UNAUTHENTICATED"
    http_status = 401


class NotAllowed(OrchestratorError):
    """Says that the token's role may not do this."""

    code = "PERMISSION_DENIED"
    http_status = 403


class TooMany(OrchestratorError):
    """Says that a limit on things at once is reached."""

    code = "RESOURCE_EXHAUSTED"
    http_status = 429


class CursorLost(OrchestratorError):
    """Says that the database lost what a watcher had seen: its place means nothing any more."""

    code = "OUT_OF_RANGE"
    http_status = 410


class StoreUnavailable(OrchestratorError):
    """Says that the database cannot commit just now; the same request may come again."""

    code = "UNAVAILABLE"
    http_status = 503
    retry_after_s: float = 0.5

    def headers(self) -> Mapping[str, str]:
        """Say when to come again, in whole seconds."""
        return {"Retry-After": str(max(1, round(self.retry_after_s)))}


class StoreUnusable(OrchestratorError):
    """Says why the database cannot be used at all, and how to repair it."""

    code = "FAILED_PRECONDITION"
    http_status = 503
