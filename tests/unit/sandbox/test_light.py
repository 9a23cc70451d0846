"""The light mode's frames, and the socket that passes the library by."""

import asyncio

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from sandbox.light.beat import Beat
from sandbox.light.flow import Flow, Track
from sandbox.light.frames import AGENT, CALLEE, press, read_stamp, tag_of
from sandbox.light.taken_socket import FrameReader, TakenSocket

TAG = tag_of("call 1")


def frame(number: int, side: int = CALLEE, tag: int = TAG) -> bytes:
    return press((tag, side, number, 1_000)).encode()


def test_a_frame_is_20_ms_and_tells_its_stamp() -> None:
    stamp = read_stamp(frame(7))
    assert stamp is not None
    assert tuple(stamp) == (TAG, CALLEE, 7, 1_000)
    assert len(frame(7)) == 216


def test_a_frame_with_another_byte_is_not_known() -> None:
    whole = frame(7)
    assert read_stamp(whole[:100] + b"A" + whole[101:]) is None
    assert read_stamp(whole[:-4]) is None


def test_what_is_missing_or_altered_or_of_another_is_counted() -> None:
    flow = Flow()
    track = Track(flow, TAG, CALLEE)
    for payload in (frame(1), frame(4), frame(4), frame(5, AGENT), frame(5, tag=1), b"else"):
        track.take(payload, 2_000)
    facts = flow.facts()
    assert (facts["received"], facts["lost"], facts["altered"]) == (2, 2, 4)
    assert facts["p50_ms"] == 0.001


@pytest.mark.parametrize("size", [1, 125, 126, 65_536])
@pytest.mark.parametrize("step", [1, 7, 100_000])
def test_texts_of_any_length_are_cut_out_of_pieces_of_any_length(size: int, step: int) -> None:
    step = max(step, size // 100)
    sent = bytearray()
    text = b"x" * size
    head = {1: b"\x01", 125: b"\x7d", 126: b"\x7e\x00\x7e"}.get(size, b"\x7f" + size.to_bytes(8))
    sent += (b"\x81" + head + text) * 2
    reader = FrameReader()
    seen: list[tuple[bool, bytes]] = []
    for at in range(0, len(sent), step):
        seen += reader.read(bytes(sent[at : at + step]))
    assert seen == [(True, text)] * 2


async def test_a_taken_socket_passes_texts_both_ways_and_pings_and_closes() -> None:
    taken: list[TakenSocket] = []

    async def answer(connection: ServerConnection) -> None:
        def take(text: bytes, now_ns: int) -> None:
            assert now_ns > 0
            taken[0].send(text.decode(), "and more")

        taken.append(TakenSocket(connection, take, is_client=False))
        await taken[0].closed.wait()

    async with serve(answer, "127.0.0.1", 0, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}", compression=None) as client:
            await client.send("hello " * 100)
            assert [await client.recv(), await client.recv()] == ["hello " * 100, "and more"]
            await (await client.ping())
        assert client.close_code == 1000
        await taken[0].closed.wait()


async def test_the_beat_calls_each_member_as_often_as_the_others() -> None:
    beat, called, done = Beat(1_000.0), [0, 0], asyncio.Event()

    def step(number: int) -> None:
        called[number] += 1
        if called[1] >= 5:
            beat.leave(0)
            beat.leave(1)
            done.set()

    beat.join(0, lambda: step(0))
    beat.join(1, lambda: step(1))
    async with asyncio.timeout(30):
        await done.wait()
    assert abs(called[0] - called[1]) <= 1
