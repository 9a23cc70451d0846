"""Recordings: what is in the WAV, what is cut off, and when there is nothing."""

import io
import wave
from dataclasses import replace

import numpy as np
import pytest

from sandbox.call_orders import RecordingOrder, read_recording
from sandbox.mulaw import SILENCE, decode_mulaw
from sandbox.recording import Recorder, Recording
from sandbox.script_time import wall_now

DUAL = RecordingOrder(2, "both", trims=False, callback="", method="POST", events=frozenset())
LOUD, SOFT = b"\x05" * 160, b"\x85" * 160


def recorded(order: RecordingOrder, *steps: tuple[bytes, bytes]) -> Recording:
    """Record steps of what was heard (of the agent) and said (by the callee)."""
    recorder = Recorder()
    for heard, said in steps:
        recorder.take(heard, said)
    recording = Recording("RE1", "AC1", "CA1", order, wall_now())
    recording.finish(recorder, "completed")
    return recording


def samples(recording: Recording) -> tuple[int, np.ndarray]:
    with wave.open(io.BytesIO(recording.wav())) as sound:
        assert (sound.getframerate(), sound.getsampwidth()) == (8_000, 2)
        data = np.frombuffer(sound.readframes(sound.getnframes()), dtype="<i2")
        return sound.getnchannels(), data.reshape(-1, sound.getnchannels())


def test_dual_has_the_callee_left_and_the_agent_right() -> None:
    channels, data = samples(recorded(DUAL, (LOUD, SILENCE), (SILENCE, SOFT)))
    assert channels == 2
    assert list(data[:160, 0]) == [0] * 160
    assert list(data[:160, 1]) == list(decode_mulaw(LOUD))
    assert list(data[160:, 0]) == list(decode_mulaw(SOFT))


def test_mono_is_the_sum_of_both_and_does_not_overflow() -> None:
    order = replace(DUAL, channels=1)
    channels, data = samples(recorded(order, (LOUD, SILENCE), (b"\x00" * 160, b"\x00" * 160)))
    assert channels == 1
    assert list(data[:160, 0]) == list(decode_mulaw(LOUD))
    assert set(data[160:, 0]) == {-32_768}


@pytest.mark.parametrize(("track", "silent"), [("inbound", 1), ("outbound", 0)])
def test_one_track_leaves_the_other_silent(track: str, silent: int) -> None:
    _, data = samples(recorded(replace(DUAL, track=track), (LOUD, LOUD)))
    assert not data[:, silent].any()
    assert data[:, 1 - silent].all()


def test_trimming_cuts_silence_at_both_ends_of_both_sides_alike() -> None:
    quiet = (SILENCE, SILENCE)
    steps = [quiet, quiet, (LOUD, SILENCE), quiet, (SILENCE, LOUD), quiet]
    recording = recorded(replace(DUAL, trims=True), *steps)
    assert recording.agent == LOUD + SILENCE * 2
    assert recording.callee == SILENCE * 2 + LOUD


def test_a_recording_without_a_sound_is_absent() -> None:
    recording = recorded(replace(DUAL, trims=True), (SILENCE, SILENCE))
    assert (recording.status, recording.duration_s) == ("absent", 0)


def test_the_duration_is_in_seconds() -> None:
    assert recorded(DUAL, *[(LOUD, LOUD)] * 120).duration_s == 2


def test_nothing_is_recorded_unless_it_was_ordered() -> None:
    assert read_recording([("Record", "false"), ("RecordingChannels", "dual")]) is None
    order = read_recording([("Record", "true")])
    assert order is not None
    assert (order.channels, order.trims, order.events) == (1, True, frozenset({"completed"}))
