"""What every request to Twilio's REST API shares: Basic auth, JSON, headers, errors."""

import base64
import binascii
import hmac
import json
from collections.abc import Mapping

from fastapi import Request, Response

from sandbox.errors import RestRefusal
from sandbox.world import World

OK = 200


class RestDoor:
    """Lets the account in and writes answers in Twilio's shape."""

    def __init__(self, world: World) -> None:
        self._world = world

    def authorise(self, request: Request, account_sid: str) -> None:
        """Admit the account. Raises: RestRefusal 20003 for wrong credentials."""
        settings = self._world.settings
        user, password = _basic_credentials(request.headers.get("authorization", ""))
        right = hmac.compare_digest(user.encode(), settings.account_sid.encode())
        right &= hmac.compare_digest(password.encode(), settings.auth_token.encode())
        if not right or account_sid != settings.account_sid:
            raise RestRefusal(20003)

    def answer(self, body: Mapping[str, object], status: int = OK) -> Response:
        """Answer with JSON."""
        return Response(json.dumps(body), status, self.headers(), "application/json")

    def refuse(self, refusal: RestRefusal) -> Response:
        """Answer with an error in Twilio's four keys."""
        return self.answer(refusal.body, refusal.status)

    def headers(self) -> dict[str, str]:
        """Give the headers of every answer."""
        return {
            "Twilio-Request-Id": self._world.names.sid("RQ"),
            "Twilio-Concurrent-Requests": "1",
            "Twilio-Request-Duration": "0.002",
            "X-Home-Region": "us1",
            "X-API-Domain": "api.twilio.com",
        }


def _basic_credentials(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    user, _, password = text.partition(":")
    return (user, password) if scheme.lower() == "basic" else ("", "")
