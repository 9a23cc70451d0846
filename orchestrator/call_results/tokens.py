"""Page tokens and watch cursors: opaque texts that a client hands back unchanged."""

import base64
import binascii
import hashlib
import json

from orchestrator.errors import InvalidInput, Violation

_CHECK_BYTES = 6
_MAX_CHARS = 400


def write_token(kind: str, value: str | int) -> str:
    """Write a token; `kind` tells tokens of different uses apart."""
    content = json.dumps(value).encode()
    return base64.urlsafe_b64encode(_check(kind, content) + content).rstrip(b"=").decode()


def read_token(kind: str, token: str, field: str) -> str | int:
    """Read a token that `write_token` wrote for the same use.

    Raises: InvalidInput for `field` otherwise. The check finds mistakes; it is no secret: a token
    shows nothing that its reader may not list anyway.
    """
    refusal = InvalidInput([Violation(field, "must be one that this server wrote, or empty")])
    if len(token) > _MAX_CHARS:
        raise refusal
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise refusal from None
    check, content = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
    if check != _check(kind, content):
        raise refusal
    value = json.loads(content)
    if not isinstance(value, str | int):
        raise refusal
    return value


def _check(kind: str, content: bytes) -> bytes:
    return hashlib.sha256(kind.encode() + b"\0" + content).digest()[:_CHECK_BYTES]
