"""Processes that a benchmark starts: pinned to a core, spoken with by lines, never left behind."""

import contextlib
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.harness import tether
from benchmarks.harness.kernel import pin

_TAIL_LINES = 8
_CHUNK = 65_536
_STOP_S = 5.0


class ChildEnded(RuntimeError):
    """A child ended, or stayed silent, when a line of it was awaited; its last words are inside."""


class Child:
    """A running process in a session of its own; leaving the `with` kills what is left of it."""

    def __init__(
        self, process: subprocess.Popen[bytes], errors: "tempfile._TemporaryFileWrapper[bytes]"
    ) -> None:
        self._process = process
        self._errors = errors
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._kill()
        tether.let_go(self.pid)
        self._errors.close()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def line(self, timeout_s: float = 20.0) -> str:
        """Read its next line of stdout. Raises: ChildEnded when there is none in time."""
        until = time.monotonic() + timeout_s
        while b"\n" not in self._buffer:
            chunk = self._read_chunk(until - time.monotonic())
            if not chunk:
                raise ChildEnded(self._say_silence(timeout_s))
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode(errors="replace").rstrip("\r")

    def rest(self, timeout_s: float) -> str:
        """Read all that it still says, until it ends. Raises: ChildEnded when it goes on."""
        until = time.monotonic() + timeout_s
        while chunk := self._read_chunk(until - time.monotonic()):
            self._buffer += chunk
        self.wait(max(0.1, until - time.monotonic()))
        said, self._buffer = self._buffer, b""
        return said.decode(errors="replace")

    def tell(self, line: str) -> None:
        """Write one line to its stdin."""
        if self._process.stdin is not None:
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()

    def wait(self, timeout_s: float) -> int:
        """Wait for its end; returns the exit code. Raises: ChildEnded when it goes on."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise ChildEnded(f"still running after {timeout_s:g} s{self.tail()}") from None

    def stop(self, timeout_s: float = _STOP_S) -> int:
        """Ask it to end, kill it when it does not; returns the exit code."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._kill()
            return self._process.wait(timeout_s)

    def tail(self) -> str:
        """Return the last lines that it wrote to stderr, each on a line of its own."""
        self._errors.flush()
        with open(self._errors.name, "rb") as file:  # noqa: PTH123 - a name, once
            lines = file.read().decode(errors="replace").splitlines()
        return "".join(f"\n  {line}" for line in lines[-_TAIL_LINES:])

    def _read_chunk(self, timeout_s: float) -> bytes:
        if self._process.stdout is None or timeout_s <= 0:
            return b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(timeout_s):
                return b""
        return os.read(self._process.stdout.fileno(), _CHUNK)

    def _say_silence(self, timeout_s: float) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.2)  # its pipe closes a moment before it is gone
        code = self._process.poll()
        said = f"silent for {timeout_s:g} s" if code is None else f"ended with {code}"
        return f"process {self._process.args!r} {said}{self.tail()}"

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


def child(
    argv: Sequence[str],
    core: int | None = None,
    env: Mapping[str, str] | None = None,
    nice: int = 0,
    cwd: Path | None = None,
) -> Child:
    """Start a process, on one core if told, with `env` over our environment; it dies with us."""
    command = ["nice", "-n", str(nice), *argv] if nice else list(argv)
    errors = tempfile.NamedTemporaryFile(prefix="ringback-bench-")  # noqa: SIM115 - closed by Child
    with _on_core(core):
        process = subprocess.Popen(  # noqa: S603 - the benchmark's own command
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**_outer_environment(), **(env or {})},
            cwd=cwd,
            start_new_session=True,
        )
    tether.hold(process.pid)
    return Child(process, errors)


def run_to_end(argv: Sequence[str], timeout_s: float, cwd: Path | None = None) -> str:
    """Run a command and return its stdout.

    Raises: ChildEnded with its last words when it fails or goes on.
    """
    with child(argv, cwd=cwd) as process:
        said = process.rest(timeout_s)
        code = process.wait(_STOP_S)
        if code:
            raise ChildEnded(f"{' '.join(argv)} ended with {code}{process.tail()}")
    return said


def _outer_environment() -> dict[str, str]:
    """Give what our children inherit: all but the words of a make above us to one below."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}


@contextlib.contextmanager
def _on_core(core: int | None) -> Iterator[None]:
    """Stand on a core while a process is started: it inherits the starting thread's."""
    if core is None or not hasattr(os, "sched_getaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    pin(core)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
