"""What the kernel tells of a process and its disk: cores, CPU time, memory, price of a flush."""

import os
import statistics
import tempfile
import time
from pathlib import Path

SYSTEM_CORE, LOAD_CORE = 0, 1
_FLUSHES = 200
_PAGE = b"\x5a" * 8192


def pin(core: int) -> None:
    """Keep this thread, and all it starts later, on one core.

    Call it before grpc is imported: its threads inherit. Without that core nothing happens.
    """
    if hasattr(os, "sched_setaffinity") and core < (os.cpu_count() or 1):
        os.sched_setaffinity(0, {core})


def cpu_ns(pid: int) -> int:
    """Sum the CPU time of a process over its living threads, ns.

    A thread that ended has dropped out. Source: /proc/PID/task/*/schedstat, field 1; the ticks of
    /proc/PID/stat are 10 ms long.
    """
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we read
    return total


def rss_kb(pid: int) -> int:
    """Read a process's resident memory, KB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def fdatasync_ms(folder: Path) -> float:
    """Measure what one flush costs there: median of 200 overwrites of 8 KiB, ms."""
    spans = []
    with tempfile.TemporaryFile(dir=folder) as file:
        handle = file.fileno()
        os.pwrite(handle, _PAGE, 0)
        os.fsync(handle)
        for _ in range(_FLUSHES):
            begun = time.perf_counter()
            os.pwrite(handle, _PAGE, 0)
            os.fdatasync(handle)
            spans.append((time.perf_counter() - begun) * 1000)
    return statistics.median(spans)
