"""The pages of an outbox as its file and its write-ahead log give them, read without SQLite.

SQLite takes of a damaged log what stands before the damage and says nothing of the rest. So the
log is checked here, and laid over the file as a whole.
Source: the SQLite file format, section "The Write-Ahead Log".
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

PAGE_BYTES = 4_096
_HEAD = struct.Struct(">8I")
_FRAME_HEAD = struct.Struct(">6I")
_FRAME_BYTES = _FRAME_HEAD.size + PAGE_BYTES
_BIG_ENDIAN = 1  # in the magic number: how the words of the checksums are read
_WORD = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class _LogFrame:
    """Is one page in the log. `place`: where it begins; `size`: pages after a commit, else 0."""

    place: int
    page: int
    size: int
    salts: tuple[int, int]
    sums: tuple[int, int]


def find_log_damage(log: bytes) -> str:
    """Say what is wrong with a write-ahead log; empty when it is sound, empty or torn at its end.

    A process killed in its last write leaves a frame that ends no transaction: that is no damage.
    """
    if len(log) < _HEAD.size + _FRAME_BYTES:
        return ""
    words = _HEAD.unpack_from(log)
    order = ">" if words[0] & _BIG_ENDIAN else "<"
    sums = _add(log[:24], (0, 0), order)
    if sums != words[6:8]:
        return "the head of its log is damaged"
    frames = list(_read_frames(log))
    ours = [number for number, frame in enumerate(frames) if frame.salts == words[4:6]]
    for number in range(ours[-1] + 1 if ours else 0):
        frame = frames[number]
        page = frame.place + _FRAME_HEAD.size
        sums = _add(log[frame.place : frame.place + 8], sums, order)
        sums = _add(log[page : page + PAGE_BYTES], sums, order)
        if frame.salts != words[4:6] or sums != frame.sums:
            is_unfinished = number == ours[-1] and frame.size == 0
            return "" if is_unfinished else f"frame {number + 1} of its log is damaged"
    return ""


def lay_over(file: bytes, log: bytes) -> bytes:
    """Lay every page that the log committed over those of the file, damaged or not."""
    pages = [file[place : place + PAGE_BYTES] for place in range(0, len(file), PAGE_BYTES)]
    frames = _committed(log)
    most = len(pages) + len(frames)  # no page beyond: its number is damaged
    for frame in frames:
        if frame.page > most:
            continue
        start = frame.place + _FRAME_HEAD.size
        pages.extend([b""] * (frame.page - len(pages)))
        pages[frame.page - 1] = log[start : start + PAGE_BYTES]
    return b"".join(page.ljust(PAGE_BYTES, b"\0") for page in pages)


def _committed(log: bytes) -> Sequence[_LogFrame]:
    """List the frames of the newest generation up to the last that ends a transaction."""
    frames = [frame for frame in _read_frames(log) if frame.page]
    if not frames:
        return ()
    salts = {_HEAD.unpack_from(log)[4:6], frames[0].salts}  # one of them is not damaged
    ours = [frame for frame in frames if frame.salts in salts]
    ends = [number for number, frame in enumerate(ours) if frame.size]
    return ours[: ends[-1] + 1] if ends else ()


def _read_frames(log: bytes) -> Iterator[_LogFrame]:
    for place in range(_HEAD.size, len(log) - _FRAME_BYTES + 1, _FRAME_BYTES):
        page, size, *rest = _FRAME_HEAD.unpack_from(log, place)
        yield _LogFrame(place, page, size, (rest[0], rest[1]), (rest[2], rest[3]))


def _add(data: bytes, sums: tuple[int, int], order: str) -> tuple[int, int]:
    """Go on with a checksum of the log."""
    first, second = sums
    words = iter(struct.unpack(f"{order}{len(data) // 4}I", data))
    for one, other in zip(words, words, strict=True):
        first = (first + one + second) & _WORD
        second = (second + other + first) & _WORD
    return first, second
