"""The media stream's messages: reading what the carrier sends, writing the three it understands.

Source: Twilio Media Streams, WebSocket messages. Numbers inside are text, except in mediaFormat.
"""

import binascii
import json
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

_MEDIA_PREFIX = '{"event":"media","'
_MARK_PREFIX = '{"event":"mark","'
_TRACK = '"track":"inbound"'
_TIMESTAMP = '"timestamp":"'
_PAYLOAD = '","payload":"'
_MEDIA_END = '"}}'
_KEYS = frozenset("0123456789*#ABCD")
_STAMP_DIGITS = 9
"""More is no time of a call: nine digits are eleven days."""


class BadStreamMessage(Exception):
    """A message that breaks the protocol: not JSON, not an object, or a field is missing."""


class Connected(NamedTuple):
    """The socket is open; nothing is known yet."""


class Started(NamedTuple):
    """The stream has started; from here on we may send."""

    stream_sid: str
    call_sid: str
    account_sid: str
    encoding: str
    sample_rate: int
    channels: int
    parameters: Mapping[str, str]


class Media(NamedTuple):
    """20 ms of the callee's sound: base64 of 160 bytes of mu-law; ms since the stream's start."""

    timestamp_ms: int
    payload: str


class Dtmf(NamedTuple):
    """The callee pressed a key."""

    digit: str


class Mark(NamedTuple):
    """A mark of ours came back: what was queued before it has been played, or was cleared."""

    name: str


class Stopped(NamedTuple):
    """The carrier ends the stream; it closes the socket next."""


class UnknownEvent(NamedTuple):
    """An event that is not in the protocol as we know it: log it, go on."""

    event: str


StreamMessage: TypeAlias = Connected | Started | Media | Dtmf | Mark | Stopped | UnknownEvent


def read_message(text: str) -> StreamMessage:
    """Read one message, the usual media message without parsing JSON.

    Raises: BadStreamMessage.
    """
    return read_media(text) or _read_json(text)


def read_media(text: str) -> Media | None:
    """Read a media message by its exact usual form; None for any other text, also unusual media.

    The one call per 20 ms of each call: prefix check and slices, no JSON.
    """
    if not text.startswith(_MEDIA_PREFIX) or not text.endswith(_MEDIA_END):
        return None
    payload_at = text.find(_PAYLOAD)
    stamp_at = text.rfind(_TIMESTAMP, 0, payload_at)
    start = payload_at + len(_PAYLOAD)
    stamp = text[stamp_at + len(_TIMESTAMP) : payload_at]
    is_usual = (
        payload_at > 0
        and stamp_at > 0
        and stamp.isdecimal()
        and stamp.isascii()
        and len(stamp) <= _STAMP_DIGITS
        and text.find(_TRACK, 0, stamp_at) > 0
        and text.find('"', start) == len(text) - len(_MEDIA_END)
        and _is_base64(text[start : -len(_MEDIA_END)])
    )
    return Media(int(stamp), text[start : -len(_MEDIA_END)]) if is_usual else None


def read_mark(text: str) -> Mark | None:
    """Read a mark that came back; None for any other text. Raises: BadStreamMessage."""
    if not text.startswith(_MARK_PREFIX):
        return None
    message = _read_json(text)
    return message if isinstance(message, Mark) else None


def media_message(stream_sid: str, payload: str) -> str:
    """Write audio to be played: `payload` is base64 of mu-law, 8 kHz, any length."""
    return f'{{"event":"media","streamSid":"{stream_sid}","media":{{"payload":"{payload}"}}}}'


def mark_message(stream_sid: str, name: str) -> str:
    """Write a mark; it comes back when all audio before it has been played, or was cleared."""
    return f'{{"event":"mark","streamSid":"{stream_sid}","mark":{{"name":"{name}"}}}}'


def clear_message(stream_sid: str) -> str:
    """Write the order to forget what is queued; all pending marks come back at once."""
    return f'{{"event":"clear","streamSid":"{stream_sid}"}}'


def _is_base64(payload: str) -> bool:
    """Say whether it is; what is not must not get into the messages for the model."""
    try:
        binascii.a2b_base64(payload, strict_mode=True)
    except ValueError:
        return False
    return True


def _read_json(text: str) -> StreamMessage:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadStreamMessage("not JSON") from error
    event = message.get("event") if isinstance(message, dict) else None
    if not isinstance(event, str):
        raise BadStreamMessage("no event")
    reader = _READERS.get(event)
    if reader is None:
        return UnknownEvent(event)
    try:
        return reader(message)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BadStreamMessage(f"{event}: missing or odd field: {error}") from error


def _read_start(message: Mapping[str, Mapping[str, object]]) -> Started:
    start = message["start"]
    media_format = start["mediaFormat"]
    parameters = start.get("customParameters", {})
    if not isinstance(media_format, dict) or not isinstance(parameters, dict):
        raise TypeError("mediaFormat")
    return Started(
        stream_sid=str(start["streamSid"]),
        call_sid=str(start["callSid"]),
        account_sid=str(start["accountSid"]),
        encoding=str(media_format["encoding"]),
        sample_rate=int(media_format["sampleRate"]),
        channels=int(media_format["channels"]),
        parameters={str(name): str(value) for name, value in parameters.items()},
    )


def _read_media(message: Mapping[str, Mapping[str, object]]) -> Media | UnknownEvent:
    media = message["media"]
    if media.get("track", "inbound") != "inbound":
        return UnknownEvent("media of another track")
    payload = media["payload"]
    if not isinstance(payload, str):
        raise TypeError("payload")
    stamp = str(media["timestamp"])
    if len(stamp) > _STAMP_DIGITS or not _is_base64(payload):
        raise ValueError("timestamp or payload")
    return Media(int(stamp), payload)


def _read_dtmf(message: Mapping[str, Mapping[str, object]]) -> Dtmf | UnknownEvent:
    digit = message["dtmf"]["digit"]
    if digit not in _KEYS:
        return UnknownEvent("dtmf of no key")
    return Dtmf(str(digit))


_READERS: Mapping[str, Callable[[Mapping[str, Mapping[str, object]]], StreamMessage]] = {
    "connected": lambda _: Connected(),
    "start": _read_start,
    "media": _read_media,
    "dtmf": _read_dtmf,
    "mark": lambda message: Mark(str(message["mark"]["name"])),
    "stop": lambda _: Stopped(),
}
