"""TwiML: the strict reading of a document into the verbs that the carrier runs."""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from sandbox.errors import TwimlInvalid

MAX_CHARACTERS = 4_000
PARAMETER_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Stream:
    """`<Stream>`: where the WebSocket goes; `status_callback` is "" when not wanted."""

    url: str
    name: str
    status_callback: str
    status_callback_method: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Connect:
    """`<Connect><Stream>`: two-way and blocking; `action` is "" when the next verb runs."""

    stream: Stream
    action: str
    method: str


@dataclass(frozen=True, slots=True)
class Start:
    """`<Start><Stream>`: one-way and not blocking."""

    stream: Stream


@dataclass(frozen=True, slots=True)
class Redirect:
    """`<Redirect>`: the rest of the call is the answer of `url`."""

    url: str
    method: str


@dataclass(frozen=True, slots=True)
class Say:
    """`<Say>`: Twilio's own speech to the callee."""

    text: str
    voice: str
    loop: int


@dataclass(frozen=True, slots=True)
class Play:
    """`<Play>`: a sound file or digits; the sandbox plays silence of a second."""

    url: str


@dataclass(frozen=True, slots=True)
class Pause:
    """`<Pause>`: silence of `length_s` seconds."""

    length_s: int


@dataclass(frozen=True, slots=True)
class Hangup:
    """`<Hangup/>`: ends the call."""


@dataclass(frozen=True, slots=True)
class Reject:
    """`<Reject/>`: ends the call; for an outbound call the same as Hangup."""


Verb = Connect | Start | Redirect | Say | Play | Pause | Hangup | Reject


def parse_twiml(text: str) -> list[Verb]:
    """Read a document. Raises: TwimlInvalid naming the element or attribute that is wrong."""
    if len(text) > MAX_CHARACTERS:
        raise TwimlInvalid(f"document has {len(text)} characters, at most {MAX_CHARACTERS}")
    if "<!" in text:
        raise TwimlInvalid("declarations and comments are not taken")
    try:
        root = ET.fromstring(text)  # noqa: S314 - no DOCTYPE, so no entities
    except ET.ParseError as error:
        raise TwimlInvalid(f"not XML: {error}") from error
    if root.tag != "Response":
        raise TwimlInvalid(f"root is <{root.tag}>, expected <Response>")
    _check_attributes(root, ())
    return [_read_verb(element) for element in root]


def _read_verb(element: ET.Element) -> Verb:
    reader = _READERS.get(element.tag)
    if reader is None:
        raise TwimlInvalid(f"unknown verb <{element.tag}>")
    return reader(element)


def _read_connect(element: ET.Element) -> Verb:
    _check_attributes(element, ("action", "method"))
    action = element.get("action", "")
    if action:
        check_url(action, "https", "Connect action")
    return Connect(_read_stream(element), action, _method(element, "method"))


def _read_start(element: ET.Element) -> Verb:
    _check_attributes(element, ())
    return Start(_read_stream(element))


def _read_stream(parent: ET.Element) -> Stream:
    if len(parent) != 1 or parent[0].tag != "Stream":
        raise TwimlInvalid(f"<{parent.tag}> must hold exactly one <Stream>")
    element = parent[0]
    known = ("url", "name", "track", "statusCallback", "statusCallbackMethod")
    _check_attributes(element, known)
    url = element.get("url", "")
    check_url(url, "wss", "Stream url")
    if urlsplit(url).query:
        raise TwimlInvalid("Stream url has a query string (31920)")
    if parent.tag == "Connect" and element.get("track", "inbound_track") != "inbound_track":
        raise TwimlInvalid("Stream track must be inbound_track (31941)")
    callback = element.get("statusCallback", "")
    if callback:
        check_url(callback, "https", "Stream statusCallback")
    method = _method(element, "statusCallbackMethod")
    return Stream(url, element.get("name", ""), callback, method, _read_parameters(element))


def _read_parameters(stream: ET.Element) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for element in stream:
        if element.tag != "Parameter":
            raise TwimlInvalid(f"<Stream> holds <{element.tag}>, only <Parameter> is known")
        _check_attributes(element, ("name", "value"))
        name, value = element.get("name", ""), element.get("value", "")
        if not name or len(name) + len(value) >= PARAMETER_CHARACTERS:
            raise TwimlInvalid("Parameter needs a name, and name and value below 500 characters")
        parameters[name] = value
    return parameters


def _read_redirect(element: ET.Element) -> Verb:
    _check_attributes(element, ("method",))
    url = (element.text or "").strip()
    check_url(url, "https", "Redirect")
    return Redirect(url, _method(element, "method"))


def _read_say(element: ET.Element) -> Verb:
    _check_attributes(element, ("voice", "language", "loop"))
    text = (element.text or "").strip()
    if not text or len(element):
        raise TwimlInvalid("<Say> must hold text only")
    return Say(text, element.get("voice", "man"), _number(element, "loop", 1))


def _read_play(element: ET.Element) -> Verb:
    _check_attributes(element, ("loop", "digits"))
    return Play((element.text or "").strip())


def _read_pause(element: ET.Element) -> Verb:
    _check_attributes(element, ("length",))
    return Pause(_number(element, "length", 1))


def _read_hangup(element: ET.Element) -> Verb:
    _check_attributes(element, ())
    return Hangup()


def _read_reject(element: ET.Element) -> Verb:
    _check_attributes(element, ("reason",))
    return Reject()


_READERS: Mapping[str, Callable[[ET.Element], Verb]] = {
    "Connect": _read_connect,
    "Start": _read_start,
    "Redirect": _read_redirect,
    "Say": _read_say,
    "Play": _read_play,
    "Pause": _read_pause,
    "Hangup": _read_hangup,
    "Reject": _read_reject,
}


def check_url(url: str, scheme: str, what: str) -> None:
    """Refuse a URL that is not absolute in `scheme`, or whose host has an underscore.

    Raises: TwimlInvalid.
    """
    parts = urlsplit(url)
    if parts.scheme != scheme or not parts.hostname:
        raise TwimlInvalid(f"{what} {url!r} is not an absolute {scheme}:// URL")
    if "_" in parts.hostname:
        raise TwimlInvalid(f"{what} has a host with an underscore")


def _check_attributes(element: ET.Element, known: Collection[str]) -> None:
    for name in element.keys():  # noqa: SIM118 - an Element iterates over its children
        if name not in known:
            raise TwimlInvalid(f"<{element.tag}> does not know the attribute {name!r}")


def _method(element: ET.Element, name: str) -> str:
    method = element.get(name, "POST")
    if method not in ("GET", "POST"):
        raise TwimlInvalid(f"<{element.tag}> {name} {method!r} is neither GET nor POST")
    return method


def _number(element: ET.Element, name: str, default: int) -> int:
    text = element.get(name, str(default))
    if not text.isdecimal():
        raise TwimlInvalid(f"<{element.tag}> {name} {text!r} is not a number")
    return int(text)
