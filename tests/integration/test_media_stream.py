"""Who gets through the media stream's door, and what a bad start leads to."""

from datetime import timedelta
from pathlib import Path

import pytest
from twilio.request_validator import RequestValidator
from websockets.exceptions import InvalidStatus

from telephony.stream_token import TOKEN_LIFE, StreamTokens
from tests.rig import JumpyClock
from tests.unit.call_handler.call_peers import (
    CALL_ID,
    SECRET,
)
from tests.unit.call_handler.call_rig import CallRig, call_rig


def signed(path: str, scheme: str = "wss", secret: str = SECRET) -> dict[str, str]:
    url = f"{scheme}://handler.ringback.test{path}"
    return {"X-Twilio-Signature": RequestValidator(secret).compute_signature(url, {})}


async def refusal(rig: CallRig, path: str, headers: dict[str, str]) -> int:
    """Try to open a stream; give the status of the refusal."""
    with pytest.raises(InvalidStatus) as caught:
        async with rig.stream(path, headers):
            pass
    return caught.value.response.status_code


async def test_a_stream_without_a_good_signature_is_refused(tmp_path: Path) -> None:
    async with call_rig(tmp_path) as rig:
        path = rig.path()
        for headers in (
            {},
            {"X-Twilio-Signature": ""},
            {"X-Twilio-Signature": "x"},
            signed(path, secret="another"),  # noqa: S106 - a wrong one
            signed(path, scheme="https"),
            signed(rig.path() + "x"),
        ):
            assert await refusal(rig, path, headers) == 403
        assert rig.model.sessions == []


async def test_a_stream_without_a_good_token_is_refused(tmp_path: Path) -> None:
    clock = JumpyClock()
    async with call_rig(tmp_path, clock=clock) as rig:
        expired = rig.door.tokens.mint(CALL_ID)
        clock.advance(TOKEN_LIFE)
        foreign = StreamTokens(b"x" * 32, clock).mint(CALL_ID)
        of_another = rig.door.tokens.mint("another")
        for token in ("x", "1.2.3", expired, foreign, of_another, "%00"):
            path = f"/media-stream/{CALL_ID}/{token}"
            assert await refusal(rig, path, signed(path)) == 403


@pytest.mark.parametrize("jump", [timedelta(days=366), timedelta(days=-3)])
async def test_f48_a_jump_between_the_dial_and_the_answer_refuses_no_stream_and_admits_no_second(
    jump: timedelta, tmp_path: Path
) -> None:
    clock = JumpyClock()
    async with call_rig(tmp_path, clock=clock) as rig:
        path = rig.path()
        clock.jump(jump)
        async with rig.stream(path) as stream:
            await stream.start()
        await rig.orchestrator.one_result()
        clock.jump(jump)
        async with rig.stream(path) as stream:
            await stream.start()
            await stream.socket.wait_closed()
    assert stream.socket.close_code == 1008
    assert len(rig.orchestrator.results) == 1


async def test_too_many_sockets_without_a_start_are_refused(tmp_path: Path) -> None:
    async with call_rig(tmp_path) as rig:
        rig.door.max_pending = 1
        async with rig.stream():
            path = rig.path()
            assert await refusal(rig, path, signed(path)) == 403


async def test_a_stream_without_a_start_is_closed(tmp_path: Path) -> None:
    async with call_rig(tmp_path) as rig:
        rig.door.start_s = 0.05
        async with rig.stream() as stream:
            await stream.socket.wait_closed()
    assert stream.socket.close_code == 1008
    assert rig.door.pending == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"accountSid": "AC" + "9" * 32},
        {"callSid": "CA1"},
        {"callSid": ""},
        {"streamSid": 'MZ"'},
        {"customParameters": {"call_id": "another"}},
        {"mediaFormat": {"encoding": "audio/l16", "sampleRate": 8000, "channels": 1}},
        {"mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 16000, "channels": 1}},
    ],
)
async def test_a_start_that_does_not_fit_is_closed_with_1008(
    changes: dict[str, object], tmp_path: Path
) -> None:
    async with call_rig(tmp_path) as rig, rig.stream() as stream:
        await stream.start(**changes)
        await stream.socket.wait_closed()
    assert stream.socket.close_code == 1008
    assert (rig.orchestrator.results, rig.model.sessions) == ([], [])


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", 1003),
        ("[]", 1003),
        (b"\x00", 1003),
        ('{"event":"start"}', 1003),
        ('{"event":"stop"}', 1008),
        ('{"event":"news"}', 1008),
        ("x" * 70_000, 1009),
    ],
)
async def test_rubbish_before_the_start_closes_the_socket(
    message: str | bytes, code: int, tmp_path: Path
) -> None:
    async with call_rig(tmp_path) as rig, rig.stream() as stream:
        await stream.socket.send(message)
        await stream.socket.wait_closed()
    assert stream.socket.close_code == code


async def test_after_many_calls_nothing_is_left_open(tmp_path: Path) -> None:
    async with call_rig(tmp_path) as rig:
        for _ in range(20):
            async with rig.stream() as stream:
                await stream.start()
                await stream.frames(5)
                await stream.stop()
                await stream.socket.wait_closed()
        await rig.settled()
        assert (rig.model.open, len(rig.door.services.tasks), rig.door.drain.busy) == (0, 0, 0)
