"""The media stream as a product sees it: frames, marks, clear, and every way it ends."""

import base64
from pathlib import Path

import pytest
from twilio.request_validator import RequestValidator

from sandbox.carrier_faults import CarrierFaults, StreamFault
from tests.integration.sandbox_carrier_rig import (
    ACCOUNT,
    STREAM_URL,
    TOKEN,
    Rig,
    Talker,
    running_rig,
)
from tests.integration.sandbox_stream_end import Recorder, Sent, Speaker, audio, mark

HELLO = [bytes([n]) * 160 for n in range(1, 21)]


async def call_over(rig: Rig) -> None:
    await rig.create()
    await rig.product.wait_for(4, "/twilio/status/")


async def test_the_stream_begins_and_ends_as_documented(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker(HELLO, hang_up_at=25)) as rig:
        rig.product.handle_stream = peer = Recorder()
        sid = await rig.create()
        await peer.wait()
    assert peer.messages[0] == {"event": "connected", "protocol": "Call", "version": "1.0.0"}
    start = peer.messages[1]
    assert start["sequenceNumber"] == "1"
    body = start["start"]
    assert isinstance(body, dict)
    assert (body["callSid"], body["accountSid"]) == (sid, ACCOUNT)
    assert body["customParameters"] == {"call_id": "c1"}
    assert body["mediaFormat"] == {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    assert peer.messages[-1]["event"] == "stop"
    assert peer.closed_with == 1000


async def test_frames_are_the_callees_bytes_in_order(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker(HELLO, hang_up_at=25)) as rig:
        rig.product.handle_stream = peer = Recorder()
        await rig.create()
        await peer.wait()
    media = [message["media"] for message in peer.of("media")]
    assert [base64.b64decode(m["payload"]) for m in media[:20]] == HELLO  # type: ignore[index]
    assert [m["chunk"] for m in media[:3]] == ["1", "2", "3"]  # type: ignore[index]
    assert [m["timestamp"] for m in media[:3]] == ["0", "20", "40"]  # type: ignore[index]
    numbered = [int(str(m["sequenceNumber"])) for m in peer.messages[1:]]
    assert numbered == list(range(1, len(numbered) + 1))


async def test_the_upgrade_is_signed_over_the_wss_url(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=3)) as rig:
        rig.product.handle_stream = peer = Recorder()
        await rig.create()
        await peer.wait()
    headers = peer.request_headers
    assert headers["host"] == "handler.ringback.test"
    signature = headers["x-twilio-signature"]
    assert RequestValidator(TOKEN).compute_signature(STREAM_URL, {}) == signature
    assert "sec-websocket-extensions" not in headers


async def test_marks_come_back_when_their_audio_was_played(tmp_path: Path) -> None:
    talker = Talker([], hang_up_at=20)
    async with running_rig(tmp_path, lambda: talker) as rig:
        sent: list[Sent] = [audio(b"\x01" * 320), mark("1:1"), audio(b"\x02" * 161), mark("1:2")]
        rig.product.handle_stream = peer = Speaker(*sent)
        await rig.create()
        await peer.wait()
    assert [m["mark"]["name"] for m in peer.of("mark")] == ["1:1", "1:2"]  # type: ignore[index]
    played = b"".join(talker.heard).replace(b"\xff", b"")
    assert played == b"\x01" * 320 + b"\x02" * 161


async def test_clear_echoes_pending_marks_and_nothing_more_is_heard(tmp_path: Path) -> None:
    talker = Talker([], hang_up_at=20)
    async with running_rig(tmp_path, lambda: talker) as rig:
        sent: list[Sent] = [audio(b"\x01" * 80_000), mark("1:1"), mark("1:2"), {"event": "clear"}]
        rig.product.handle_stream = peer = Speaker(*sent)
        await rig.create()
        await peer.wait()
        await rig.product.wait_for(4, "/twilio/status/")
        await rig.world.ledger.settle()
        clears = rig.lines("clear")
    assert [m["mark"]["name"] for m in peer.of("mark")] == ["1:1", "1:2"]  # type: ignore[index]
    heard = b"".join(talker.heard).count(b"\x01")
    assert [line["stream_played_ms"] for line in clears] == [heard / 8]
    assert heard < 80_000


async def test_faulty_messages_are_dropped_counted_and_warned_of_once(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=20)) as rig:
        extra = {**audio(b"\x01"), "extra": 1}
        rig.product.handle_stream = peer = Speaker(b"binary", "no json", extra, {"event": "hello"})
        await rig.create()
        await peer.wait()
        await rig.product.wait_for(4, "/twilio/status/")
        await rig.world.ledger.settle()
        warnings, closed = rig.lines("stream_warning"), rig.lines("stream_closed")
    assert [line["code"] for line in warnings] == [31950, 31951]
    counts = closed[0]["messages"]
    assert isinstance(counts, dict)
    assert (counts["warning_31950"], counts["warning_31951"]) == (1, 3)


async def test_our_close_runs_the_next_verb(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([])) as rig:
        rig.product.handle_stream = Recorder(close_after=5)
        await rig.create()
        await rig.product.wait_for(4, "/twilio/status/")
        redirects = await rig.product.wait_for(1, "/after-stream/c1")
        await rig.world.ledger.settle()
        closed, states = rig.lines("stream_closed"), rig.lines("state")
    assert redirects[0].fields["CallStatus"] == "in-progress"
    assert closed[0]["by"] == "product"
    assert (states[-1]["status"], states[-1]["by"]) == ("completed", "twiml")


async def test_a_hang_up_of_the_callee_asks_for_no_redirect(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=5)) as rig:
        rig.product.handle_stream = Recorder()
        await call_over(rig)
        paths = {hook.path for hook in rig.product.webhooks}
    assert paths == {"/twilio/status/c1"}


@pytest.mark.parametrize("fault", [StreamFault.RESET, StreamFault.CLOSED_WITHOUT_STOP])
async def test_a_lost_stream_has_no_stop_and_ends_the_call(
    tmp_path: Path, fault: StreamFault
) -> None:
    faults = CarrierFaults(stream=fault, stream_fault_at_ms=100)
    async with running_rig(tmp_path, lambda: Talker([]), faults=faults) as rig:
        rig.product.handle_stream = peer = Recorder()
        await call_over(rig)
        await peer.wait()
        completed = rig.product.webhooks[-1].fields["CallStatus"]
    assert peer.of("stop") == []
    assert len(peer.of("media")) == 5
    assert peer.closed_with == (1000 if fault is StreamFault.CLOSED_WITHOUT_STOP else 1006)
    assert completed == "completed"


async def test_a_callees_reset_is_a_tcp_reset(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([], reset_at=4)) as rig:
        rig.product.handle_stream = peer = Recorder()
        await call_over(rig)
        await peer.wait()
    assert (peer.of("stop"), peer.closed_with) == ([], 1006)


async def test_a_stream_that_cannot_be_opened_runs_the_next_verb(tmp_path: Path) -> None:
    twiml = (
        '<Response><Connect><Stream url="wss://nowhere.ringback.test/media-stream/c1/t1"/></Connect>'
        "<Redirect>https://orchestrator.ringback.test/after-stream/c1</Redirect></Response>"
    )
    async with running_rig(tmp_path, lambda: Talker([])) as rig:
        await rig.create(twiml=twiml)
        await rig.product.wait_for(1, "/after-stream/c1")
        await rig.product.wait_for(4, "/twilio/status/")
        await rig.world.ledger.settle()
        refused = rig.lines("stream_refused")
    assert [line["code"] for line in refused] == [31902]
