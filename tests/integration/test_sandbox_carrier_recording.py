"""Recordings over the wire: callbacks, resource, sound, keys heard; and the clear's yardstick."""

import asyncio
import io
import json
import wave
from pathlib import Path

import httpx
import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection

from sandbox.carrier_faults import CarrierFaults
from sandbox.mulaw import frames_of
from sandbox.recordings_api import find_part
from sandbox.speech import recognise, speak
from sandbox.tones import dial_tones
from tests.integration.sandbox_carrier_rig import (
    ACCOUNT,
    ORCHESTRATOR,
    TOKEN,
    How,
    Rig,
    Talker,
    running_rig,
)
from tests.integration.sandbox_stream_end import Speaker, audio, mark

RECORDED = "/twilio/recording/c1"
RECORDS = {
    "record": True,
    "recording_channels": "dual",
    "recording_status_callback": f"{ORCHESTRATOR}{RECORDED}#rc=5&rp=all",
    "recording_status_callback_event": ["completed", "absent"],
}
CALLEE = frames_of(speak("Hello, hello, who is there?", "luigi"))
SENTENCE = speak("I would like one large margherita, please.", "cedar")


async def get(rig: Rig, path: str, key: str = TOKEN, part: str = "") -> httpx.Response:
    root = f"http://127.0.0.1:{rig.ports.carrier}"
    async with httpx.AsyncClient(base_url=root, auth=(ACCOUNT, key)) as client:
        return await client.get(path, headers={"Range": part} if part else {})


async def test_both_voices_are_in_the_recording_of_a_call(tmp_path: Path) -> None:
    talker = Talker(CALLEE, hang_up_at=len(CALLEE) + 10)
    async with running_rig(tmp_path, lambda: talker) as rig:
        rig.product.handle_stream = Speaker(audio(SENTENCE))
        await rig.create(**RECORDS)
        (told,) = await rig.product.wait_for(1, RECORDED)
        last = (await rig.product.wait_for(4, "/twilio/status/"))[-1].fields
        path = told.fields["RecordingUrl"].removeprefix("https://api.twilio.com")
        resource, sound = await get(rig, f"{path}.json"), await get(rig, f"{path}.wav")
        fetched = await asyncio.to_thread(
            rig.client().recordings(told.fields["RecordingSid"]).fetch
        )
    assert (told.fields["RecordingStatus"], told.fields["RecordingChannels"]) == ("completed", "2")
    assert last["RecordingSid"] == told.fields["RecordingSid"] == resource.json()["sid"]
    assert (fetched.status, fetched.channels) == ("completed", 2)
    assert fetched.duration == told.fields["RecordingDuration"]
    assert sound.headers["content-type"] == "audio/x-wav"
    with wave.open(io.BytesIO(sound.content)) as wav:
        data = np.frombuffer(wav.readframes(wav.getnframes()), dtype="<i2").reshape(-1, 2)
    assert (np.sqrt((data.astype(float) ** 2).mean(axis=0)) > 500).all()


async def test_a_recording_is_for_the_account_alone(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker(CALLEE, hang_up_at=9)) as rig:
        await rig.create(**RECORDS)
        (told,) = await rig.product.wait_for(1, RECORDED)
        path = told.fields["RecordingUrl"].removeprefix("https://api.twilio.com")
        answers = [await get(rig, f"{path}{kind}", "wrong") for kind in ("", ".json", ".wav")]
        unknown = await get(rig, f"{path[:-1]}x.wav")
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert (unknown.status_code, unknown.json()["code"]) == (404, 20404)


async def test_a_part_of_a_recording_is_sent_as_that_part(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker(CALLEE, hang_up_at=9)) as rig:
        await rig.create(**RECORDS)
        (told,) = await rig.product.wait_for(1, RECORDED)
        path = told.fields["RecordingUrl"].removeprefix("https://api.twilio.com")
        whole = await get(rig, f"{path}.wav")
        part = await get(rig, f"{path}.wav", part="bytes=44-99")
        beyond = await get(rig, f"{path}.wav", part=f"bytes={len(whole.content)}-")
    assert (whole.status_code, whole.headers["accept-ranges"]) == (200, "bytes")
    assert (part.status_code, part.content) == (206, whole.content[44:100])
    assert part.headers["content-range"] == f"bytes 44-99/{len(whole.content)}"
    assert (beyond.status_code, beyond.content) == (416, b"")
    assert beyond.headers["content-range"] == f"bytes */{len(whole.content)}"


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-", range(100)),
        ("bytes=0-1", range(2)),
        ("bytes=90-500", range(90, 100)),
        ("bytes=-10", range(90, 100)),
        ("bytes=-500", range(100)),
        ("bytes=100-", range(0)),
        ("bytes=200-300", range(0)),
        ("bytes=-0", range(0)),
        ("bytes=9-2", None),
        ("bytes=0-1,5-9", None),
        ("bytes=-", None),
        ("lines=1-2", None),
        ("", None),
    ],
)
def test_a_range_is_read_as_the_standard_says(wanted: str, part: range | None) -> None:
    assert find_part(wanted, 100) == part


async def test_an_absent_recording_is_told_and_has_no_sound(tmp_path: Path) -> None:
    faults = CarrierFaults(recording="absent")
    async with running_rig(tmp_path, lambda: Talker(CALLEE, hang_up_at=9), faults=faults) as rig:
        await rig.create(**RECORDS)
        (told,) = await rig.product.wait_for(1, RECORDED)
        last = (await rig.product.wait_for(4, "/twilio/status/"))[-1].fields
        path = told.fields["RecordingUrl"].removeprefix("https://api.twilio.com")
        sound = await get(rig, f"{path}.wav")
    assert told.fields["RecordingStatus"] == "absent"
    assert "RecordingSid" not in last
    assert sound.status_code == 404


async def test_nothing_is_recorded_unasked(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker(CALLEE, hang_up_at=9)) as rig:
        await rig.create()
        last = (await rig.product.wait_for(4, "/twilio/status/"))[-1].fields
        await rig.world.ledger.settle()
        assert (rig.world.recordings, rig.lines("recording")) == ({}, [])
    assert "RecordingSid" not in last


async def test_keys_that_the_agent_sends_as_sound_are_in_the_books(tmp_path: Path) -> None:
    talker = Talker([], hang_up_at=60)
    async with running_rig(tmp_path, lambda: talker) as rig:
        rig.product.handle_stream = Speaker(audio(b"\xff" * 100 + dial_tones("1#1")))
        await rig.create()
        await rig.product.wait_for(4, "/twilio/status/")
        await rig.world.ledger.settle()
        digits = [line["digit"] for line in rig.lines("dtmf_heard")]
    assert digits == ["1", "#", "1"]


class Interrupter(Speaker):
    """Says a sentence, clears it at the echo of a mark, and sends its last 200 ms once more."""

    async def react(self, socket: ServerConnection) -> None:
        await super().react(socket)
        if self.messages[-1]["event"] == "mark" and len(self.of("mark")) == 1:
            for message in ({"event": "clear"}, audio(SENTENCE[-1_600:])):
                await socket.send(json.dumps({"streamSid": self.stream_sid, **message}))


async def test_a_clear_tells_what_was_played_and_what_came_too_late(tmp_path: Path) -> None:
    talker = Talker([], hang_up_at=200)
    async with running_rig(tmp_path, lambda: talker, how=How(factor=10)) as rig:
        sent = [audio(SENTENCE[:3_200]), mark("1:1"), audio(SENTENCE[3_200:]), mark("1:2")]
        rig.product.handle_stream = Interrupter(*sent)
        await rig.create()
        await rig.product.wait_for(4, "/twilio/status/")
        await rig.world.ledger.settle()
        (clear,), (stale,) = rig.lines("clear"), rig.lines("stale")
    heard = [known for frame in talker.heard if (known := recognise(frame))]
    before = heard[:-10]
    assert [known.offset_ms for known in before] == list(range(0, len(before) * 20, 20))
    assert (clear["text"], clear["voice"]) == (heard[0].text, "cedar")
    assert clear["played_ms"] == len(before) * 20 >= 400
    assert stale["offset_ms"] == heard[0].total_ms - 200
