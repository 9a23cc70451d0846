"""The sandbox carrier's errors.

CarrierError
    RestRefusal         an error answer of the REST API: HTTP status, code, words
        Unanswered      a create that gets no answer at all
    TwimlInvalid        a document that cannot be run
    WebhookFailed       one request to the product that got no usable answer
    HostUnreachable     a host name that is not in the address map
"""

STATUS_OF_CODE = {20003: 401, 20404: 404, 20429: 429, 20500: 500}
"""HTTP status of a REST error code; every other one answers 400."""

WORDS = {
    20001: "Invalid parameter",
    20003: "Authenticate",
    20009: "Cannot delete a call that is still in progress",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "Internal Server Error",
    21201: "No 'To' number is specified",
    21205: "Url parameter is required or not valid",
    21209: "StatusCallback is not a valid URL",
    21210: "From number is not verified for this account",
    21211: "The 'To' number is not a valid phone number",
    21212: "The 'From' number is not a valid phone number",
    21213: "No 'From' number is specified",
    21214: "The 'To' number cannot be reached",
    21215: "Geographic permission is off for the 'To' number",
    21216: "The 'To' number is blocked",
    21217: "The 'To' number does not appear to be valid",
    21219: "'To' number is not verified on this trial account",
    21220: "Call is not in-progress",
    21626: "StatusCallbackEvent is not valid",
    10004: "Too many concurrent calls",
    12100: "TwiML document cannot be run",
}


class CarrierError(Exception):
    """Anything the carrier refuses or cannot do."""


class RestRefusal(CarrierError):
    """An error answer of the REST API."""

    def __init__(self, code: int, detail: str = "") -> None:
        self.code = code
        self.status = STATUS_OF_CODE.get(code, 400)
        words = WORDS.get(code, "Request refused")
        super().__init__(f"{words}: {detail}" if detail else words)

    @property
    def body(self) -> dict[str, object]:
        """Give the error body in Twilio's four keys."""
        return {
            "code": self.code,
            "message": str(self),
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


class Unanswered(RestRefusal):
    """A create that is neither accepted nor answered: a scripted fault."""


class TwimlInvalid(CarrierError):
    """A TwiML document that cannot be run; the message names the element."""


class WebhookFailed(CarrierError):
    """One request to the product without a usable answer.

    `phase`: `ct` connecting, `rt` waiting for the answer, `bad` an unreadable answer.
    `code`: Twilio's debugger code.
    """

    def __init__(self, phase: str, code: int, words: str) -> None:
        self.phase = phase
        self.code = code
        super().__init__(words)


class HostUnreachable(CarrierError):
    """A host name that the address map does not know (11210)."""
