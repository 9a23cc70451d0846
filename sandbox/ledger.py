"""The carrier's books: one JSON line per fact, fsynced in groups by a thread of its own."""

import asyncio
import json
import os
import queue
import threading
import time
from collections import Counter
from collections.abc import Mapping
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

Line = Mapping[str, object]


class Ledger:
    """Appends facts in the order of `write`; `settle` waits until they are on the disk.

    The product cannot write here. One ledger is used from one event loop; the file belongs to
    the writer thread.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[Line] = []
        self.counts: Counter[str] = Counter()
        self._sequence = 0
        self._queue: queue.SimpleQueue[tuple[bytes, asyncio.Future[None] | None] | None]
        self._queue = queue.SimpleQueue()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)
        self._thread = threading.Thread(
            target=self._append, args=(self._file,), name="ledger", daemon=True
        )
        self._thread.start()

    def write(self, kind: str, **facts: object) -> None:
        """Append one fact. Its place in the order is fixed now; `settle` makes it durable."""
        self._sequence += 1
        line = {"seq": self._sequence, "at": round(time.time(), 6), "kind": kind, **facts}
        self.lines.append(line)
        self.counts[kind] += 1
        text = json.dumps(line, separators=(",", ":"), default=str)
        self._queue.put((text.encode() + b"\n", None))

    async def settle(self) -> None:
        """Wait until everything written so far is fsynced. Raises: OSError of the disk."""
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.put((b"", durable))
        await durable

    def of_call(self, call_id: str | None) -> list[Line]:
        """Give the lines of one call_id in order; None gives all."""
        if call_id is None:
            return list(self.lines)
        return [line for line in self.lines if line.get("call_id") == call_id]

    def close(self) -> None:
        """Write what is left and end the thread. Blocks for at most one group."""
        self._queue.put(None)
        self._thread.join()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _append(self, file: FileIO) -> None:
        running = True
        while running:
            group = [self._queue.get()]
            while not self._queue.empty():
                group.append(self._queue.get())
            running = None not in group
            rows = [row for row in group if row is not None]
            error = _store(file, b"".join(text for text, _ in rows))
            for _, durable in rows:
                if durable is not None:
                    durable.get_loop().call_soon_threadsafe(_wake, durable, error)


def _store(file: FileIO, data: bytes) -> OSError | None:
    if not data:
        return None
    try:
        while data:  # unbuffered, so that a refusing disk is told here and not when closing
            data = data[file.write(data) :]
        os.fsync(file.fileno())
    except OSError as error:
        return error
    return None


def _wake(durable: asyncio.Future[None], error: OSError | None) -> None:
    if durable.done():
        return
    if error is None:
        durable.set_result(None)
    else:
        durable.set_exception(error)
