"""F40, F41: a real disk that is full, and one whose writes and syncs fail under an agent.

The full one is a tmpfs of 1 MiB; the failing ones are made by strace, in an agent of its own.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from call_reporter import OutboxFull
from call_reporter.outbox.inspection import inspect_outbox
from ringback.v1 import call_results_pb2 as pb
from tests.faults.tracing import strace_words
from tests.integration.call_reporter_server import (
    ScriptedResults,
    free_port,
    quick_reporter,
    serving,
    sid,
)

pytestmark = pytest.mark.chaos

CALLS, BALLAST = 2, 512 * 1024  # 256 KiB for each
LINE = "One large margherita, please. " * 30
AGENT = """
import asyncio, sys
from call_reporter import CallReporter, OutboxUnavailable, ReporterOptions

TARGET, OUTBOX, SID = sys.argv[1:]

async def main():
    options = ReporterOptions(ballast_bytes=8192, lazy_s=0.0)
    async with CallReporter(TARGET, outbox=OUTBOX, options=options, ack_wait_s=10) as reporter:
        async with reporter.call(SID) as call:
            call.turn("callee", "Luigi's, hello?")
            call.finish(summary="told first-hand")
        try:
            await reporter.remember_order("new", b"order")
        except OutboxUnavailable as error:
            print(f"order refused: {error}", flush=True)
        print(f"trouble: {await reporter.trouble()}", flush=True)

asyncio.run(main())
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of 1 MiB."""
    mount, place = shutil.which("mount"), tmp_path / "disk"
    if mount is None or os.geteuid() != 0:
        pytest.skip("only root may mount a tmpfs")
    place.mkdir()
    options = "size=1m,nr_inodes=20"
    made = subprocess.run([mount, "-t", "tmpfs", "-o", options, "tmpfs", place], check=False)  # noqa: S603 - ours
    if made.returncode:
        pytest.skip("no tmpfs can be mounted here")
    yield place
    subprocess.run(["/bin/umount", "--lazy", place], check=True)  # noqa: S603 - ours


def fill(disk: Path) -> Path:
    """Take all the space that is left."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4_096)):
            pass
    return filler


async def test_f40_on_a_full_disk_running_calls_are_reported_and_orders_refused(
    disk: Path,
) -> None:
    port, servicer = free_port(), ScriptedResults()
    reporter = quick_reporter(f"127.0.0.1:{port}", disk, ack_wait_s=0.05, ballast_bytes=BALLAST)
    async with reporter:
        calls = [reporter.call(sid(number)) for number in range(CALLS)]
        for call in calls:
            await call.__aenter__()
        filler = fill(disk)
        for call in calls:
            for _ in range(60):
                call.turn("callee", LINE)
            call.finish(summary="told first-hand")
            await call.__aexit__(None, None, None)
        with pytest.raises(OutboxFull, match="no new calls"):
            await reporter.remember_order("new", b"order")
        assert "the disk is full" in await reporter.trouble()
    assert inspect_outbox(disk / "calls.db").accounts.pending == CALLS  # on the disk, all of them
    reporter = quick_reporter(f"127.0.0.1:{port}", disk, ballast_bytes=BALLAST)
    async with serving(servicer, port), reporter:
        await servicer.wait_for(lambda: len(servicer.stored) == CALLS)
        filler.unlink()
        assert await reporter.trouble() == ""
        assert (await reporter.remember_order("new", b"order")).is_new
    assert {len(result.transcript) for result in servicer.stored.values()} == {60}
    assert {result.summary for result in servicer.stored.values()} == {"told first-hand"}


@pytest.mark.parametrize("left", range(0, 128 * 1024, 16 * 1024))
async def test_f40_on_a_disk_with_hardly_any_space_a_start_works_or_says_why(
    left: int, disk: Path
) -> None:
    filler = fill(disk)
    os.truncate(filler, filler.stat().st_size - left)
    try:
        async with quick_reporter("127.0.0.1:1", disk, ballast_bytes=BALLAST) as reporter:
            assert await reporter.trouble() == "the disk is full: take no new calls"
    except OutboxFull as error:
        assert "cannot open the outbox" in str(error)  # noqa: PT017 - one or the other
        assert "the disk is full" in str(error)  # noqa: PT017 - see above


async def run_agent(folder: Path, target: str, inject: str) -> list[str]:
    """Run the agent on a disk that fails as strace is told; return what it printed.

    Only the log and the ballast fail: the first is what a commit waits for.
    """
    words = strace_words(f"inject={inject}")
    for suffix in ("-wal", ".ballast"):
        words += ["-P", str(folder / f"calls.db{suffix}")]
    agent = await asyncio.create_subprocess_exec(
        *(*words, sys.executable, "-c", AGENT, target, str(folder / "calls.db"), sid(1)),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told, errors = await agent.communicate()
    assert agent.returncode == 0, errors.decode()
    return [*told.decode().splitlines(), *errors.decode().splitlines()]


async def make_outbox(folder: Path) -> None:
    """Make the file, so that the agent finds it whole: what fails then is a call's own."""
    async with quick_reporter("127.0.0.1:1", folder):
        pass


async def results_after_restart(
    folder: Path, target: str, servicer: ScriptedResults
) -> list[pb.CallResult]:
    """Start once more, on a disk that works; list all that was ever told of the one call."""
    async with quick_reporter(target, folder) as reporter:
        assert await reporter.trouble() == ""
        assert (await reporter.remember_order("after", b"order")).is_new
        if reporter.backlog().pending:
            waits = inspect_outbox(folder / "calls.db").accounts
            assert waits.started == 1
        await servicer.wait_for(lambda: bool(servicer.stored))
    return list(servicer.stored.values())


@pytest.mark.parametrize("first", range(1, 8))
async def test_f40_a_disk_that_is_full_from_any_write_on_loses_no_result(
    first: int, tmp_path: Path
) -> None:
    servicer = ScriptedResults()
    await make_outbox(tmp_path)
    async with serving(servicer) as target:
        full = f"pwrite64,fallocate:error=ENOSPC:when={first}+"
        told = await run_agent(tmp_path, target, full)
        assert any(line.startswith("order refused: the disk is full") for line in told), told
        results = await results_after_restart(tmp_path, target, servicer)
    assert "told first-hand" in {result.summary for result in results}


@pytest.mark.parametrize("first", range(1, 6))
async def test_f41_a_disk_that_fails_to_sync_takes_no_call_until_the_next_start(
    first: int, tmp_path: Path
) -> None:
    servicer = ScriptedResults()
    await make_outbox(tmp_path)
    async with serving(servicer) as target:
        told = await run_agent(tmp_path, target, f"fdatasync:error=EIO:when={first}")
        assert any("restart to check the file" in line for line in told), told
        results = await results_after_restart(tmp_path, target, servicer)
    assert "told first-hand" in {result.summary for result in results}
