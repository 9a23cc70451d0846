"""Signatures against the documented vectors and against twilio-python's own validator."""

import hashlib

import pytest
from twilio.request_validator import RequestValidator

from sandbox.signing import Scheme, sign_form, sign_url

KEY = "12345"
ORCHESTRATOR = "https://orchestrator.ringback.test"
HANDLER = "handler.ringback.test"
COMPLETED = [
    ("CallSid", "CA0123456789abcdef0123456789abcdef"),
    ("CallStatus", "completed"),
    ("CallDuration", "49"),
    ("From", "+14155550199"),
    ("To", "+14155550100"),
]
STATUS = f"{ORCHESTRATOR}/twilio/status/c1"
REPEATED = [
    ("Digits", "9"),
    ("Digits", "1"),
    ("Digits", "1"),
    ("CallSid", "CA1"),
    ("CallSidX", "CA2"),
]
DOCUMENTED = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
]
UMLAUT = [("K\u00f6rper", "\u00e4 b&c=+")]
FORMS = [
    (f"{STATUS}?foo=1&bar=2", COMPLETED, "wOV6LCKU3U8xB/2pI+QHSjots0o="),
    (
        "https://orchestrator.ringback.test:443/twilio/status/c1?foo=1&bar=2",
        COMPLETED,
        "TGPsWfUfLYHbydhy4MzCjbtJ0EA=",
    ),
    (
        "http://orchestrator.ringback.test:80/twilio/status/c1",
        COMPLETED,
        "UGrDYmOUZ4fXBpWT1kGYNLP+FmI=",
    ),
    (STATUS, REPEATED, "jErD++OoHpbsRXF3f+LI6aULzHQ="),
    (STATUS, [("A", ""), ("B", "x")], "1R2jxwHjysbRWPRX4Lop9j2pxo8="),
    (STATUS, UMLAUT, "QWQYFx1sHwosKS8GTFO2V5PaLzo="),
    ("https://mycompany.com/myapp.php?foo=1&bar=2", DOCUMENTED, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
]
JSON_HASH = hashlib.sha256(b'{"event": "test"}').hexdigest()
URLS = [
    (f"{STATUS}?foo=1&bar=2", "oKn02kVUZs1UoWWhjZjXD3almyA="),
    (f"{STATUS}?bodySHA256={JSON_HASH}", "oqqxbyCxpyyPsJzz7O/cQD46CT4="),
    (f"wss://{HANDLER}/media-stream/c1/t1", "cmMc+sjIVJQvGIq32+2+8vO+ZbQ="),
    (f"wss://{HANDLER}/media-stream/c1/t1/", "Jh/TLY2X8MjbP9PXYc4r4R9v2js="),
    (f"wss://{HANDLER}:443/media-stream/c1/t1", "9uEKIJy34bDTeoOpVJsousIzutQ="),
    (f"wss://{HANDLER}:8443/media-stream/c1/t1", "9+oDnMzCp4KWXh6Vedj5aU4IDFM="),
    (f"https://{HANDLER}/media-stream/c1/t1", "8oGI6f+i3Sf862UeLMfavvZrcE8="),
]


@pytest.mark.parametrize(("url", "fields", "signature"), FORMS)
def test_a_form_is_signed_as_documented(
    url: str, fields: list[tuple[str, str]], signature: str
) -> None:
    assert sign_form(KEY, url, fields) == signature


@pytest.mark.parametrize(("url", "signature"), URLS)
def test_a_url_is_signed_as_documented(url: str, signature: str) -> None:
    assert sign_url(KEY, url) == signature


def test_the_newer_scheme_signs_with_sha256() -> None:
    url = f"wss://{HANDLER}/media-stream/c1/t1"
    assert sign_url(KEY, url, Scheme.SHA256) == "EBcK6BCJhoDgnOnL/DG2P42lFo1A2T+S8SjCEQtAsMw="
    signed = sign_form(KEY, f"{STATUS}?foo=1&bar=2", COMPLETED, Scheme.SHA256)
    assert signed == "9Bgc+QTfhbvq+GGkO04i4NqoS7V2z4yH0z5M9YJtGNY="


def test_twilios_validator_computes_the_same() -> None:
    fields = dict(COMPLETED)
    expected = RequestValidator(KEY).compute_signature(STATUS, fields)
    assert sign_form(KEY, STATUS, COMPLETED) == expected
