"""TwiML: what the carrier is told to do."""

from xml.etree import ElementTree as ET

from telephony.twiml import after_stream_twiml, stream_twiml

CALL = stream_twiml(
    call_id="c1",
    stream_url="wss://h.test/media-stream/c1/t",
    stream_status_url="https://o.test/twilio/stream/c1",
    after_stream_url="https://h.test/after-stream/c1",
)


def test_a_call_is_one_stream_and_then_a_question() -> None:
    root = ET.fromstring(CALL)  # noqa: S314 - our own document
    assert [verb.tag for verb in root] == ["Connect", "Redirect"]
    stream = root[0][0]
    assert stream.attrib == {
        "url": "wss://h.test/media-stream/c1/t",
        "statusCallback": "https://o.test/twilio/stream/c1",
    }
    assert stream[0].attrib == {"name": "call_id", "value": "c1"}
    assert root[1].attrib == {"method": "POST"}
    assert root[1].text == "https://h.test/after-stream/c1"


def test_a_call_without_stream_callback_names_none() -> None:
    twiml = stream_twiml(
        call_id="c1", stream_url="wss://h/s", stream_status_url=None, after_stream_url="https://h/a"
    )
    assert "statusCallback" not in twiml


def test_the_document_stays_far_below_the_carriers_limit() -> None:
    assert len(CALL) < 1_000


def test_after_a_stream_only_an_apology_and_a_hang_up_can_follow() -> None:
    assert after_stream_twiml(None).endswith("<Response><Hangup /></Response>")
    assert after_stream_twiml("Sorry & bye.").endswith(
        "<Response><Say>Sorry &amp; bye.</Say><Hangup /></Response>"
    )
