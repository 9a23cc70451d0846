"""What the kernel tells of a process and its disk: cores, CPU time, memory, price of a flush."""

import os
import statistics
import tempfile
import time
from pathlib import Path

SYSTEM_CORE, LOAD_CORE = 0, 1
_FLUSHES = 200
_PAGE = b"\x5a" * 8192
_CPU_CLOCK_OF_A_PROCESS = 2
"""CPUCLOCK_SCHED: the kernel's word for what its scheduler has counted."""


def pin(core: int) -> None:
    """Keep this thread, and all it starts later, on one core.

    Call it before grpc is imported: its threads inherit. Without that core nothing happens.
    """
    if hasattr(os, "sched_setaffinity") and core < (os.cpu_count() or 1):
        os.sched_setaffinity(0, {core})


def cpu_ns(pid: int) -> int:
    """Return the CPU time that a process has used, ns, threads that have ended included.

    Raises: ProcessLookupError. Source: clock_getcpuclockid(3), Linux; the same figure as the sum of
    /proc/PID/task/*/schedstat, which forgets a thread when it ends.
    """
    try:
        return time.clock_gettime_ns((~pid << 3) | _CPU_CLOCK_OF_A_PROCESS)
    except OSError as error:
        raise ProcessLookupError(f"no process {pid}") from error


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
