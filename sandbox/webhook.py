"""One signed request to the product: a public URL's Host and signature over plain loopback TCP."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPMessage, parse_headers
from io import BytesIO
from urllib.parse import urlencode, urlsplit, urlunsplit

from sandbox.address_map import Address, AddressMap, host_header
from sandbox.errors import HostUnreachable, WebhookFailed
from sandbox.signing import Scheme, sign_form, sign_url

Fields = Sequence[tuple[str, str]]
MAX_BODY_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Limits:
    """Real seconds for connecting and for the answer; never divided by the time factor."""

    connect_s: float = 5.0
    read_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the product said: status, content type without parameters, body."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Signer:
    """The account's key and scheme; `spoil` is `good`, `wrong` or `missing`."""

    key: str = field(repr=False)
    scheme: Scheme = Scheme.SHA1
    key_sid: str = "webhooks_sharedkey_sandbox"

    def headers(self, signature: str, spoil: str = "good") -> list[tuple[str, str]]:
        """Give the signature headers, spoilt as a scenario wants."""
        if spoil == "missing":
            return []
        if spoil == "wrong":
            signature = signature[::-1]
        headers = [("X-Twilio-Signature", signature)]
        if self.scheme is Scheme.SHA256:
            settings = f"key={self.key_sid},algorithm=HMAC_SHA256"
            headers.append(("X-Twilio-Webhooks-Signature-Settings", settings))
        return headers


@dataclass(frozen=True, slots=True)
class Request:
    """One request as Twilio would make it; the fragment is stripped before anything else."""

    url: str
    method: str
    fields: Fields
    token: str = ""
    spoil: str = "good"


class WebhookClient:
    """Sends signed requests to public URLs through the address map."""

    def __init__(self, addresses: AddressMap, signer: Signer) -> None:
        self._addresses = addresses
        self._signer = signer

    async def send(self, request: Request, limits: Limits | None = None) -> Answer:
        """Send once and read the whole answer. Raises: WebhookFailed with its phase."""
        limits = limits or Limits()
        url = _wire_url(request)
        try:
            addresses = self._addresses.find(url)
        except HostUnreachable as error:
            raise WebhookFailed("ct", 11210, str(error)) from error
        reader, writer = await _connect(addresses, limits.connect_s)
        try:
            async with asyncio.timeout(limits.read_s):
                writer.write(self._encode(request, url))
                await writer.drain()
                return await _read_answer(reader)
        except TimeoutError as error:
            raise WebhookFailed("rt", 11200, f"no answer in {limits.read_s:g} s") from error
        except (OSError, EOFError, ValueError) as error:
            raise WebhookFailed("bad", 11200, f"{type(error).__name__}: {error}") from error
        finally:
            writer.transport.abort()

    def _encode(self, request: Request, url: str) -> bytes:
        parts = urlsplit(url)
        path = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        body = b""
        headers = [
            ("Host", host_header(url)),
            ("User-Agent", "TwilioProxy/1.1"),
            ("Accept", "*/*"),
            ("Connection", "close"),
            ("X-Home-Region", "us1"),
        ]
        if request.token:
            headers.append(("I-Twilio-Idempotency-Token", request.token))
        if request.method == "POST":
            body = urlencode(request.fields).encode()
            form = "application/x-www-form-urlencoded; charset=UTF-8"
            headers += [("Content-Type", form), ("Content-Length", str(len(body)))]
            signature = sign_form(self._signer.key, url, request.fields, self._signer.scheme)
        else:
            signature = sign_url(self._signer.key, url, self._signer.scheme)
        headers += self._signer.headers(signature, request.spoil)
        head = [f"{request.method} {path} HTTP/1.1", *(f"{n}: {v}" for n, v in headers)]
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def _wire_url(request: Request) -> str:
    """Give the URL that is sent and signed: no fragment; a GET carries its fields."""
    parts = urlsplit(request.url)
    query = parts.query
    if request.method == "GET" and request.fields:
        query = "&".join(filter(None, [query, urlencode(request.fields)]))
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


async def _connect(
    addresses: Sequence[Address], limit_s: float
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to the first address that answers."""
    reason: OSError = TimeoutError()
    with suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            for address in addresses:
                try:
                    return await asyncio.open_connection(address.ip, address.port)
                except OSError as error:
                    reason = error
    raise WebhookFailed("ct", 11205, f"cannot connect: {type(reason).__name__}") from reason


async def _read_answer(reader: asyncio.StreamReader) -> Answer:
    head = await reader.readuntil(b"\r\n\r\n")
    status_line, _, rest = head.partition(b"\r\n")
    status = int(status_line.split(b" ", 2)[1])
    headers = parse_headers(BytesIO(rest))
    body = await _read_body(reader, headers)
    return Answer(status, headers.get_content_type(), body)


async def _read_body(reader: asyncio.StreamReader, headers: HTTPMessage) -> bytes:
    if (headers.get("Transfer-Encoding") or "").lower() == "chunked":
        body = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            if len(body) + size > MAX_BODY_BYTES:
                raise ValueError(f"answer above {MAX_BODY_BYTES} bytes")
            body += (await reader.readexactly(size + 2))[:-2]
        return body
    length = headers.get("Content-Length")
    if length is None:
        return await _read_to_end(reader)
    if int(length) > MAX_BODY_BYTES:
        raise ValueError(f"answer of {length} bytes, at most {MAX_BODY_BYTES}")
    return await reader.readexactly(int(length))


async def _read_to_end(reader: asyncio.StreamReader) -> bytes:
    try:
        await reader.readexactly(MAX_BODY_BYTES + 1)
    except asyncio.IncompleteReadError as end:
        return end.partial
    raise ValueError(f"answer above {MAX_BODY_BYTES} bytes")
