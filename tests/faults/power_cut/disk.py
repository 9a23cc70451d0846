"""A disk in memory that notes each write, truncate and sync of SQLite in the order they came.

The file system is an APSW VFS. What SQLite reads is what it wrote last; what would be left after a
power cut follows from the notes alone, so that one run serves any number of cuts.
"""

import asyncio
import itertools
import threading
from dataclasses import dataclass, field
from typing import TypeAlias

import apsw
from typing_extensions import Buffer

_SECTOR_BYTES = 4_096
_NUMBERS = itertools.count()
# What the loop needs at most to take a wake-up through its future, its task and its caller.
_TURNS_OF_THE_LOOP = 4
_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Write:
    """Says that bytes were handed to the system, not yet to the disk."""

    file: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    """Says that a file was cut to a size, not yet on the disk."""

    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """Says that all that was done to a file is on the disk now."""

    file: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Says that a file is gone."""

    file: str


Step: TypeAlias = Write | Truncate | Sync | Delete


@dataclass(frozen=True, slots=True)
class Promise:
    """Says what was acknowledged, and how many steps the disk had seen by then."""

    step: int
    fact: str


@dataclass
class Trace:
    """Holds the notes of one run."""

    steps: list[Step] = field(default_factory=list)
    ready: int = 0
    """The step from which the schema is held to be on the disk."""
    promises: list[Promise] = field(default_factory=list)
    intents: set[str] = field(default_factory=set)
    """All that was ever asked for; whatever else is in a file is made up."""

    def birth(self) -> "Trace":
        """Return the part in which the schema was made; nothing is promised there."""
        return Trace(self.steps[: self.ready])

    def promise(self, *facts: str) -> None:
        """Note that these were acknowledged."""
        self.promises.extend(Promise(len(self.steps), fact) for fact in facts)


class Disk(apsw.VFS):
    """Is a file system of one process; locks are free, for it has one connection."""

    def __init__(self, trace: Trace) -> None:
        self.vfs = f"power_cut_{next(_NUMBERS)}"
        self.trace = trace
        self.files: dict[str, bytearray] = {}
        self._loop: asyncio.AbstractEventLoop | None = None  # None while nobody waits for syncs
        super().__init__(self.vfs, base="")

    @property
    def is_watched(self) -> bool:
        """Say whether the run is on whose promises count."""
        return self._loop is not None

    def be_slow(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Let `loop` finish what it has to do before each sync.

        Who acknowledges before the sync is seen to do so, however the threads are scheduled.
        """
        self._loop = loop

    def xOpen(  # noqa: N802 - SQLite's name
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> apsw.VFSFile:
        file = str(name.filename()) if isinstance(name, apsw.URIFilename) else str(name)
        self.files.setdefault(file, bytearray())
        flags[1] = flags[0]
        return _File(self, file)

    def xAccess(self, pathname: str, _flags: int) -> bool:  # noqa: N802 - SQLite's name
        return pathname in self.files

    def xDelete(self, filename: str, _syncdir: bool) -> None:  # noqa: N802 - SQLite's name
        self.files.pop(filename, None)
        self.trace.steps.append(Delete(filename))

    def xFullPathname(self, name: str) -> str:  # noqa: N802 - SQLite's name
        return name

    def sync(self, file: str) -> None:
        """Note a sync, as late as a slow disk ends it."""
        if self._loop is not None:
            _wait_for(self._loop)
        self.trace.steps.append(Sync(file))


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, file: str) -> None:  # not super's: there is no real file
        self._disk = disk
        self._file = file

    @property
    def _content(self) -> bytearray:
        return self._disk.files[self._file]

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802 - SQLite's name
        return bytes(self._content[offset : offset + amount])

    def xWrite(self, data: Buffer, offset: int) -> None:  # noqa: N802 - SQLite's name
        step = Write(self._file, offset, bytes(data))
        apply(step, self._content)
        self._disk.trace.steps.append(step)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - SQLite's name
        step = Truncate(self._file, newsize)
        apply(step, self._content)
        self._disk.trace.steps.append(step)

    def xSync(self, _flags: int) -> None:  # noqa: N802 - SQLite's name
        self._disk.sync(self._file)

    def xFileSize(self) -> int:  # noqa: N802 - SQLite's name
        return len(self._content)

    def xSectorSize(self) -> int:  # noqa: N802 - SQLite's name
        return _SECTOR_BYTES

    def xDeviceCharacteristics(self) -> int:  # noqa: N802 - SQLite's name
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE  # as SQLite takes every disk on Unix

    def xLock(self, _level: int) -> None: ...  # noqa: N802 - SQLite's name

    def xUnlock(self, _level: int) -> None: ...  # noqa: N802 - SQLite's name

    def xCheckReservedLock(self) -> bool:  # noqa: N802 - SQLite's name
        return False

    def xFileControl(self, _op: int, _ptr: int) -> bool:  # noqa: N802 - SQLite's name
        return False

    def xClose(self) -> None: ...  # noqa: N802 - SQLite's name


def apply(step: Write | Truncate, content: bytearray) -> None:
    """Do to a file what a step says; a gap before a write is zeros."""
    size = step.size if isinstance(step, Truncate) else step.offset
    if len(content) < size:
        content.extend(bytes(size - len(content)))
    if isinstance(step, Truncate):
        del content[step.size :]
    else:
        content[step.offset : step.offset + len(step.data)] = step.data


def _wait_for(loop: asyncio.AbstractEventLoop) -> None:
    is_idle = threading.Event()

    def turn(left: int) -> None:
        if left:
            loop.call_soon(turn, left - 1)
        else:
            is_idle.set()

    loop.call_soon_threadsafe(turn, _TURNS_OF_THE_LOOP)
    if not is_idle.wait(_PATIENCE_S):
        raise TimeoutError("the event loop does not turn")
