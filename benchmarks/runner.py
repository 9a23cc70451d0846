"""Runs benchmarks as processes, one after the other, and keeps what each said and found."""

import asyncio
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.catalogue import Benchmark
from benchmarks.harness import tether
from benchmarks.harness.machine import REPOSITORY
from benchmarks.harness.results_file import Results, read_results
from benchmarks.harness.terminal import PROGRESS_MARK, is_coloured, width

_TIMES_ITS_BUDGET, _MORE_S = 1.5, 20.0
_PUT_AWAY_S = 5.0
_TAIL_LINES = 6
_LINE_LIMIT_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """One benchmark that is over; `reason` says in a line how it broke off, "" when it did not."""

    benchmark: Benchmark
    seconds: float
    output: str
    reason: str
    tail: tuple[str, ...]
    results: Results

    @property
    def is_crashed(self) -> bool:
        """Whether it broke off."""
        return bool(self.reason)


async def run_benchmark(
    benchmark: Benchmark, flags: Sequence[str], folder: Path, tell: Callable[[str], None]
) -> Outcome:
    """Run one to its end, or until its time is over; `tell` hears what it measures now.

    Its time is half as much again as its budget, and 20 s: one that hangs holds up nobody. What it
    had judged by then stays judged.
    """
    begun, wall = time.monotonic(), time.time()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"benchmarks.{benchmark.name}", "--quick", *flags),
        *("--results", str(folder)),
        cwd=REPOSITORY,
        env={
            **os.environ,
            "COLUMNS": str(width()),
            **({"FORCE_COLOR": "1"} if is_coloured() else {}),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=_LINE_LIMIT_BYTES,
        start_new_session=True,
    )
    tether.hold(process.pid)
    budget_s = benchmark.budget_s(with_peers="--peers" in flags)
    patience_s = budget_s * _TIMES_ITS_BUDGET + _MORE_S
    output: list[str] = []
    tail: deque[str] = deque(maxlen=_TAIL_LINES)
    reason = ""
    try:
        async with asyncio.timeout(patience_s):
            await asyncio.gather(
                _read(process.stdout, output.append), _read(process.stderr, _Split(tail, tell))
            )
            code = await process.wait()
            reason = (tail[-1].strip() if tail else f"exit code {code}") if code else ""
    except TimeoutError:
        reason = f"still running after {patience_s:.0f} s"
    finally:
        await _end(process)
        tether.let_go(process.pid)
    results = read_results(folder / f"{benchmark.name}.jsonl")
    if not _is_of_this_run(results, wall):
        results = Results()
    seconds = time.monotonic() - begun
    return Outcome(benchmark, seconds, "\n".join(output), reason, tuple(tail), results)


class _Split:
    """Takes the lines of stderr apart: progress is told, the rest is kept for a crash."""

    def __init__(self, tail: deque[str], tell: Callable[[str], None]) -> None:
        self._tail = tail
        self._tell = tell

    def __call__(self, line: str) -> None:
        if line.startswith(PROGRESS_MARK):
            self._tell(line.removeprefix(PROGRESS_MARK))
        elif line.strip():
            self._tail.append(line)


async def _read(stream: asyncio.StreamReader | None, take: Callable[[str], None]) -> None:
    if stream is None:
        return
    while True:
        try:
            line = await stream.readline()
        except ValueError:
            continue  # beyond the limit: the reader has dropped it
        if not line:
            return
        take(line.decode(errors="replace").rstrip())


async def _end(process: asyncio.subprocess.Process) -> None:
    """Let one that still runs put away what it has started, then kill what is left of it."""
    if process.returncode is None:
        process.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _PUT_AWAY_S)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _is_of_this_run(results: Results, begun: float) -> bool:
    began_ms = results.run.get("began_ms")
    return isinstance(began_ms, int) and began_ms / 1000 >= begun
