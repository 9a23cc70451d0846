"""Who may use the page where tokens are configured: a bearer token, or the cookie made from one."""

import hashlib
import hmac
import re
import time
from collections.abc import Mapping

from orchestrator.errors import NotAuthenticated

COOKIE = "ringback_session"
LIFE_S = 12 * 3600
_BEARER = "Bearer "
_END = re.compile("[0-9]{1,12}")  # seconds since the epoch


class Sessions:
    """Checks tokens and the session cookies that were made from them; keeps no state."""

    def __init__(self, tokens: tuple[str, ...]) -> None:
        self._tokens = tuple(token for token in tokens if token)

    def require(self, authorization: str | None, cookies: Mapping[str, str]) -> None:
        """Let the caller pass, or raise NotAuthenticated; without tokens everybody passes."""
        if not self._tokens or self._is_session(cookies.get(COOKIE, "")):
            return
        if authorization and authorization.startswith(_BEARER):
            self.check_token(authorization[len(_BEARER) :])
            return
        raise NotAuthenticated("this page needs a token")

    def check_token(self, given: str) -> str:
        """Return the token that was given. Raises: NotAuthenticated for any other."""
        for token in self._tokens:
            if hmac.compare_digest(token.encode(), given.encode(errors="replace")):
                return token
        raise NotAuthenticated("this is not a valid token")

    def make_cookie(self, token: str) -> str:
        """Make the value of a session cookie: its end, and a proof that only a token gives."""
        end = str(int(time.time()) + LIFE_S)
        return f"{end}.{_proof(token, end)}"

    def _is_session(self, cookie: str) -> bool:
        end, _dot, proof = cookie.partition(".")
        if not _END.fullmatch(end) or int(end) <= time.time():
            return False
        given = proof.encode(errors="replace")
        return any(
            hmac.compare_digest(_proof(token, end).encode(), given) for token in self._tokens
        )


def _proof(token: str, end: str) -> str:
    return hmac.new(token.encode(), f"ringback session {end}".encode(), hashlib.sha256).hexdigest()
