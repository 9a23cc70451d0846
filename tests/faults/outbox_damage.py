"""A sample outbox, what damages its files, and the check of what a reporter makes of them."""

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from call_reporter import ReporterOptions
from call_reporter.outbox import Outbox
from call_reporter.outbox.frames import Kind, find_frames
from call_reporter.recovery import build_recovered_result
from ringback.v1 import call_results_pb2 as pb
from tests.rig import call_sid

OPTIONS = ReporterOptions(ballast_bytes=0, lazy_s=0.0)
NAME, LOG = "calls.db", "calls.db-wal"
WAITING = frozenset({"one", "two", "three"})
LOST, TURNS = call_sid(9), ("Luigi's, hello?", "Are you there?", "Well then.")
SECTOR_BYTES = 512
SHARES = 2


@dataclass(frozen=True, slots=True)
class Sample:
    """Holds the files of one outbox, by name."""

    files: dict[str, bytes]

    @property
    def whole_results(self) -> set[str]:
        """List the results of which every byte lies in one piece in the file."""
        return {
            pb.CallResult.FromString(frame.body).summary[:5].strip()
            for frame in find_frames(self.files[NAME])
            if frame.kind == Kind.OUTCOME
        }

    def flipped(self, name: str, place: int, mask: int = 0xFF) -> "Sample":
        """Spoil one byte."""
        data = bytearray(self.files[name])
        data[place] ^= mask
        return Sample({**self.files, name: bytes(data)})

    def cut(self, name: str, size: int) -> "Sample":
        """Leave the first bytes of a file."""
        return Sample({**self.files, name: self.files[name][:size]})

    def lay_out(self, folder: Path) -> None:
        """Write the files, and nothing else, into a folder."""
        with suppress(FileNotFoundError):
            shutil.rmtree(folder)
        folder.mkdir()
        for name, data in self.files.items():
            (folder / name).write_bytes(data)


@dataclass(frozen=True, slots=True)
class Found:
    """Holds what a reporter finds that starts on the files."""

    waiting: set[str]
    recovered: dict[str, pb.CallResult]
    dead_letters: int
    has_aside: bool


async def build_sample(folder: Path, *, is_killed: bool) -> Sample:
    """Fill an outbox and take its files: as a clean end leaves them, or a kill, with their log."""
    await _write(folder, _first_half)
    if not is_killed:
        await _write(folder, _second_half)
        return Sample({NAME: (folder / NAME).read_bytes()})
    outbox = Outbox(folder / NAME, OPTIONS)
    await outbox.open()
    await _second_half(outbox)
    files = {name: (folder / name).read_bytes() for name in (NAME, LOG)}
    await outbox.close()
    return Sample(files)


async def start_on(sample: Sample, folder: Path) -> Found:
    """Start as a reporter does on the files, take a new order, and tell what was found."""
    sample.lay_out(folder)
    outbox = Outbox(folder / NAME, OPTIONS)
    await outbox.open()
    try:
        recovered = await outbox.recover(_build)
        waiting = await outbox.list_waiting(0, 1_000, 1 << 20)
        assert (await outbox.remember_order("new", b"order")).is_new
        return Found(
            {each.result.summary[:5].strip() for each in waiting},
            {each.call_sid: each for each in recovered},
            outbox.backlog().dead_letters,
            _has_aside(folder),
        )
    finally:
        await outbox.close()


def misses_of(found: Found) -> list[str]:
    """List what one spoilt byte must not have cost: one record may be hurt, and is to be seen."""
    lost = sorted(WAITING - found.waiting)
    if LOST not in found.recovered:
        return ["the lost call is not recovered"]
    turns = [turn.text for turn in found.recovered[LOST].transcript]
    misses = []
    if len(lost) + len(TURNS) - len(turns) > 1:
        misses.append(f"results lost: {lost}, turns left: {turns}")
    if lost and not (found.dead_letters or found.has_aside):
        misses.append(f"gone without a trace: {lost}")
    return misses


def places_of(sample: Sample, step: int = 1) -> Iterator[tuple[str, int]]:
    """Go through the bytes of every file; of runs of one byte, such as free space, each `step`-th.

    All that has a meaning differs from a neighbour: heads, indexes, lengths, checksums, words.
    """
    for name, data in sample.files.items():
        for place in range(len(data)):
            is_in_run = len(set(data[max(place - 1, 0) : place + 2])) == 1
            if not is_in_run or place % step == 0:
                yield name, place


def sectors_of(sample: Sample) -> Iterator[tuple[str, int]]:
    """Go through every sector's edge of every file, its page's among them."""
    for name, data in sample.files.items():
        for place in range(0, len(data), SECTOR_BYTES):
            yield name, place


def _has_aside(folder: Path) -> bool:
    return any(".aside-" in path.name for path in folder.iterdir())


async def _write(folder: Path, fill: Callable[[Outbox], Awaitable[None]]) -> None:
    outbox = Outbox(folder / NAME, OPTIONS)
    await outbox.open()
    await fill(outbox)
    await outbox.close()


async def _first_half(outbox: Outbox) -> None:
    await outbox.remember_order("order", b"body")
    await outbox.answer_order("order", b"answer")
    await outbox.put_outcome("one", _outcome(1, "one  "))
    await outbox.start_call("opening", LOST, pb.CallResult(call_sid=LOST))
    outbox.mark_claimed("opening")
    outbox.put_turn("opening", 0, pb.TranscriptTurn(text=TURNS[0]))


async def _second_half(outbox: Outbox) -> None:
    await outbox.put_outcome("two", _outcome(2, "two  " + "x" * 9_000))
    for position, text in enumerate(TURNS):
        outbox.put_turn("opening", position, pb.TranscriptTurn(text=text))
    await outbox.put_outcome("three", _outcome(3, "three"))
    put = await outbox.put_outcome("done", _outcome(4, "done "))
    outbox.acknowledge([put.seq])
    await outbox.settle()


def _outcome(number: int, summary: str) -> pb.CallResult:
    return pb.CallResult(
        call_sid=call_sid(number),
        status=pb.CALL_STATUS_COMPLETED,
        summary=summary,
        report_id=f"report-{number}",
    )


def _build(
    draft: pb.CallResult, turns: Sequence[pb.TranscriptTurn], was_claimed: bool
) -> pb.CallResult:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    return build_recovered_result(draft, turns, was_claimed=was_claimed, now=now)


def spoil_all(task: tuple[bool, int, int, Path]) -> list[str]:
    """Spoil every byte of one share of the places, one at a time; a process's whole work.

    `task`: whether the sample was killed, the step within runs, the share (0 or 1), a folder.
    Returns: what was missed, a line each.
    """
    is_killed, step, share, folder = task
    logging.disable(logging.CRITICAL)
    folder.mkdir()
    return asyncio.run(_spoil_share(is_killed, step, share, folder))


async def _spoil_share(is_killed: bool, step: int, share: int, folder: Path) -> list[str]:
    sample = await build_sample(folder, is_killed=is_killed)
    misses = []
    for name, place in list(places_of(sample, step))[share::SHARES]:
        try:
            found = misses_of(await start_on(sample.flipped(name, place), folder / "spoilt"))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told with its place
            found = [repr(error)]
        misses += [f"byte {place} of {name}: {each}" for each in found]
    return misses
