"""When a recorded greeting is over, and what a form orders."""

from sandbox.call_orders import read_detection
from sandbox.machine_detection import GreetingEar
from sandbox.mulaw import SILENCE, frames_of
from sandbox.speech import speak
from sandbox.tones import beep

GREETING = frames_of(speak("Please leave a message after the tone.", "machine"))


def frames_until_over(ear: GreetingEar, frames: list[bytes]) -> int | None:
    for number, frame in enumerate(frames, start=1):
        ear.hear(SILENCE, frame)
        if ear.over.is_set():
            return number
    return None


def test_a_greeting_with_a_beep_is_over_after_the_beep() -> None:
    frames = [*GREETING, *[SILENCE] * 100, *frames_of(beep(400)), *[SILENCE] * 5]
    over = frames_until_over(GreetingEar(1_200, waits_for_beep=True), frames)
    assert over == len(GREETING) + 100 + 20 + 1


def test_a_greeting_without_a_beep_is_over_after_the_silence() -> None:
    frames = [*[SILENCE] * 90, *GREETING, *[SILENCE] * 100]
    over = frames_until_over(GreetingEar(1_200, waits_for_beep=False), frames)
    assert over == 90 + len(GREETING) + 60


def test_without_a_beep_there_is_nothing_to_wait_for() -> None:
    ear = GreetingEar(1_200, waits_for_beep=True)
    assert frames_until_over(ear, [*GREETING, *[SILENCE] * 200]) is None


def test_keys_to_be_sent_switch_detection_off() -> None:
    form = {"MachineDetection": "Enable", "SendDigits": "12"}
    assert read_detection(form) is None
    assert read_detection({}) is None


def test_an_order_has_the_documented_defaults() -> None:
    order = read_detection({"MachineDetection": "DetectMessageEnd"})
    assert order is not None
    assert (order.waits_for_end, order.is_async, order.callback) == (True, False, "")
    assert (order.timeout_s, order.speech_end_ms, order.method) == (30, 1_200, "POST")
