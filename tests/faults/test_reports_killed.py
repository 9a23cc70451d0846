"""Fault F27: the Orchestrator's process is killed at one system call of the way to the answer."""

import asyncio
import os
import shutil
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from call_reporter import CallReporter
from foundation.clock import SystemClock
from orchestrator.store import Store
from tests.faults.fault_proxy import fault_proxy
from tests.faults.reports_rig import PATIENT_S, Pauses, judge, reporter_to, result_number
from tests.integration.call_reporter_server import free_port

STRACE = shutil.which("strace")

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(STRACE is None, reason="strace is not installed"),
]


async def wait_for_line(process: Process, words: bytes) -> None:
    """Read what a process says on stderr up to a line with these words."""
    assert process.stderr is not None
    async with asyncio.timeout(PATIENT_S):
        while words not in (line := await process.stderr.readline()):
            assert line, "it ended before it said so"


@asynccontextmanager
async def orchestrator(folder: Path, grpc_port: int) -> AsyncIterator[Process]:
    """Run the Orchestrator on the database in `folder`."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("RINGBACK_")}
    environment = {
        **bare,
        "RINGBACK_DATA_DIR": str(folder),
        "RINGBACK_DATABASE_URL": f"sqlite:///{folder / 'ringback.db'}",
        "RINGBACK_ORCHESTRATOR_GRPC": f"127.0.0.1:{grpc_port}",
        "RINGBACK_PORT": str(free_port()),
        "PYTHONPATH": os.pathsep.join(sys.path),
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


async def report_until_death(reporter: CallReporter, process: Process) -> int:
    """Report one call after the other as long as the process lives; say how many."""
    count = 0
    while process.returncode is None:
        assert await reporter.report(result_number(count)) is not None
        count += 1
    return count


@pytest.mark.parametrize("number", [1, 2, 5, 20])
@pytest.mark.parametrize("system_call", ["pwrite64", "fdatasync", "sendmsg"])
async def test_f27_no_report_is_lost_or_doubled_wherever_the_orchestrator_is_killed(
    system_call: str, number: int, tmp_path: Path
) -> None:
    port = free_port()
    async with fault_proxy(port) as proxy, reporter_to(proxy.port, tmp_path, Pauses()) as reporter:
        async with (
            orchestrator(tmp_path, port) as doomed,
            killed_at(doomed, system_call, number),
            asyncio.timeout(PATIENT_S),
        ):
            reports = asyncio.create_task(report_until_death(reporter, doomed))
            assert await doomed.wait() == -signal.SIGKILL
        async with orchestrator(tmp_path, port):
            count = await reports
    store = await Store.open(f"sqlite:///{tmp_path / 'ringback.db'}", SystemClock())
    await judge(store, range(count))
    await store.close()
