"""TwiML and the create form: what is taken, and that everything else is an error."""

import pytest
from twilio.twiml.voice_response import Connect as ConnectVerb
from twilio.twiml.voice_response import VoiceResponse

from sandbox.call_form import Pairs, find_call_id, read_create
from sandbox.errors import RestRefusal, TwimlInvalid
from sandbox.twiml import Connect, Redirect, parse_twiml

STREAM = "wss://handler.ringback.test/media-stream/c1/t1"
VALID: dict[str, str] = {
    "To": "+14155550100",
    "From": "+14155550199",
    "Twiml": "<Response><Hangup/></Response>",
}


def form(**more: str) -> Pairs:
    return list((VALID | more).items())


def test_what_twilio_python_writes_is_understood() -> None:
    response, connect = VoiceResponse(), ConnectVerb()
    connect.stream(url=STREAM).parameter(name="call_id", value="c1")
    response.append(connect)
    response.redirect("https://handler.ringback.test/after-stream/c1", method="POST")
    first, second = parse_twiml(str(response))
    assert isinstance(first, Connect)
    assert (first.stream.url, first.stream.parameters) == (STREAM, {"call_id": "c1"})
    assert second == Redirect("https://handler.ringback.test/after-stream/c1", "POST")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("<Response>", "not XML"),
        ("<Answer/>", "root is <Answer>"),
        ("<!DOCTYPE x><Response/>", "declarations"),
        ("<Response><Sing/></Response>", "unknown verb <Sing>"),
        ("<Response><Hangup now='1'/></Response>", "does not know the attribute 'now'"),
        ("<Response><Connect/></Response>", "exactly one <Stream>"),
        (f"<Response><Connect><Stream url='{STREAM}?a=1'/></Connect></Response>", "31920"),
        ("<Response><Connect><Stream url='ws://h/x'/></Connect></Response>", "wss://"),
        (
            f"<Response><Connect><Stream url='{STREAM}' track='both_tracks'/></Connect></Response>",
            "31941",
        ),
        ("<Response><Redirect>http://h/x</Redirect></Response>", "https://"),
        ("<Response><Pause length='-1'/></Response>", "not a number"),
        (f"<Response><Say>{'a' * 4000}</Say></Response>", "at most 4000"),
    ],
)
def test_a_typo_in_a_document_is_named(document: str, words: str) -> None:
    with pytest.raises(TwimlInvalid, match=words):
        parse_twiml(document)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"To": ""}, 21201),
        ({"To": "5551234"}, 21211),
        ({"To": "+14155550199"}, 21211),
        ({"From": ""}, 21213),
        ({"From": "pizza"}, 21212),
        ({"Twiml": ""}, 21205),
        ({"Twiml": "<Response><Dial/></Response>"}, 12100),
        ({"Url": "http://handler.ringback.test/x"}, 21205),
        ({"StatusCallback": "http://orchestrator.ringback.test/x"}, 21209),
        ({"StatusCallback": "https://my_host.test/x"}, 21209),
        ({"StatusCallbackEvent": "hung-up"}, 21626),
        ({"StatusCallbackMethod": "PUT"}, 20001),
        ({"Timeout": "601"}, 20001),
        ({"TimeLimit": "soon"}, 20001),
        ({"Record": "yes"}, 20001),
        ({"SendDigits": "12x"}, 20001),
        ({"IdempotencyKey": "1"}, 20001),
        ({"To": "+15005550001"}, 21217),
        ({"To": "+15005550004"}, 21216),
        ({"From": "+15005550001"}, 21212),
    ],
)
def test_a_wrong_create_is_refused_with_its_code(changed: dict[str, str], code: int) -> None:
    with pytest.raises(RestRefusal) as refused:
        read_create(form(**changed))
    assert refused.value.code == code


def test_twiml_is_ignored_when_there_is_a_url() -> None:
    assert read_create(form(Url="https://handler.ringback.test/x", Twiml="nonsense")).verbs == ()


def test_only_completed_is_subscribed_by_default() -> None:
    assert read_create(form()).events == {"completed"}


def test_the_call_id_is_found_in_the_urls_even_of_a_refused_form() -> None:
    status = [("StatusCallback", "https://o.test/twilio/status/c7#rc=5"), ("Nonsense", "1")]
    assert find_call_id(status) == "c7"
    stream = f'<Response><Connect><Stream url="{STREAM}"/></Connect></Response>'
    assert find_call_id([("Twiml", stream)]) == "c1"
    assert find_call_id([("StatusCallback", "https://o.test/twilio/status")]) is None
