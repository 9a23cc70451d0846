"""The token in a media stream's path: minted at the dial, checked by any replica.

expiry.nonce.mac; the claim at the Orchestrator makes the nonce single-use, here it only has to be
ours and in time. Whoever dialled measures that time without the wall clock, which may jump while
the callee's telephone rings; at the other replicas a clock may be off by CLOCKS_APART.
"""

import contextlib
import hashlib
import hmac
import itertools
import os
import secrets
import tempfile
from datetime import timedelta
from pathlib import Path

from foundation.clock import Clock

TOKEN_LIFE = timedelta(minutes=15)  # the carrier may queue a call
CLOCKS_APART = timedelta(hours=1)
"""How much later than the replica that dialled another one may have it.

A stream refused is a live call lost; one let in too late meets the claim, which knows its call.
"""
_REMEMBERED_S = (TOKEN_LIFE + 2 * CLOCKS_APART).total_seconds()
_KEY_BYTES = 32
_NONCE_BYTES = 16
_PARTS = 3


class BadToken(Exception):
    """The token is not ours, not for this call, or expired."""


class StreamTokens:
    """Mints and checks the tokens of media streams with one secret key; one for each process."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        if len(key) < _KEY_BYTES:
            raise ValueError(f"the stream key needs {_KEY_BYTES} bytes, not {len(key)}")
        self._key = key
        self._clock = clock
        self._minted: dict[str, float] = {}  # nonce -> monotonic seconds of its minting

    @property
    def fingerprint(self) -> str:
        """Tell eight digits by which two keys can be compared and none can be found."""
        return hmac.digest(self._key, b"fingerprint", hashlib.sha256).hex()[:8]

    def mint(self, call_id: str) -> str:
        """Make the token that admits one media stream of `call_id`, for 15 minutes from now."""
        expiry = str(int((self._clock.now() + TOKEN_LIFE).timestamp()))
        nonce = secrets.token_hex(_NONCE_BYTES)
        now_s = self._clock.monotonic()
        _forget_before(self._minted, now_s - _REMEMBERED_S)
        self._minted[nonce] = now_s
        return f"{expiry}.{nonce}.{self._mac(call_id, expiry, nonce)}"

    def verify(self, call_id: str, token: str) -> str:
        """Check a token and tell its nonce, 32 hex digits.

        One minted here has expired by the monotonic clock; one minted elsewhere, or before our
        start, by the wall clock and CLOCKS_APART later. Raises: BadToken.
        """
        parts = token.split(".")
        if len(parts) != _PARTS or not all(part.isascii() for part in parts):
            raise BadToken("malformed")
        expiry, nonce, mac = parts
        if not hmac.compare_digest(mac, self._mac(call_id, expiry, nonce)):
            raise BadToken("minted with another key, or for another call")
        if self._is_over(nonce, int(expiry)):
            raise BadToken("expired")
        return nonce

    def _is_over(self, nonce: str, expiry: int) -> bool:
        minted_s = self._minted.get(nonce)
        if minted_s is None:
            return expiry <= (self._clock.now() - CLOCKS_APART).timestamp()
        return self._clock.monotonic() - minted_s >= TOKEN_LIFE.total_seconds()

    def _mac(self, call_id: str, expiry: str, nonce: str) -> str:
        # Neither expiry nor nonce holds a line feed, so no two triples give the same text.
        data = f"{call_id}\n{expiry}\n{nonce}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, data, hashlib.sha256).hex()


class SpentTokens:
    """Remembers whose stream has started, so that a token is good for one stream.

    It knows of this process only; at other replicas the claim refuses.
    """

    def __init__(self) -> None:
        self._spent: dict[str, float] = {}  # nonce -> when, in monotonic seconds

    def spend(self, nonce: str, now_s: float) -> bool:
        """Spend a token by its nonce, `now_s` on the monotonic clock; False: it is spent."""
        _forget_before(self._spent, now_s - _REMEMBERED_S)
        if nonce in self._spent:
            return False
        self._spent[nonce] = now_s
        return True


def _forget_before(nonces: dict[str, float], limit_s: float) -> None:
    """Drop the oldest, in whose order they were kept."""
    for old in [*itertools.takewhile(lambda nonce: nonces[nonce] < limit_s, nonces)]:
        del nonces[old]


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
