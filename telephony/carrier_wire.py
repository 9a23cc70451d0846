"""The HTTP connection under twilio-python: one of its own per request, no retries, nothing logged.

twilio-python's client keeps the last response in an attribute and returns it from there: two
threads can get each other's answer. And a kept-alive connection that the carrier has just closed
makes a create *unknown* that was never sent. So: a fresh session per request.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests
from twilio.http import HttpClient
from twilio.http.response import Response

from foundation.settings import is_loopback_host

_silent = logging.getLogger("telephony.carrier_wire")


class CarrierWire(HttpClient):  # type: ignore[misc] # twilio has no types
    """Sends each request on a connection of its own; `timeout_s` to connect, and to answer."""

    def __init__(self, timeout_s: float) -> None:
        super().__init__(_silent, is_async=False, timeout=timeout_s)
        self.answered_at: datetime | None = None
        """The carrier's own time of its last answer; None before it, or when it tells none."""

    def request(  # noqa: PLR0913, PLR0917 - the signature is twilio-python's
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Send one request and read its answer; network failures are requests' exceptions."""
        with requests.Session() as session:
            # A proxy of the environment must never stand between us and our own machine.
            session.trust_env = not is_loopback_host(urlsplit(url).hostname or "")
            answer = session.request(
                method.upper(),
                url,
                params=params,
                data=data,
                headers=headers,
                auth=auth,
                timeout=timeout or self.timeout,
                allow_redirects=allow_redirects,
            )
            self.answered_at = _read_date(answer.headers.get("Date", ""))
            return Response(answer.status_code, answer.text, answer.headers)


def _read_date(header: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
