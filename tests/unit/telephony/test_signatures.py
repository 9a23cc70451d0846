"""Signatures: the known vectors, twilio-python's validator as the oracle, and every refusal."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.datastructures import ImmutableMultiDict as MultiDict
from twilio.request_validator import (
    RequestValidator,
)

from telephony.signatures import (
    BadSignature,
    MissingSignature,
    NoKeys,
    NotAForm,
    SignatureKeys,
    read_signed_form,
    require_signature,
    verify_request,
    verify_upgrade,
)

KEY = "12345"
KEYS = SignatureKeys(auth_tokens=(KEY,))
SHARED = SignatureKeys(shared_keys=(KEY,))
O = "https://orchestrator.ringback.test"  # noqa: E741 - the vectors' own name
STATUS = f"{O}/twilio/status/c1"
STREAM = "wss://handler.ringback.test/media-stream/c1/t1"
P1 = (
    ("CallSid", "CA0123456789abcdef0123456789abcdef"),
    ("CallStatus", "completed"),
    ("CallDuration", "49"),
    ("From", "+14155550199"),
    ("To", "+14155550100"),
)
REPEATED = (
    ("Digits", "9"),
    ("Digits", "1"),
    ("Digits", "1"),
    ("CallSid", "CA1"),
    ("CallSidX", "CA2"),
)
DOCUMENTED = (
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
)
LONG = (
    ("AccountSid", "AC0123456789abcdef0123456789abcdef"),
    ("ApiVersion", "2010-04-01"),
    ("CallDuration", "49"),
    ("CallSid", "CA0123456789abcdef0123456789abcdef"),
    ("CallStatus", "completed"),
    ("Direction", "outbound-api"),
    ("Duration", "1"),
    ("From", "+14155550199"),
    ("SequenceNumber", "3"),
    ("Timestamp", "Mon, 23 Nov 2026 10:00:49 +0000"),
    ("To", "+14155550100"),
)
Fields = tuple[tuple[str, str], ...]
FORMS: list[tuple[str, Fields, str]] = [
    (f"{STATUS}?foo=1&bar=2", P1, "wOV6LCKU3U8xB/2pI+QHSjots0o="),
    (f"{O}:443/twilio/status/c1?foo=1&bar=2", P1, "TGPsWfUfLYHbydhy4MzCjbtJ0EA="),
    (
        "http://orchestrator.ringback.test:80/twilio/status/c1",
        P1,
        "UGrDYmOUZ4fXBpWT1kGYNLP+FmI=",
    ),
    (STATUS, REPEATED, "jErD++OoHpbsRXF3f+LI6aULzHQ="),
    (STATUS, (("A", ""), ("B", "x")), "1R2jxwHjysbRWPRX4Lop9j2pxo8="),
    (STATUS, (("K\u00f6rper", "\u00e4 b&c=+"),), "QWQYFx1sHwosKS8GTFO2V5PaLzo="),
    (f"{STATUS}?foo=1&bar=2", (), "oKn02kVUZs1UoWWhjZjXD3almyA="),
    ("https://mycompany.com/myapp.php?foo=1&bar=2", DOCUMENTED, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
]
UPGRADES = [
    (STREAM, "cmMc+sjIVJQvGIq32+2+8vO+ZbQ="),
    (f"{STREAM}/", "Jh/TLY2X8MjbP9PXYc4r4R9v2js="),
    (
        "wss://handler.ringback.test:443/media-stream/c1/t1",
        "9uEKIJy34bDTeoOpVJsousIzutQ=",
    ),
    (
        "wss://handler.ringback.test:8443/media-stream/c1/t1",
        "9+oDnMzCp4KWXh6Vedj5aU4IDFM=",
    ),
]


def signed(signature: str, settings: str | None = None) -> dict[str, str]:
    headers = {"X-Twilio-Signature": signature}
    if settings is not None:
        headers["X-Twilio-Webhooks-Signature-Settings"] = settings
    return headers


@pytest.mark.parametrize(("url", "fields", "signature"), FORMS)
def test_each_known_form_is_accepted(url: str, fields: Fields, signature: str) -> None:
    verify_request(KEYS, url, fields, signed(signature))


@pytest.mark.parametrize(("url", "fields", "signature"), FORMS)
def test_the_same_form_with_one_more_field_is_not(url: str, fields: Fields, signature: str) -> None:
    with pytest.raises(BadSignature):
        verify_request(KEYS, url, (*fields, ("Extra", "1")), signed(signature))


@pytest.mark.parametrize(("url", "signature"), UPGRADES)
def test_each_known_upgrade_is_accepted(url: str, signature: str) -> None:
    verify_upgrade(KEYS, url, signed(signature))


@pytest.mark.parametrize("index", [0, 1, 2])
def test_slash_and_port_of_the_signed_socket_address_do_not_matter(index: int) -> None:
    verify_upgrade(KEYS, STREAM, signed(UPGRADES[index][1]))
    verify_upgrade(KEYS, f"{STREAM}/", signed(UPGRADES[index][1]))


def test_another_port_of_the_socket_address_is_refused() -> None:
    with pytest.raises(BadSignature):
        verify_upgrade(KEYS, STREAM, signed(UPGRADES[3][1]))


def test_an_https_signature_does_not_open_a_socket() -> None:
    https_signature = "8oGI6f+i3Sf862UeLMfavvZrcE8="
    verify_request(KEYS, STREAM.replace("wss", "https"), (), signed(https_signature))
    with pytest.raises(BadSignature):
        verify_upgrade(KEYS, STREAM, signed(https_signature))
    with pytest.raises(BadSignature):
        verify_upgrade(KEYS, STREAM.replace("wss", "https"), signed(https_signature))


@pytest.mark.parametrize(
    ("url", "signature"),
    [
        (STREAM, "EBcK6BCJhoDgnOnL/DG2P42lFo1A2T+S8SjCEQtAsMw="),
        (f"{STREAM}/", "Ig8k0vByLrjbe3RnVHR3O0sC7U3S2Fvn2UH62f7c5Mo="),
    ],
)
def test_the_newer_scheme_opens_a_socket(url: str, signature: str) -> None:
    settings = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    verify_upgrade(SHARED, url, signed(signature, settings))


def test_the_newer_scheme_signs_a_form() -> None:
    signature = "9Bgc+QTfhbvq+GGkO04i4NqoS7V2z4yH0z5M9YJtGNY="
    settings = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    verify_request(SHARED, f"{STATUS}?foo=1&bar=2", P1, signed(signature, settings))
    with pytest.raises(BadSignature):  # an AuthToken is no SharedKey
        verify_request(KEYS, f"{STATUS}?foo=1&bar=2", P1, signed(signature, settings))


@pytest.mark.parametrize(
    ("keys", "signature", "settings"),
    [
        (SignatureKeys(("test-auth-token",)), "G0wfGMqYhTDABUW9jbJF9lyE1uE=", None),
        (
            SignatureKeys((), ("test-auth-token",)),
            "lWVeZhg8KPTwUpUjpAV71zS14KwZRAKpizFwixunX48=",
            "key=k,algorithm=HMAC_SHA256",
        ),
    ],
)
def test_a_whole_status_callback_is_accepted_in_both_schemes(
    keys: SignatureKeys, signature: str, settings: str | None
) -> None:
    url = "https://calls.example.com/twilio/status/call-1"
    verify_request(keys, url, LONG, signed(signature, settings))


def test_bytes_may_move_between_a_name_and_its_value() -> None:
    """Why doors must require the names that they read."""
    oracle = RequestValidator(KEY)
    signature = oracle.compute_signature(STATUS, {"SequenceNumber": "3"})
    verify_request(KEYS, STATUS, (("SequenceNumbe", "r3"),), signed(signature))


def form_signed(body: bytes, *fields: tuple[str, str]) -> dict[str, str]:
    """Read a form that carries the right signature for these fields."""
    oracle = RequestValidator(KEY)
    signature = oracle.compute_signature(STATUS, MultiDict(fields))
    return read_signed_form(KEYS, STATUS, body, signed(signature))


def test_a_signed_form_is_read_with_its_blank_values() -> None:
    fields = (("CallSid", "CA1"), ("Digits", ""), ("To", "+1 415"))
    assert form_signed(b"CallSid=CA1&Digits=&To=%2B1+415", *fields) == dict(fields)


def test_a_name_with_two_values_is_left_out_of_a_signed_form() -> None:
    fields = (("CallStatus", "busy"), ("CallStatus", "ringing"), ("To", "x"))
    assert form_signed(b"CallStatus=busy&CallStatus=ringing&To=x", *fields) == {"To": "x"}


@pytest.mark.parametrize("body", [b"To=\xe9", b"&".join([b"f=1"] * 101)])
def test_what_is_no_form_is_refused_with_400(body: bytes) -> None:
    with pytest.raises(NotAForm) as refusal:
        form_signed(body)
    assert refusal.value.status == 400


def test_a_form_with_another_signature_is_not_read() -> None:
    with pytest.raises(BadSignature):
        form_signed(b"To=y", ("To", "x"))


def test_no_signature_is_missing_not_bad() -> None:
    with pytest.raises(MissingSignature):
        require_signature(KEYS, {})
    with pytest.raises(MissingSignature):
        verify_request(KEYS, STATUS, P1, {"X-Twilio-Signature": ""})


def test_without_keys_nothing_is_accepted_and_the_answer_is_503() -> None:
    with pytest.raises(NoKeys) as refusal:
        verify_request(SignatureKeys(), STATUS, P1, signed(FORMS[0][2]))
    assert refusal.value.status == 503


@pytest.mark.parametrize(
    "settings", ["", "key=k", "algorithm=HMAC_MD5", "algorithm=none", "algorithm=hmac_sha256"]
)
def test_an_unknown_algorithm_is_refused(settings: str) -> None:
    both = SignatureKeys((KEY,), (KEY,))
    with pytest.raises(BadSignature):
        verify_request(both, FORMS[0][0], P1, signed(FORMS[0][2], settings))


def test_during_a_rotation_both_tokens_are_accepted() -> None:
    rotating = SignatureKeys(("new", KEY))
    verify_request(rotating, FORMS[0][0], P1, signed(FORMS[0][2]))
    fresh = RequestValidator("new").compute_signature(STATUS, dict(P1))
    verify_request(rotating, STATUS, P1, signed(fresh))


def test_each_flipped_byte_of_a_signature_is_refused() -> None:
    good = FORMS[0][2]
    for at in range(len(good)):
        flipped = good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1 :]
        with pytest.raises(BadSignature):
            verify_request(KEYS, FORMS[0][0], P1, signed(flipped))


def test_header_names_are_read_in_any_case() -> None:
    verify_request(KEYS, FORMS[0][0], P1, {"x-TWILIO-signature": FORMS[0][2]})


def test_a_signature_outside_ascii_is_bad_not_an_error() -> None:
    with pytest.raises(BadSignature):
        verify_request(KEYS, STATUS, P1, signed("\u00e4\u00f6\udc80"))


def test_keys_do_not_show_in_their_repr() -> None:
    assert KEY not in repr(SignatureKeys((KEY,), (KEY,)))


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(
    fields=st.lists(st.tuples(texts.filter(bool), texts), max_size=8),
    query=st.sampled_from(["", "?", "?a=b", "?a=%20&b=/"]),
    with_port=st.booleans(),
)
@example(fields=[("a", "1"), ("a", "1"), ("a", "0")], query="", with_port=True)
def test_we_accept_what_twilios_own_validator_signs(
    fields: list[tuple[str, str]], query: str, with_port: bool
) -> None:
    signed_url = STATUS.replace(".test/", ".test:443/") if with_port else STATUS
    oracle = RequestValidator(KEY).compute_signature(signed_url + query, MultiDict(fields))
    verify_request(KEYS, STATUS + query, fields, signed(oracle))


@given(st.lists(st.tuples(texts.filter(bool), texts), min_size=1, max_size=5), st.data())
def test_we_refuse_a_changed_value(fields: list[tuple[str, str]], data: st.DataObject) -> None:
    oracle = RequestValidator(KEY).compute_signature(STATUS, MultiDict(fields))
    at = data.draw(st.integers(0, len(fields) - 1))
    changed = [*fields]
    changed[at] = (fields[at][0], fields[at][1] + "!")
    with pytest.raises(BadSignature):
        verify_request(KEYS, STATUS, changed, signed(oracle))
