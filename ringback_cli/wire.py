"""Speaks JSON over HTTP and opens gRPC channels for the commands; failures become plain words."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

from ringback_cli.errors import CommandFailed

if TYPE_CHECKING:
    import grpc

Json: TypeAlias = dict[str, "JsonValue"]
JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | Json | None"

REQUEST_TIMEOUT_S = 20.0
TOKEN_NAMES = ("RINGBACK_TOKEN_OPERATOR", "RINGBACK_TOKEN_HANDLER", "RINGBACK_TOKEN_READER")


def send_json(method: str, url: str, body: Json | None = None, *, token: str = "") -> Json:
    """Send one request and return the JSON object of its answer.

    `token`: of a role, where the server asks for one.
    Raises: CommandFailed with the server's own words, or when nobody answers within 20 s.
    """
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - our own http address
    try:
        with urllib.request.urlopen(request, timeout=REQUEST_TIMEOUT_S) as answer:  # noqa: S310 - see above
            return as_object(json.load(answer))
    except urllib.error.HTTPError as error:
        raise CommandFailed(f"{method} {url}: {_words_of(error)}") from error
    except OSError as error:
        hint = "is `ringback up` running, and on these ports? (--port, --from)"
        raise CommandFailed(f"nobody answers at {url}: {hint}") from error


def follow_events(url: str, timeout_s: float) -> Iterator[tuple[str, Json]]:
    """Yield (kind, data) of each server-sent event; ends with the stream or after a silence.

    Source: the WHATWG HTML standard, section "Server-sent events".
    """
    request = urllib.request.Request(url, headers={"Accept": "text/event-stream"})  # noqa: S310 - our own http address
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as stream:  # noqa: S310 - see above
            kind, data = "message", ""
            for raw in stream:
                line = raw.decode().rstrip("\r\n")
                name, _, value = line.partition(":")
                if not line and data:
                    yield kind, as_object(json.loads(data))
                    kind, data = "message", ""
                elif name == "event":
                    kind = value.strip()
                elif name == "data":
                    data += value.removeprefix(" ")
    except OSError as error:
        raise CommandFailed(f"the event stream {url} broke: {error}") from error


def as_object(value: JsonValue) -> Json:
    """Return the value as a JSON object; raises CommandFailed when it is anything else."""
    if not isinstance(value, dict):
        raise CommandFailed("the answer is not a JSON object: is this Ringback's address?")
    return value


def open_channel(target: str) -> "grpc.Channel":
    """Open a plaintext channel; the token of the environment goes with every RPC (see metadata)."""
    import grpc  # noqa: PLC0415 - keeps `ringback --help` quick

    return grpc.insecure_channel(target)


def token_metadata() -> tuple[tuple[str, str | bytes], ...]:
    """Return the authorization metadata of the first token set in the environment, or none."""
    for name in TOKEN_NAMES:
        token = os.environ.get(name)
        if token:
            return (("authorization", f"Bearer {token}"),)
    return ()


def _words_of(error: urllib.error.HTTPError) -> str:
    try:
        body = json.load(error)
    except ValueError:
        return f"HTTP {error.code}"
    if not isinstance(body, dict):
        return f"HTTP {error.code}"
    return str(body.get("message") or body.get("detail") or f"HTTP {error.code}")
