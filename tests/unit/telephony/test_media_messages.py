"""Media stream messages: what the carrier sends, usual or odd, and the three we may send."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.media_messages import (
    BadStreamMessage,
    Connected,
    Dtmf,
    Mark,
    Media,
    Started,
    Stopped,
    UnknownEvent,
    clear_message,
    mark_message,
    media_message,
    read_media,
    read_message,
)

SID = "MZ0123456789abcdef0123456789abcdef"
START = {
    "event": "start",
    "sequenceNumber": "1",
    "streamSid": SID,
    "start": {
        "accountSid": "AC1",
        "callSid": "CA1",
        "streamSid": SID,
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {"call_id": "c1"},
    },
}


def media_text(timestamp: str = "20", payload: str = "/38=", track: str = "inbound") -> str:
    return json.dumps(
        {
            "event": "media",
            "sequenceNumber": "4",
            "streamSid": SID,
            "media": {"track": track, "chunk": "2", "timestamp": timestamp, "payload": payload},
        },
        separators=(",", ":"),
    )


def test_the_usual_media_message_takes_the_fast_path() -> None:
    assert read_media(media_text()) == Media(20, "/38=")


@given(st.integers(0, 10**9 - 1), st.binary(min_size=0, max_size=400))
def test_fast_path_and_json_read_the_same(timestamp: int, audio: bytes) -> None:
    payload = base64.b64encode(audio).decode()
    spaced = json.dumps(json.loads(media_text(str(timestamp), payload)))
    assert read_media(media_text(str(timestamp), payload)) == Media(timestamp, payload)
    assert read_media(spaced) is None
    assert read_message(spaced) == Media(timestamp, payload)


@pytest.mark.parametrize(
    "text",
    [
        media_text(timestamp="-20"),
        media_text(timestamp="2\u06600"),
        media_text(payload='a","x":"b'),
        media_text(payload="a\\nb"),
        media_text(track="outbound"),
        media_text()[:-1],
        '{"event":"media","',
        '{"event":"media","media":{"payload":"AAAA"}}',
    ],
)
def test_an_unusual_media_message_is_left_to_json(text: str) -> None:
    assert read_media(text) is None


def test_media_of_our_own_track_is_not_the_callee() -> None:
    assert read_message(media_text(track="outbound")) == UnknownEvent("media of another track")


def test_start_tells_all_that_is_to_be_checked() -> None:
    expected = Started(SID, "CA1", "AC1", "audio/x-mulaw", 8000, 1, {"call_id": "c1"})
    assert read_message(json.dumps(START)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"event":"connected","protocol":"Call","version":"1.0.0"}', Connected()),
        ('{"event":"dtmf","dtmf":{"track":"inbound_track","digit":"1"}}', Dtmf("1")),
        ('{"event":"mark","streamSid":"MZ","mark":{"name":"3:7"}}', Mark("3:7")),
        ('{"event":"stop","streamSid":"MZ","stop":{"accountSid":"AC","callSid":"CA"}}', Stopped()),
        ('{"event":"later-invention"}', UnknownEvent("later-invention")),
        ('{"event":"dtmf","dtmf":{"digit":"\\ud800"}}', UnknownEvent("dtmf of no key")),
        ('{"event":"dtmf","dtmf":{"digit":"12"}}', UnknownEvent("dtmf of no key")),
    ],
)  # fmt: skip
def test_each_other_event_is_read(text: str, expected: object) -> None:
    assert read_message(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "no json", "[]", "null", "7", '"text"', "{}", '{"event":7}', '{"event":"start"}',
     '{"event":"start","start":[]}', '{"event":"start","start":{"mediaFormat":7}}',
     '{"event":"media"}', '{"event":"media","media":{"timestamp":"x","payload":"AA=="}}',
     '{"event":"media","media":{"timestamp":"1","payload":7}}', '{"event":"dtmf","dtmf":{}}',
     media_text(timestamp="9" * 10), media_text(timestamp="9" * 5_000),
     media_text(payload="!!!!"), media_text(payload="AAA"), media_text(payload="\u00e9\u00e9=="),
     json.dumps(START).replace("8000", "1e400"), '{"event":"dtmf","dtmf":{"digit":[]}}',
     '{"event":"mark","mark":null}', "[" * 100_000, '{"event":"media","media":' * 2_000],
)  # fmt: skip
def test_a_broken_message_is_named_never_a_crash(text: str) -> None:
    with pytest.raises(BadStreamMessage):
        read_message(text)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_message(text)
    except BadStreamMessage:
        return


def test_what_we_send_has_exactly_the_fields_that_the_carrier_takes() -> None:
    media = {"event": "media", "streamSid": SID, "media": {"payload": "/38="}}
    assert json.loads(media_message(SID, "/38=")) == media
    mark = {"event": "mark", "streamSid": SID, "mark": {"name": "3:7"}}
    assert json.loads(mark_message(SID, "3:7")) == mark
    assert json.loads(clear_message(SID)) == {"event": "clear", "streamSid": SID}
