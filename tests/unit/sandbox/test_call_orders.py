"""Detection and recording as a form orders them: read, or refused when they are wrong."""

import pytest

from sandbox.call_form import read_create
from sandbox.errors import RestRefusal

CALL = [
    ("To", "+14155550100"),
    ("From", "+14155550199"),
    ("Twiml", "<Response><Hangup/></Response>"),
]
CALLBACK = "https://orchestrator.ringback.test/twilio/recording/c1#rc=5&rp=all"


def test_all_that_the_product_orders_is_read() -> None:
    form = read_create(
        [
            *CALL,
            ("MachineDetection", "DetectMessageEnd"),
            ("AsyncAmd", "true"),
            ("AsyncAmdStatusCallback", CALLBACK),
            ("Record", "true"),
            ("RecordingChannels", "dual"),
            ("RecordingStatusCallback", CALLBACK),
            ("RecordingStatusCallbackEvent", "completed"),
            ("RecordingStatusCallbackEvent", "absent"),
        ]
    )
    detection, recording = form.detection, form.recording
    assert detection is not None
    assert recording is not None
    assert (detection.waits_for_end, detection.is_async) == (True, True)
    assert detection.callback == recording.callback == CALLBACK
    assert (recording.channels, recording.events) == (2, frozenset({"completed", "absent"}))


def test_a_plain_call_orders_neither() -> None:
    form = read_create(CALL)
    assert (form.detection, form.recording) == (None, None)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("Recrod", "true", 20001),
        ("Record", "yes", 20001),
        ("RecordingChannels", "stereo", 20001),
        ("RecordingStatusCallbackEvent", "done", 20001),
        ("RecordingStatusCallback", "http://orchestrator.ringback.test/x", 21209),
        ("MachineDetection", "detect", 20001),
        ("AsyncAmd", "True", 20001),
        ("AsyncAmdStatusCallback", "wss://orchestrator.ringback.test/x", 21209),
        ("MachineDetectionTimeout", "2", 20001),
    ],
)
def test_what_is_misspelt_or_not_allowed_is_refused(name: str, value: str, code: int) -> None:
    with pytest.raises(RestRefusal) as refusal:
        read_create([*CALL, (name, value)])
    assert refusal.value.code == code
