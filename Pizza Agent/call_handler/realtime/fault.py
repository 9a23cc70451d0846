"""What can go wrong with the speech model."""

from call_handler.errors import CallHandlerError


class ModelFault(CallHandlerError):
    """The model refused, failed or was lost.

    `code`: the provider's own word or ours, such as "session_expired"; `retryable`: another call
    may succeed; `may_reconnect`: connecting once more may help, as long as nothing was said.
    """

    def __init__(
        self, code: str, message: str, *, retryable: bool = True, may_reconnect: bool = False
    ) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable
        self.may_reconnect = may_reconnect
