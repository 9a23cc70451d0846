"""Cuts the power at random steps of a run, opens what is left and compares it with the promises."""

import random
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from sqlalchemy.exc import SQLAlchemyError

from tests.faults.power_cut.disk import Delete, Step, Trace, Truncate, Write, apply

_SECTOR_BYTES = 512
_KEEPS = ("none", "all", "some", "torn")
_HALF = 0.5

ReadFile: TypeAlias = Callable[[Path], set[str]]
"""Opens a file and reads what it holds. Raises ValueError or DatabaseError when it is damaged."""


@dataclass(frozen=True, slots=True)
class Ruin:
    """Says what a cut destroyed although it must not."""

    cut: str
    """Which cut it was, in words that find it again."""
    lost: frozenset[str]
    """Acknowledged, and not there."""
    strange: frozenset[str]
    """There, and never asked for."""
    damage: str
    """What is wrong with the file; empty when it is sound."""


class Platter:
    """Holds what is on the disk for good, and what waits for a sync."""

    def __init__(self) -> None:
        self._kept: dict[str, bytearray] = {}
        self._pending: list[Write | Truncate] = []

    def take(self, step: Step) -> None:
        """Go one step on."""
        if isinstance(step, Write | Truncate):
            self._pending.append(step)
            return
        mine = [each for each in self._pending if each.file == step.file]
        self._pending = [each for each in self._pending if each.file != step.file]
        if isinstance(step, Delete):
            self._kept.pop(step.file, None)
        else:
            _apply_all(mine, self._kept)

    def settle(self) -> None:
        """Bring everything to the disk."""
        _apply_all(self._pending, self._kept)
        self._pending = []

    def cut(self, chance: random.Random, keep: str) -> dict[str, bytearray]:
        """Return the files as the power cut leaves them."""
        left = {name: bytearray(content) for name, content in self._kept.items()}
        _apply_all(_survive(self._pending, chance, keep), left)
        return left


def find_ruins(trace: Trace, read: ReadFile, folder: Path, cuts: int, seed: int) -> list[Ruin]:
    """Cut the power `cuts` times behind the step `ready`; return the cuts that did harm."""
    chance = random.Random(seed)  # noqa: S311 - a repeatable draw
    places = sorted(chance.randint(trace.ready, len(trace.steps)) for _ in range(cuts))
    promised: set[str] = set()
    promises = iter([*trace.promises, None])
    promise = next(promises)
    ruins: list[Ruin] = []
    for number, (place, platter) in enumerate(_visit(trace, places)):
        while promise is not None and promise.step <= place:
            promised.add(promise.fact)
            promise = next(promises)
        keep = chance.choice(_KEEPS)
        _lay_out(platter.cut(chance, keep), folder)
        facts, damage = _open_again(folder / "left.db", read)
        lost, strange = promised - facts, facts - trace.intents
        if lost or strange or damage:
            name = f"seed {seed}, cut {number} at step {place} of {len(trace.steps)}, {keep} kept"
            ruins.append(Ruin(name, frozenset(lost), frozenset(strange), damage))
    return ruins


def with_the_driver(read_facts: Callable[[sqlite3.Connection], set[str]]) -> ReadFile:
    """Make a reader that takes the standard driver and lets SQLite check the file first."""

    def read(path: Path) -> set[str]:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = OFF")  # nobody cuts the power of the check
            verdict = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
            if verdict != "ok":
                raise ValueError(verdict)
            return read_facts(connection)

    return read


def _visit(trace: Trace, places: list[int]) -> Iterator[tuple[int, Platter]]:
    """Walk through the run once; stop at each place."""
    platter, done = Platter(), 0
    for place in places:
        for step in trace.steps[done:place]:
            platter.take(step)
            done += 1
            if done == trace.ready:
                platter.settle()
        yield place, platter


def _survive(
    pending: list[Write | Truncate], chance: random.Random, keep: str
) -> Iterator[Write | Truncate]:
    for step in pending:
        parts = _sectors(step) if keep == "torn" and isinstance(step, Write) else [step]
        for part in parts:
            if keep == "all" or (keep != "none" and chance.random() < _HALF):
                yield part


def _sectors(step: Write) -> Iterator[Write]:
    """Split a write where the sectors of the disk meet."""
    start, end = step.offset, step.offset + len(step.data)
    while start < end:
        stop = min(end, (start // _SECTOR_BYTES + 1) * _SECTOR_BYTES)
        yield Write(step.file, start, step.data[start - step.offset : stop - step.offset])
        start = stop


def _apply_all(steps: Iterable[Write | Truncate], files: dict[str, bytearray]) -> None:
    for step in steps:
        apply(step, files.setdefault(step.file, bytearray()))


def _lay_out(files: dict[str, bytearray], folder: Path) -> None:
    """Write the files to a real folder; the index of the log, in memory, is gone with the power."""
    for suffix in ("", "-wal", "-journal", "-shm"):
        (folder / f"left.db{suffix}").unlink(missing_ok=True)
    for name, content in files.items():
        suffix = name.rpartition(".db")[2]
        (folder / f"left.db{suffix}").write_bytes(content)


def _open_again(path: Path, read: ReadFile) -> tuple[set[str], str]:
    """Return what a file holds and what is wrong with it."""
    try:
        return read(path), ""
    except (sqlite3.DatabaseError, SQLAlchemyError, ValueError) as error:
        return set(), str(error)
