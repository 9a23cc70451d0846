"""Twilio's request signatures, written from the protocol, for every kind of request it signs."""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from enum import StrEnum


class Scheme(StrEnum):
    """Which hash signs: SHA-1 with the AuthToken, or SHA-256 with a SharedKey."""

    SHA1 = "sha1"
    SHA256 = "sha256"


def sign_url(key: str, url: str, scheme: Scheme = Scheme.SHA1) -> str:
    """Sign a GET, a JSON POST (hash already in `url`) or a WebSocket upgrade.

    `url` is taken as written: `wss://` stays `wss://`, the query counts.
    """
    return _sign(key, url, scheme)


def sign_form(
    key: str, url: str, fields: Iterable[tuple[str, str]], scheme: Scheme = Scheme.SHA1
) -> str:
    """Sign a form POST: URL, then each distinct name and each distinct value in byte order."""
    distinct = sorted({(name.encode(), value.encode()) for name, value in fields})
    text = b"".join(name + value for name, value in distinct).decode()
    return _sign(key, url + text, scheme)


def _sign(key: str, text: str, scheme: Scheme) -> str:
    digest = hmac.new(key.encode(), text.encode(), getattr(hashlib, scheme.value)).digest()
    return base64.b64encode(digest).decode()
