"""F49: an agent short of descriptors, of memory, or with a loop that stands still in its call."""

import asyncio
import os
import signal
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringback.v1 import call_results_pb2 as pb
from tests.integration.call_reporter_server import ScriptedResults, quick_reporter, serving, sid

pytestmark = pytest.mark.chaos

GROUPS = Path("/sys/fs/cgroup/memory")  # of version 1
MEMORY_BYTES = 160 << 20
AGENT = """
import asyncio, os, resource, sys, time
from pathlib import Path
from call_reporter import CallReporter, ReporterOptions

TARGET, OUTBOX, SID, TROUBLE = sys.argv[1:]

def take_all_descriptors():
    highest = max(int(entry.name) for entry in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, highest + 1))
    while True:
        try:
            os.dup(0)
        except OSError:
            return

def take_all_memory():
    taken = []
    while True:
        taken.append(bytearray(os.urandom(1 << 20)))

async def main():
    options = ReporterOptions(ballast_bytes=4096, progress_every_s=0.1)
    async with CallReporter(TARGET, outbox=OUTBOX, options=options, ack_wait_s=10) as reporter:
        async with reporter.call(SID) as call:
            call.turn("callee", "Luigi's, hello?")
            await reporter._outbox.settle()
            print("in the call", flush=True)
            match TROUBLE:
                case "descriptors":
                    take_all_descriptors()
                case "memory":
                    take_all_memory()
                case "loop":
                    time.sleep(5)
            call.turn("agent", "Goodbye.")
            call.finish(summary="told first-hand")

asyncio.run(main())
"""


@pytest.fixture
def small_group() -> Iterator[Path]:
    """Make a group of processes that may use only so much memory."""
    group = GROUPS / f"ringback-{uuid.uuid4().hex[:8]}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(MEMORY_BYTES))
    except OSError:
        pytest.skip("no control group of version 1 can be made here (root)")
    yield group
    group.rmdir()


async def run_agent(folder: Path, target: str, trouble: str, before: str = "") -> int:
    """Run the agent until it ends; `before` is what its shell does first."""
    words = (sys.executable, "-c", AGENT, target, str(folder / "calls.db"), sid(1), trouble)
    agent = await asyncio.create_subprocess_exec(
        *("/bin/sh", "-c", f'{before}exec "$@"', "sh", *words),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await agent.communicate()
    assert told == b"in the call\n"
    return await agent.wait()


def words_of(result: pb.CallResult) -> list[str]:
    """List what was said."""
    return [turn.text for turn in result.transcript]


@pytest.mark.parametrize("trouble", ["descriptors", "loop"])
async def test_f49_without_descriptors_or_with_a_blocked_loop_a_call_has_its_result(
    trouble: str, tmp_path: Path
) -> None:
    servicer = ScriptedResults()
    async with serving(servicer) as target:
        assert await run_agent(tmp_path, target, trouble) == 0
    (result,) = servicer.stored.values()
    assert (result.summary, result.source) == ("told first-hand", pb.SOURCE_HANDLER)
    assert words_of(result) == ["Luigi's, hello?", "Goodbye."]


async def test_f49_a_call_whose_agent_ran_out_of_memory_is_recovered_with_its_turns(
    small_group: Path, tmp_path: Path
) -> None:
    servicer = ScriptedResults()
    async with serving(servicer) as target:
        join = f"echo $$ > '{small_group / 'tasks'}'; "
        code = await run_agent(tmp_path, target, "memory", join)
        assert code == -signal.SIGKILL
        async with quick_reporter(target, tmp_path):
            await servicer.wait_for(lambda: bool(servicer.stored))
    (result,) = servicer.stored.values()
    assert result.source == pb.SOURCE_RECOVERED
    assert result.end_reason == pb.END_REASON_HANDLER_LOST
    assert words_of(result) == ["Luigi's, hello?"]
