"""An Orchestrator in a process of its own, and its death at one system call or failpoint."""

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.faults.reports_rig import PATIENT_S

STRACE = shutil.which("strace")
needs_strace = pytest.mark.skipif(STRACE is None, reason="strace is not installed")


async def wait_for_line(process: Process, words: bytes) -> None:
    """Read what a process says on stderr up to a line with these words."""
    assert process.stderr is not None
    async with asyncio.timeout(PATIENT_S):
        while words not in (line := await process.stderr.readline()):
            assert line, "it ended before it said so"


@asynccontextmanager
async def orchestrator(folder: Path, database_url: str, **settings: str) -> AsyncIterator[Process]:
    """Run an Orchestrator with its files in `folder`.

    `settings`: by their names without RINGBACK_.
    """
    bare = {name: value for name, value in os.environ.items() if not name.startswith("RINGBACK_")}
    environment = {
        **bare,
        "RINGBACK_DATA_DIR": str(folder),
        "RINGBACK_DATABASE_URL": database_url,
        "PYTHONPATH": os.pathsep.join(sys.path),
        **{f"RINGBACK_{name}": value for name, value in settings.items()},
    }
    command = (sys.executable, "-m", "orchestrator")
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment, stderr=PIPE
    )
    try:
        await wait_for_line(process, b"listening")
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@asynccontextmanager
async def killed_at(process: Process, system_call: str, number: int) -> AsyncIterator[None]:
    """Have `process` killed as it enters a system call for the n-th time in one thread."""
    inject = f"inject={system_call}:signal=SIGKILL:when={number}"
    trace = ("-f", "-o", "/dev/null", "-e", f"trace={system_call}", "-e", inject)
    tracer = await asyncio.create_subprocess_exec(
        str(STRACE), *trace, "-p", str(process.pid), stderr=PIPE
    )
    try:
        await wait_for_line(tracer, b"attached")
        yield
    finally:
        if tracer.returncode is None:
            tracer.terminate()
        await tracer.communicate()
