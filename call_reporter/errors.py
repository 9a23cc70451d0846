"""The errors that `call_reporter` raises, all of one tree.

ReporterError
 +-- OutboxUnavailable       the outbox cannot take a row
 |    +-- OutboxInUse        another process holds it
 |    +-- OutboxFull         the disk is full
 |    +-- OutboxBroken       the disk failed; nothing is written until the next start
 +-- DeliveryError           an RPC was not answered OK
 |    +-- ReportRefused      INVALID_ARGUMENT: never sent again
 |    +-- DeliveryFailed     any other code: sent again later
 +-- ClaimError              the claim of a call was not granted
 |    +-- ClaimRefused       definitely not: hang up
 |    +-- ClaimUnanswered    no answer in time: hang up
 +-- NotStarted              the reporter was used outside `async with`
 +-- InvalidCall             what was told about a call breaks a rule of the contract
"""

import grpc


class ReporterError(Exception):
    """Stands above every error of this package."""

    code = grpc.StatusCode.INTERNAL


class OutboxUnavailable(ReporterError):
    """Says that the outbox cannot take a row."""

    code = grpc.StatusCode.UNAVAILABLE


class OutboxInUse(OutboxUnavailable):
    """Says that another process, or another reporter of this one, holds the outbox."""


class OutboxFull(OutboxUnavailable):
    """Says that the disk under the outbox is full: take no new calls."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED


class OutboxBroken(OutboxUnavailable):
    """Says that the disk failed; the outbox writes nothing until it is opened and checked again."""


class DeliveryError(ReporterError):
    """Says that an RPC was not answered OK, with the code and the words of the answer."""

    def __init__(self, code: grpc.StatusCode, reason: str) -> None:
        super().__init__(f"{code.name}: {reason}")
        self.code = code
        self.reason = reason


class ReportRefused(DeliveryError):
    """Says that the server will never take this message (INVALID_ARGUMENT)."""


class DeliveryFailed(DeliveryError):
    """Says that the message was not taken this time and is to be sent again."""


class ClaimError(ReporterError):
    """Says that the call was not granted to this media stream."""

    def __init__(self, code: grpc.StatusCode, reason: str) -> None:
        super().__init__(f"{code.name}: {reason}")
        self.code = code
        self.reason = reason

    @property
    def is_taken(self) -> bool:
        """Say whether another stream or another telephone call holds this call."""
        return self.code == grpc.StatusCode.ALREADY_EXISTS


class ClaimRefused(ClaimError):
    """Says that the call is another's or unknown: hang up, connect no model."""


class ClaimUnanswered(ClaimError):
    """Says that nobody answered the claim in time: hang up, connect no model."""


class NotStarted(ReporterError):
    """Says that the reporter was used before `start()` or after `close()`."""

    code = grpc.StatusCode.FAILED_PRECONDITION


class InvalidCall(ReporterError, ValueError):
    """Says that what was told about a call breaks a rule; names the field and value."""

    code = grpc.StatusCode.INVALID_ARGUMENT
