"""What the Call Handler can refuse, each with the HTTP status that its door answers.

CallHandlerError
|- OrderError               POST /order was not carried out
|  |- NoToken          401  no token, or one that nobody has
|  |- WrongRole        403  a token, but not the Orchestrator's
|  |- InvalidOrder     422  the body breaks a rule; names the fields
|  |- OrderRefused     422  a definite no that stays: the number, or the carrier's refusal
|  |- OrderLater       429  a definite no for now; never 503, which would read as unknown
|  `- OrderUnknown     502  nobody knows whether it dialled: never send it again
`- WebhookRefused      403  a request of the carrier that is not proven to be one
"""

from collections.abc import Mapping, Sequence


class CallHandlerError(Exception):
    """Stands above every error of the Call Handler. `status`: what its door answers."""

    status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class OrderError(CallHandlerError):
    """An order that was not carried out. `error`: the constant word in the answer."""

    error = "order_failed"

    def body(self) -> dict[str, object]:
        """Build the answer's JSON."""
        return {"error": self.error, "message": self.message}

    def headers(self) -> Mapping[str, str]:
        """Build the answer's own headers."""
        return {}


class NoToken(OrderError):
    """The order carries no token, or one that nobody has."""

    status = 401
    error = "no_token"

    def headers(self) -> Mapping[str, str]:
        """Say what is missing, as HTTP wants it."""
        return {"WWW-Authenticate": "Bearer"}


class WrongRole(OrderError):
    """The token is known, and not the Orchestrator's."""

    status = 403
    error = "wrong_role"


class InvalidOrder(OrderError):
    """The body breaks a rule. `fields`: (field, what is expected)."""

    status = 422
    error = "invalid_order"

    def __init__(self, message: str, fields: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.fields = fields

    def body(self) -> dict[str, object]:
        """Build the answer's JSON, field by field; it never echoes what came."""
        fields = [{"field": field, "message": message} for field, message in self.fields]
        return {**super().body(), "fields": fields}


class OrderRefused(OrderError):
    """The call will not be placed. `permanent`: the callee's number, not our configuration."""

    status = 422
    error = "dial_refused"

    def __init__(self, message: str, *, code: str, permanent: bool = True) -> None:
        super().__init__(message)
        self.code = code
        self.permanent = permanent

    def body(self) -> dict[str, object]:
        """Build the answer's JSON, with the carrier's code."""
        return {**super().body(), "code": self.code, "permanent": self.permanent}


class OrderLater(OrderError):
    """The call was not placed and may be ordered again. `error`: full, draining, disk, ..."""

    status = 429

    def __init__(self, error: str, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.error = error
        self.retry_after_s = retry_after_s

    def headers(self) -> Mapping[str, str]:
        """Say when to try again."""
        return {"Retry-After": str(self.retry_after_s)}


class OrderUnknown(OrderError):
    """Nobody knows whether the call was placed."""

    status = 502
    error = "dial_unknown"


class WebhookRefused(CallHandlerError):
    """A request that claims to be the carrier's and is not proven to be."""

    status = 403

    def __init__(self, message: str, status: int = 403) -> None:
        super().__init__(message)
        self.status = status
