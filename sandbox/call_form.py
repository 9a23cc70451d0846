"""The forms of create and update: strict reading of their parameters."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from sandbox.call_orders import DetectionOrder, RecordingOrder, read_detection, read_recording
from sandbox.errors import RestRefusal, TwimlInvalid
from sandbox.twiml import Verb, check_url, parse_twiml

EVENTS = ("initiated", "ringing", "answered", "completed")
E164 = re.compile(r"\+[1-9]\d{6,14}")
DIGITS = re.compile(r"[0-9A-Da-d#*wW]{1,32}")
STREAM_PATH = re.compile(r"""/media-stream/([^/"']+)/""")
TEST_TO = {"+15005550001": 21217, "+15005550002": 21214, "+15005550003": 21215}
TEST_TO |= {"+15005550004": 21216}
TEST_FROM = {"+15005550001": 21212}

_BOOLEAN = frozenset({"true", "false"})
_METHOD = frozenset({"GET", "POST"})
_WORDS: Mapping[str, Collection[str]] = {
    "Method": _METHOD,
    "FallbackMethod": _METHOD,
    "StatusCallbackMethod": _METHOD,
    "RecordingStatusCallbackMethod": _METHOD,
    "AsyncAmdStatusCallbackMethod": _METHOD,
    "Record": _BOOLEAN,
    "AsyncAmd": _BOOLEAN,
    "RecordingChannels": frozenset({"mono", "dual"}),
    "RecordingTrack": frozenset({"inbound", "outbound", "both"}),
    "Trim": frozenset({"trim-silence", "do-not-trim"}),
    "RecordingStatusCallbackEvent": frozenset({"in-progress", "completed", "absent"}),
    "MachineDetection": frozenset({"Enable", "DetectMessageEnd"}),
    "Status": frozenset({"canceled", "completed"}),
}
_FREE = {"RecordingStatusCallback", "AsyncAmdStatusCallback", "SendDigits", "CallReason"}
_AMD_SPANS = {
    "MachineDetectionTimeout": (3, 59),
    "MachineDetectionSpeechThreshold": (1000, 6000),
    "MachineDetectionSpeechEndThreshold": (500, 5000),
    "MachineDetectionSilenceTimeout": (2000, 10000),
}
_UPDATE = {"Status", "Url", "Twiml", "Method", "FallbackUrl", "FallbackMethod"}
_UPDATE |= {"StatusCallback", "StatusCallbackMethod", "TimeLimit"}
_CREATE = (_UPDATE - {"Status"}) | set(_WORDS) - {"Status"} | _FREE | set(_AMD_SPANS)
_CREATE |= {"To", "From", "StatusCallbackEvent", "Timeout"}
_REPEATED = {"StatusCallbackEvent", "RecordingStatusCallbackEvent"}

_URLS = (
    ("Url", 21205),
    ("FallbackUrl", 21205),
    ("StatusCallback", 21209),
    ("RecordingStatusCallback", 21209),
    ("AsyncAmdStatusCallback", 21209),
)

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class CallForm:
    """What one create or update asked for; "" and None are absent.

    `verbs` is the parsed Twiml, empty when `url` is given: then Twiml is ignored.
    """

    pairs: tuple[tuple[str, str], ...]
    to: str
    from_: str
    verbs: tuple[Verb, ...]
    url: str
    method: str
    fallback_url: str
    fallback_method: str
    status_callback: str
    status_callback_method: str
    events: frozenset[str]
    timeout_s: int
    time_limit_s: int | None
    wanted_status: str
    detection: DetectionOrder | None
    """What machine detection was ordered; None: none."""
    recording: RecordingOrder | None
    """What recording was ordered; None: none."""

    @property
    def call_id(self) -> str | None:
        """Give the product's own id for the call, which it puts into its URLs."""
        return find_call_id(self.pairs)


def find_call_id(pairs: Iterable[tuple[str, str]]) -> str | None:
    """Find the product's call_id in the URLs of a form, even of one that is refused."""
    fields = dict(pairs)
    segments = [part for part in urlsplit(fields.get("StatusCallback", "")).path.split("/") if part]
    if "status" in segments[:-1]:
        return segments[-1]
    stream = STREAM_PATH.search(fields.get("Twiml", ""))
    return stream.group(1) if stream else None


def read_pairs(body: bytes) -> Pairs:
    """Read a form body with repeated keys, in order. Raises: RestRefusal when not UTF-8."""
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body))
    except ValueError as error:
        raise RestRefusal(20001, f"body is not a form: {error}") from error


def read_create(pairs: Pairs) -> CallForm:
    """Read a create. Raises: RestRefusal with Twilio's code."""
    _check_names(pairs, _CREATE)
    fields = dict(pairs)
    _check_numbers(fields.get("To", ""), fields.get("From", ""))
    if not (fields.get("Url") or fields.get("Twiml")):
        raise RestRefusal(21205, "one of Url and Twiml is needed")
    return _read(pairs)


def read_update(pairs: Pairs) -> CallForm:
    """Read an update. Raises: RestRefusal with Twilio's code."""
    _check_names(pairs, _UPDATE)
    return _read(pairs)


def _read(pairs: Pairs) -> CallForm:
    fields = dict(pairs)
    _check_words(pairs)
    for name, code in _URLS:
        _check_https(fields.get(name, ""), name, code)
    limit = fields.get("TimeLimit")
    return CallForm(
        pairs=tuple(pairs),
        to=fields.get("To", ""),
        from_=fields.get("From", ""),
        verbs=() if fields.get("Url") else _read_twiml(fields.get("Twiml", "")),
        url=fields.get("Url", ""),
        method=fields.get("Method", "POST"),
        fallback_url=fields.get("FallbackUrl", ""),
        fallback_method=fields.get("FallbackMethod", "POST"),
        status_callback=fields.get("StatusCallback", ""),
        status_callback_method=fields.get("StatusCallbackMethod", "POST"),
        events=_read_events(pairs),
        timeout_s=_read_number("Timeout", fields.get("Timeout", "60"), (1, 600)),
        time_limit_s=None if limit is None else _read_number("TimeLimit", limit, (1, 86_400)),
        wanted_status=fields.get("Status", ""),
        detection=read_detection(fields),
        recording=read_recording(pairs),
    )


def _check_names(pairs: Pairs, known: Collection[str]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name not in known:
            raise RestRefusal(20001, f"unknown parameter {name!r}")
        if name in seen and name not in _REPEATED:
            raise RestRefusal(20001, f"parameter {name!r} is given twice")
        seen.add(name)


def _check_words(pairs: Pairs) -> None:
    for name, value in pairs:
        if name in _WORDS and value not in _WORDS[name]:
            raise RestRefusal(20001, f"{name} {value!r} is not one of {sorted(_WORDS[name])}")
        if name in _AMD_SPANS:
            _read_number(name, value, _AMD_SPANS[name])
        if name == "SendDigits" and not DIGITS.fullmatch(value):
            raise RestRefusal(20001, f"SendDigits {value!r} has other than 1 to 32 keys")


def _check_numbers(to: str, from_: str) -> None:
    if not to:
        raise RestRefusal(21201)
    if not from_:
        raise RestRefusal(21213)
    if code := TEST_FROM.get(from_):
        raise RestRefusal(code, from_)
    if code := TEST_TO.get(to):
        raise RestRefusal(code, to)
    if not E164.fullmatch(to) or to == from_:
        raise RestRefusal(21211, to)
    if not E164.fullmatch(from_):
        raise RestRefusal(21212, from_)


def _check_https(url: str, name: str, code: int) -> None:
    if not url:
        return
    try:
        check_url(url, "https", name)
    except TwimlInvalid as error:
        raise RestRefusal(code, str(error)) from error


def _read_twiml(text: str) -> tuple[Verb, ...]:
    if not text:
        return ()
    try:
        return tuple(parse_twiml(text))
    except TwimlInvalid as error:
        raise RestRefusal(12100, str(error)) from error


def _read_events(pairs: Pairs) -> frozenset[str]:
    events = [value for name, value in pairs if name == "StatusCallbackEvent"]
    for event in events:
        if event not in EVENTS:
            raise RestRefusal(21626, event)
    return frozenset(events or ["completed"])


def _read_number(name: str, text: str, span: tuple[int, int]) -> int:
    if not text.isdecimal() or not span[0] <= int(text) <= span[1]:
        raise RestRefusal(20001, f"{name} {text!r} is not a whole number in {span[0]}..{span[1]}")
    return int(text)
