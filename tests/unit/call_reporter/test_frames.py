"""The frame around each record: what was written comes back, and nothing else does."""

import random

import pytest

from call_reporter.outbox.frames import BadFrame, Frame, Kind, find_frames, pack_frame, unpack_frame

FRAME = Frame(Kind.TURN, "o1 7", b"hello")


def packed(frame: Frame) -> bytes:
    return pack_frame(frame.kind, frame.key, frame.body)


@pytest.mark.parametrize("body", [b"", b"\0", bytes(range(256)) * 1_000])
def test_a_frame_comes_back_whole(body: bytes) -> None:
    frame = Frame(Kind.OUTCOME, "k\u00e9y", body)
    assert unpack_frame(packed(frame) + b"more") == frame


@pytest.mark.parametrize("offset", range(len(packed(FRAME))))
@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_a_changed_byte_is_seen(offset: int, mask: int) -> None:
    data = bytearray(packed(FRAME))
    data[offset] ^= mask
    with pytest.raises(BadFrame):
        unpack_frame(bytes(data))


@pytest.mark.parametrize("length", range(len(packed(FRAME))))
def test_a_shortened_frame_is_seen(length: int) -> None:
    with pytest.raises(BadFrame):
        unpack_frame(packed(FRAME)[:length])


def test_frames_are_found_in_rubbish() -> None:
    chance = random.Random(1)  # noqa: S311 - the same rubbish each time
    frames = [Frame(Kind.OUTCOME, str(n), chance.randbytes(n)) for n in range(50)]
    rubbish = b"".join(chance.randbytes(99) + packed(frame) + b"RBo1" for frame in frames)
    assert list(find_frames(rubbish)) == frames
