"""What can go wrong at the carrier, told apart by the one question: did it dial?"""

import traceback

from twilio.base.exceptions import (
    TwilioException,
    TwilioRestException,
    TwilioServiceException,
)

_TOO_MANY_REQUESTS = 429
_UNAUTHORISED = 401
_CLIENT_ERRORS = range(400, 500)
_TOO_MANY_CALLS = "10004"
ALREADY_OVER = ("21220", "20404")

# The callee's number: another number may work.
_CALLEE_REASONS = {
    "21201": "There is no number to call.",
    "21202": "This is a premium or special number, which cannot be called.",
    "21211": "The carrier says that this number is not valid.",
    "21214": "The carrier cannot reach this number.",
    "21215": "Calls to this number's country are not switched on at the carrier.",
    "21216": "The carrier blocks calls to this number.",
    "21217": "The carrier says that this number does not look valid.",
    "21219": "A trial account may only call numbers that are verified at the carrier.",
}
# Ours: nobody can be called until it is repaired.
_OUR_REASONS = {
    "20003": "The carrier does not accept our account: check TWILIO_ACCOUNT_SID and its token.",
    "21205": "The carrier does not accept our web address.",
    "21209": "The carrier does not accept our status callback address.",
    "21210": "Our own number is not verified at the carrier.",
    "21212": "Our own number, TWILIO_FROM_NUMBER, is not valid at the carrier.",
    "21213": "Our own number, TWILIO_FROM_NUMBER, is missing.",
    "21626": "The carrier does not accept our status callback events.",
}


class CarrierError(Exception):
    """A request to the carrier that did not do what was asked.

    CarrierError
    |- DialRefused         a definite no that stays: bad number, no permission, our configuration
    |- DialLater           a definite no for now: too many requests or calls
    |- CarrierUnreachable  a create never reached the carrier; a question got no answer
    `- DialUnknown         nobody knows whether it dialled: never send it again

    `code`: the carrier's error code, empty without one. `reason`: in words for a person.
    """

    def __init__(self, reason: str, *, code: str = "") -> None:
        super().__init__(f"{reason} ({code})" if code else reason)
        self.reason = reason
        self.code = code


class DialRefused(CarrierError):
    """The carrier refuses for good. `permanent`: it is the callee's number, not our set-up."""

    def __init__(self, reason: str, *, code: str = "", permanent: bool = True) -> None:
        super().__init__(reason, code=code)
        self.permanent = permanent


class DialLater(CarrierError):
    """The carrier did not dial, and may do so later."""


class CarrierUnreachable(CarrierError):
    """The carrier was not reached, or does not answer; a create that raises this never dialled."""


class DialUnknown(CarrierError):
    """The carrier may or may not have dialled."""


def error_of_create(error: Exception) -> CarrierError:
    """Classify what a create raised; whatever is not on the list of definite noes is unknown.

    Source: Twilio's error codes; how requests and urllib3 report network failures was tried.
    """
    import requests  # noqa: PLC0415 - loaded with the first request, not at the start

    match error:
        case TwilioRestException() | TwilioServiceException():
            return _error_of_answer(int(error.status), str(error.code or ""), _words_of(error))
        case requests.exceptions.ConnectTimeout():
            return CarrierUnreachable("The carrier could not be reached in time.")
        case requests.exceptions.ConnectionError() if _never_sent(error):
            return CarrierUnreachable("The carrier could not be reached.")
        case requests.exceptions.Timeout():
            return DialUnknown("The carrier did not answer in time.")
        case requests.exceptions.RequestException():
            return DialUnknown("The connection to the carrier broke before its answer.")
        case _:
            return DialUnknown("The carrier's answer could not be read.")


def error_of_question(error: Exception) -> CarrierUnreachable:
    """Classify what a fetch, list or update raised: the carrier gave no usable answer."""
    import requests  # noqa: PLC0415 - see error_of_create

    match error:
        case TwilioRestException() | TwilioServiceException():
            return CarrierUnreachable(
                f"The carrier answered with HTTP {error.status}.", code=str(error.code or "")
            )
        case requests.exceptions.RequestException():
            return CarrierUnreachable("The carrier could not be reached.")
        case _:
            return CarrierUnreachable("The carrier's answer could not be read.")


def is_gone(error: Exception) -> bool:
    """Say whether the carrier answered that the call is over or does not exist."""
    return isinstance(error, TwilioRestException | TwilioServiceException) and (
        str(error.code) in ALREADY_OVER or int(error.status) == 404  # noqa: PLR2004 - HTTP's number
    )


def _error_of_answer(status: int, code: str, words: str) -> CarrierError:
    if status not in _CLIENT_ERRORS:
        return DialUnknown(f"The carrier answered with HTTP {status}.", code=code)
    if status == _TOO_MANY_REQUESTS or code == _TOO_MANY_CALLS:
        return DialLater("The carrier is taking no more calls right now.", code=code)
    if code in _OUR_REASONS or status == _UNAUTHORISED:
        reason = _OUR_REASONS.get(code, _OUR_REASONS["20003"])
        return DialRefused(reason, code=code, permanent=False)
    reason = _CALLEE_REASONS.get(code, f"The carrier refused the call: {words}")
    return DialRefused(reason, code=code)


def _words_of(error: TwilioException) -> str:
    """Take the carrier's own words: its message, without what twilio-python puts before it."""
    if isinstance(error, TwilioServiceException):
        return str(error.detail or error.title)
    words = str(getattr(error, "msg", "")) or "no reason given"
    return words.removeprefix("Unable to create record: ")


def _never_sent(error: Exception) -> bool:
    """Say whether it failed before the request was written: refused, no such name, bad TLS."""
    import urllib3  # noqa: PLC0415 - see error_of_create

    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, urllib3.exceptions.MaxRetryError) else cause
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        return True
    if isinstance(reason, urllib3.exceptions.ConnectTimeoutError):
        return True
    if isinstance(reason, urllib3.exceptions.SSLError):
        return _broke_in_handshake(reason.args[0] if reason.args else reason)
    return False


def _broke_in_handshake(error: object) -> bool:
    """Say whether a TLS error arose in the handshake, so before anything of ours was written."""
    if not isinstance(error, BaseException):
        return False
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_code.co_name == "do_handshake" for frame, _ in frames)
