"""The one error of the sandbox model: something a client sent that the realtime service refuses."""


class ProtocolError(Exception):
    """A refusal that travels to the client as an `error` event.

    `close_code`: the close that follows it; None when the session stays open.
    """

    def __init__(
        self,
        code: str | None,
        message: str,
        param: str | None = None,
        *,
        close_code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param
        self.close_code = close_code
