"""The short way past a WebSocket library: usual texts at once, all else in order behind them."""

import pytest
from websockets.frames import Frame, Opcode

from foundation.direct_socket import hand_over
from foundation.text_frames import cut_text, frame_texts


def frame(payload: bytes, opcode: Opcode = Opcode.TEXT, *, fin: bool = True) -> bytes:
    return Frame(opcode, payload, fin=fin).serialize(mask=True)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 255, 256, 65_535])
@pytest.mark.parametrize("is_masked", [False, True])
def test_what_is_framed_is_cut_again(size: int, is_masked: bool) -> None:
    text = "x" * size
    data = frame_texts(["before", text], is_masked=is_masked)
    first = cut_text(data, 0, is_masked=is_masked)
    assert first is not None
    assert cut_text(data, first[1], is_masked=is_masked) == (text, len(data))


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_the_library_reads_what_we_frame(size: int) -> None:
    payload = bytes(size)
    ours = frame_texts([payload.decode()], is_masked=False)
    assert ours == Frame(Opcode.TEXT, payload).serialize(mask=False)


# By name: the masks are another each time, and all workers must collect the same tests.
UNUSUAL = {
    "nothing": b"",
    "half a head": b"\x81",
    "a part": frame(b"text")[:-1],
    "a text with more to come": frame(b"text", fin=False),
    "binary": frame(b"data", Opcode.BINARY),
    "a ping": frame(b"", Opcode.PING),
    "a close": frame(b"\x03\xe8", Opcode.CLOSE),
    "more than ASCII": frame("\u00e9".encode()),
    "no UTF-8": frame(b"\xff\xfe"),
    "a long one": frame(bytes(65_536)),
    "not masked": Frame(Opcode.TEXT, b"which a client has to").serialize(mask=False),
    "a bit that no extension of ours sets": b"\x91\x84\0\0\0\0text",
}


@pytest.mark.parametrize("data", UNUSUAL.values(), ids=UNUSUAL)
def test_all_that_is_unusual_is_the_librarys(data: bytes) -> None:
    assert cut_text(data, 0, is_masked=True) is None


def test_what_stands_behind_a_text_that_is_left_is_left_too() -> None:
    taken: list[str] = []

    def take(text: str) -> bool:
        taken.append(text)
        return text != "b"

    data = b"".join(map(frame, [b"a", b"b", b"c"]))
    rest = hand_over(data, take, lambda: True, is_masked=True)
    assert taken == ["a", "b"]
    assert rest == data[len(frame(b"a")) :]


def test_nothing_overtakes_what_the_library_still_holds() -> None:
    data = frame(b"a")
    assert hand_over(data, lambda _: True, lambda: False, is_masked=True) == data
