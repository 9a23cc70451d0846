"""Signatures of the carrier's requests: computed over the public URL, checked before anything else.

Source: Twilio's "Security" page; `docs` of the two schemes HMAC-SHA1 (AuthToken) and HMAC-SHA256
(SharedKey). The URL is the one the carrier was given, never built from Host or the request.
"""

import base64
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

SIGNATURE_HEADER = "x-twilio-signature"
SETTINGS_HEADER = "x-twilio-webhooks-signature-settings"
_FIELDS_MAX = 100
_DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


class SignatureRefused(Exception):
    """A request that is not proven to come from the carrier. `status`: the HTTP status to answer.

    SignatureRefused
    |- MissingSignature  403: no signature at all; refuse before reading the body
    |- BadSignature      403: it does not fit, or its algorithm is unknown
    |- NotAForm          400: the body cannot be read as one
    `- NoKeys            503: nothing configured to check with; never means "accept"
    """

    status = 403


class MissingSignature(SignatureRefused):
    """The request carries no signature."""


class BadSignature(SignatureRefused):
    """The signature does not fit the request."""


class NotAForm(SignatureRefused):
    """The body is not a form of ASCII bytes with at most 100 fields."""

    status = 400


class NoKeys(SignatureRefused):
    """No AuthToken and no SharedKey is configured."""

    status = 503


@dataclass(frozen=True, slots=True)
class SignatureKeys:
    """The secrets that may sign: one each, two during a rotation."""

    auth_tokens: tuple[str, ...] = field(default=(), repr=False)
    shared_keys: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class _Claim:
    """What the headers claim: the signature, and with which keys and hash to check it."""

    signature: bytes
    keys: tuple[str, ...]
    digest: str


def require_signature(keys: SignatureKeys, headers: Mapping[str, str]) -> None:
    """Refuse a request that carries no checkable signature, before its body is read.

    Raises: NoKeys, MissingSignature, BadSignature (unknown algorithm).
    """
    _read_claim(keys, headers)


def verify_request(
    keys: SignatureKeys, url: str, fields: Sequence[tuple[str, str]], headers: Mapping[str, str]
) -> None:
    """Check a webhook: a form POST with its decoded `fields`, or a GET without any.

    `url`: the public URL with path and query as they came. Names and values are joined without
    separators, so read only expected names, and require them.
    Raises: NoKeys, MissingSignature, BadSignature.
    """
    claim = _read_claim(keys, headers)
    tail = "".join(name + value for name, value in sorted(set(fields), key=_byte_order))
    _check(claim, (variant + tail for variant in _with_and_without_port(url)))


def read_signed_form(
    keys: SignatureKeys, url: str, body: bytes, headers: Mapping[str, str]
) -> dict[str, str]:
    """Read the form that a webhook's body is, once it is proven to come from the carrier.

    `url`: as for `verify_request`. A name that comes with two values is left out: nothing may be
    read from it. Raises: NotAForm, NoKeys, MissingSignature, BadSignature.
    """
    fields = _parse_form(body)
    verify_request(keys, url, fields, headers)
    pairs = set(fields)
    names = [name for name, _ in pairs]
    return {name: value for name, value in pairs if names.count(name) == 1}


def verify_upgrade(keys: SignatureKeys, wss_url: str, headers: Mapping[str, str]) -> None:
    """Check a WebSocket upgrade, signed over its wss:// URL; the path may end in a slash or not.

    Raises: NoKeys, MissingSignature, BadSignature (also for a URL that is not wss).
    """
    claim = _read_claim(keys, headers)
    if not wss_url.startswith("wss://"):
        raise BadSignature("a media stream is signed over its wss:// address only")
    _check(
        claim,
        (
            variant
            for toggled in _with_and_without_slash(wss_url)
            for variant in _with_and_without_port(toggled)
        ),
    )


def _parse_form(body: bytes) -> Sequence[tuple[str, str]]:
    try:
        return parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=_FIELDS_MAX,
            errors="surrogateescape",
        )
    except ValueError as error:
        raise NotAForm("this is no form") from error


def _read_claim(keys: SignatureKeys, headers: Mapping[str, str]) -> _Claim:
    if not keys.auth_tokens and not keys.shared_keys:
        raise NoKeys("no AuthToken is configured, so the carrier cannot be recognised")
    lower = {name.lower(): value for name, value in headers.items()}
    signature = lower.get(SIGNATURE_HEADER, "")
    if not signature:
        raise MissingSignature("the request is not signed")
    settings = lower.get(SETTINGS_HEADER)
    if settings is None:
        usable, digest = keys.auth_tokens, "sha1"
    elif _algorithm(settings) == "HMAC_SHA256":
        usable, digest = keys.shared_keys, "sha256"
    else:
        raise BadSignature("the signature's algorithm is not known")
    if not usable:
        raise BadSignature("no key is configured for this kind of signature")
    return _Claim(signature.encode("utf-8", "replace"), usable, digest)


def _algorithm(settings: str) -> str:
    parts = (part.partition("=") for part in settings.split(","))
    return {name.strip(): value.strip() for name, _, value in parts}.get("algorithm", "")


def _check(claim: _Claim, candidates: Iterable[str]) -> None:
    fits = False
    for data in candidates:
        encoded = data.encode("utf-8", "surrogatepass")
        for key in claim.keys:
            expected = base64.b64encode(hmac.digest(key.encode(), encoded, claim.digest))
            fits |= hmac.compare_digest(expected, claim.signature)
    if not fits:
        raise BadSignature("the signature does not fit")


def _byte_order(pair: tuple[str, str]) -> tuple[bytes, bytes]:
    name, value = pair
    return name.encode("utf-8", "surrogatepass"), value.encode("utf-8", "surrogatepass")


def _with_and_without_port(url: str) -> Iterator[str]:
    """Yield the URL, and once more with its scheme's default port added or taken away."""
    yield url
    scheme, separator, rest = url.partition("://")
    end = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
    netloc, tail = rest[:end], rest[end:]
    port = _DEFAULT_PORTS.get(scheme)
    if port is None:
        return
    if netloc.endswith(f":{port}"):
        yield scheme + separator + netloc.removesuffix(f":{port}") + tail
    elif ":" not in netloc.rpartition("]")[2]:
        yield f"{scheme}{separator}{netloc}:{port}{tail}"


def _with_and_without_slash(url: str) -> Iterator[str]:
    yield url
    path, mark, query = url.partition("?")
    yield (path.removesuffix("/") if path.endswith("/") else path + "/") + mark + query
