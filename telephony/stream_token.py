"""The token in a media stream's path: minted at the dial, checked by any replica.

expiry.nonce.mac; the claim at the Orchestrator makes the nonce single-use, here it only has to be
ours and in time.
"""

import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

TOKEN_LIFE = timedelta(minutes=15)  # the carrier may queue a call
_KEY_BYTES = 32
_NONCE_BYTES = 16
_PARTS = 3


class BadToken(Exception):
    """The token is not ours, not for this call, or expired."""


class StreamTokens:
    """Mints and checks the tokens of media streams with one secret key."""

    def __init__(self, key: bytes) -> None:
        if len(key) < _KEY_BYTES:
            raise ValueError(f"the stream key needs {_KEY_BYTES} bytes, not {len(key)}")
        self._key = key

    @property
    def fingerprint(self) -> str:
        """Tell eight digits by which two keys can be compared and none can be found."""
        return hmac.digest(self._key, b"fingerprint", hashlib.sha256).hex()[:8]

    def mint(self, call_id: str, now: datetime) -> str:
        """Make the token that admits one media stream of `call_id`, for 15 minutes from `now`."""
        expiry = str(int((now + TOKEN_LIFE).timestamp()))
        nonce = secrets.token_hex(_NONCE_BYTES)
        return f"{expiry}.{nonce}.{self._mac(call_id, expiry, nonce)}"

    def verify(self, call_id: str, token: str, now: datetime) -> str:
        """Check a token and tell its nonce, 32 hex digits.

        Raises: BadToken.
        """
        parts = token.split(".")
        if len(parts) != _PARTS or not all(part.isascii() for part in parts):
            raise BadToken("malformed")
        expiry, nonce, mac = parts
        if not hmac.compare_digest(mac, self._mac(call_id, expiry, nonce)):
            raise BadToken("minted with another key, or for another call")
        if int(expiry) <= now.timestamp():
            raise BadToken("expired")
        return nonce

    def _mac(self, call_id: str, expiry: str, nonce: str) -> str:
        # Neither expiry nor nonce holds a line feed, so no two triples give the same text.
        data = f"{call_id}\n{expiry}\n{nonce}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, data, hashlib.sha256).hex()


class SpentTokens:
    """Remembers whose stream has started, so that a token is good for one stream.

    It knows of this process only; at other replicas the claim refuses.
    """

    def __init__(self) -> None:
        self._until: dict[str, datetime] = {}  # nonce -> when every token with it has expired

    def spend(self, nonce: str, now: datetime) -> bool:
        """Spend a token by its nonce; False when that was done before."""
        for old in [each for each, until in self._until.items() if until <= now]:
            del self._until[old]
        if nonce in self._until:
            return False
        self._until[nonce] = now + TOKEN_LIFE
        return True


def load_stream_key(path: Path) -> bytes:
    """Read the key of the stream tokens, or generate it: a file of mode 0600.

    Two that start at once end up with the same key. Raises: OSError, ValueError for a file that is
    no key.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_once(path, secrets.token_hex(_KEY_BYTES).encode())
    return read_stream_key(path)


def read_stream_key(path: Path) -> bytes:
    """Read a key that somebody else made: 64 hex digits or more.

    Raises: OSError, ValueError for a file that is no key.
    """
    text = path.read_text("ascii").strip()
    try:
        key = bytes.fromhex(text)
    except ValueError as error:
        raise ValueError(f"{path} holds no stream key, which is 64 hex digits") from error
    if len(key) < _KEY_BYTES:
        raise ValueError(f"{path} holds a stream key that is too short: 64 hex digits")
    return key


def _write_once(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; one that is there already stays."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".stream-key-")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink()
