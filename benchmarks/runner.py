"""Runs benchmarks as processes, one after the other, and keeps what each said and found."""

import asyncio
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.catalogue import Benchmark
from benchmarks.harness.machine import REPOSITORY
from benchmarks.harness.results_file import Results, read_results
from benchmarks.harness.terminal import PROGRESS_MARK, is_coloured, width

_TIMES_ITS_BUDGET, _LEAST_PATIENCE_S = 4, 120
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
    """Run one to its end, four times its budget at most; `tell` hears what it measures now."""
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
    patience_s = max(benchmark.budget_s * _TIMES_ITS_BUDGET, _LEAST_PATIENCE_S)
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
        reason = f"still running after {patience_s} s"
    finally:
        _kill_all(process)
        await process.wait()
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


def _kill_all(process: asyncio.subprocess.Process) -> None:
    """End what is left of its session: its own children, when it broke off."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _is_of_this_run(results: Results, begun: float) -> bool:
    began_ms = results.run.get("began_ms")
    return isinstance(began_ms, int) and began_ms / 1000 >= begun
