"""Starts processes of one program quickly: a parent that has imported it forks each of them.

Most of a service's start-up time on a busy machine are imports. A forked child does everything
else itself, from reading its settings on, and is killed like any other process.
"""

import asyncio
import json
import os
import runpy
import select
import signal
import sys
import traceback
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import NoReturn

_READ_BYTES = 1 << 16


@dataclass(slots=True)
class Forged:
    """One forked process, with what `asyncio.subprocess.Process` offers."""

    pid: int
    returncode: int | None = None
    """None while it runs; -9 after SIGKILL."""
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self) -> int:
        """Wait for its end; the exit code."""
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    def terminate(self) -> None:
        """Send SIGTERM."""
        os.kill(self.pid, signal.SIGTERM)

    def end(self, code: int) -> None:
        """Note its exit code."""
        self.returncode = code
        self._ended.set()


@dataclass(slots=True)
class Forge:
    """The parent of all processes of one program. `command`: as for the interpreter, without it."""

    command: tuple[str, ...]
    preload: str
    """The module whose import is done once."""
    _children: dict[int, Forged] = field(default_factory=dict)
    _early: dict[int, int] = field(default_factory=dict)
    """Codes of those that ended before their start was told."""
    _process: Process | None = None
    _reader: asyncio.Task[None] | None = None
    _started: asyncio.Queue[int] = field(default_factory=asyncio.Queue)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def open(self, environment: Mapping[str, str]) -> None:
        """Start the parent."""
        words = (sys.executable, "-m", __name__, self.preload, *self.command)
        self._process = await asyncio.create_subprocess_exec(
            *words,
            cwd=Path(__file__).parents[2],
            env=dict(environment),
            stdin=PIPE,
            stdout=PIPE,
            start_new_session=True,
        )
        self._reader = asyncio.create_task(self._read(self._process), name="forge")

    async def start(self, environment: Mapping[str, str], folder: Path, log: Path) -> Forged:
        """Start one process in `folder`, with its output appended to `log`."""
        assert self._process is not None
        assert self._process.stdin is not None
        order = {"environment": dict(environment), "folder": str(folder), "log": str(log)}
        async with self._turn:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            await self._process.stdin.drain()
            pid = await self._started.get()
        forged = self._children[pid] = Forged(pid)
        if pid in self._early:
            forged.end(self._early.pop(pid))
        return forged

    async def close(self) -> None:
        """End the parent; its children are ended before."""
        if self._process is not None and self._reader is not None:
            self._process.kill()
            await self._process.wait()
            await self._reader

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            word, pid, code = line.split()
            if word == b"started":
                self._started.put_nowait(int(pid))
            elif int(pid) in self._children:
                self._children.pop(int(pid)).end(int(code))
            else:
                self._early[int(pid)] = int(code)


def _serve(command: list[str]) -> None:
    """Fork a process for each line of stdin; tell on stdout what started and what ended."""
    told, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    pending, alive = b"", set[int]()
    while True:
        ready, _, _ = select.select([0, told], [], [])
        if told in ready:
            os.read(told, _READ_BYTES)
            alive -= _tell_ended()
        if 0 in ready:
            data = os.read(0, _READ_BYTES)
            if not data:  # the run is over, or was killed itself
                for pid in alive:
                    os.kill(pid, signal.SIGKILL)
                return
            *orders, pending = (pending + data).split(b"\n")
            for order in orders:
                pid = os.fork()
                if pid == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    os.close(told)
                    os.close(wake)
                    os.setpgid(0, 0)
                    _become(json.loads(order), command)
                with suppress(OSError):  # whoever comes first, so that it can be killed from now on
                    os.setpgid(pid, pid)
                alive.add(pid)
                _tell(f"started {pid} 0")


def _tell_ended() -> set[int]:
    """Tell the exit codes of those that have ended; who they are."""
    ended = set[int]()
    with suppress(ChildProcessError):  # there is none any more
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            _tell(f"ended {pid} {os.waitstatus_to_exitcode(status)}")
            ended.add(pid)
    return ended


def _tell(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def _become(order: dict[str, object], command: list[str]) -> NoReturn:
    """Turn this fork into the program, as the interpreter would run it."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    log = os.open(str(order["log"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    environment = order["environment"]
    assert isinstance(environment, dict)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(str(order["folder"]))
    code = 1
    try:
        if command[0] == "-m":
            sys.argv = command[1:]
            runpy.run_module(command[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = command
            runpy.run_path(command[0], run_name="__main__")
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - here ends the program: as the interpreter does
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Import what costs time, then serve."""
    import_module(sys.argv[1])
    _serve(sys.argv[2:])


if __name__ == "__main__":
    main()
