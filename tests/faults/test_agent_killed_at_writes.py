"""F15: an agent killed at each system call on the way of its call, from the first row to the last.

strace counts the calls of each thread and each name by itself, so each name has runs of its own:
the n-th run dies as some thread enters its n-th call, until a run survives. One thread makes a new
file and another writes its rows, which nobody would see die behind the first: there are runs on a
new file, and runs on one that is there.
"""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from call_reporter import OutboxUnavailable
from call_reporter.outbox.inspection import Accounts, inspect_outbox
from ringback.v1 import call_results_pb2 as pb
from tests.faults.tracing import strace_words
from tests.integration.call_reporter_server import ScriptedResults, quick_reporter, serving, sid

SAID = ("Luigi's, hello?", "One large margherita, please.", "Fourteen fifty.", "Goodbye.")
# The ten-line example's way: the exit from the call reports it.
FOREIGN = """
        async with reporter.call(SID) as call:
            print("journalled", flush=True)
            for text in SAID:
                call.turn("callee", text)
            await reporter._outbox.settle()
            call.finish(summary="told first-hand")
"""
# The Call Handler's way: a claim, and a result that it builds itself.
HANDLER = """
        async with reporter.call(SID, call_id="019ab", stream_nonce="nonce") as call:
            print("journalled", flush=True)
            await call.claim()
            for text in SAID:
                call.turn("callee", text)
            await reporter._outbox.settle()
            result = pb.CallResult(call_sid=SID, call_id="019ab", summary="told first-hand")
            result.status = pb.CALL_STATUS_COMPLETED
            result.transcript.extend(call.turns)
            await reporter.report(result)
"""
AGENT = """
import asyncio, sys
from call_reporter import CallReporter, ReporterOptions
from ringback.v1 import call_results_pb2 as pb

TARGET, OUTBOX, SID, *SAID = sys.argv[1:]

async def main():
    options = ReporterOptions(ballast_bytes=4096, lazy_s=0.0)
    async with CallReporter(TARGET, outbox=OUTBOX, options=options) as reporter:
{way}
        print("reported", flush=True)

asyncio.run(main())
"""
WAYS = pytest.mark.parametrize(
    ("way", "is_new"),
    [(FOREIGN, True), (FOREIGN, False), (HANDLER, False)],
    ids=["on a new file", "foreign", "handler"],
)
NETWORK = "sendmsg"


class Doomed:
    """An agent that dies at its n-th call of a name; then what is left of its call."""

    def __init__(self, folder: Path, servicer: ScriptedResults, target: str) -> None:
        self.folder = folder
        self.said: list[str] = []
        self._servicer = servicer
        self._target = target

    @property
    def results(self) -> dict[str, pb.CallResult]:
        """Hold every result that the server was told, by its report_id."""
        return self._servicer.stored

    async def die(self, way: str, call: str, number: int) -> bool:
        """Run the agent; say whether it was killed."""
        words = strace_words(f"trace={call}", f"inject={call}:signal=SIGKILL:when={number}")
        outbox = str(self.folder / "calls.db")
        if call != NETWORK:  # not the log's index, which nobody needs after a death
            words += ["-P", outbox, "-P", f"{outbox}-wal", "-P", str(self.folder)]
        agent = await asyncio.create_subprocess_exec(
            *(*words, sys.executable, "-c", AGENT.format(way=way)),
            *(self._target, outbox, sid(1), *SAID),
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=asyncio.subprocess.PIPE,
        )
        told, _ = await agent.communicate()
        self.said = told.decode().split()
        assert agent.returncode in {0, -signal.SIGKILL}
        return agent.returncode != 0

    def accounts(self) -> Accounts:
        """Count what the outbox holds of the call."""
        with suppress(OutboxUnavailable):  # it died before there was one
            return inspect_outbox(self.folder / "calls.db").accounts
        return Accounts(0, 0, 0, 0)

    async def start_again(self) -> None:
        """Have the next process report what the outbox holds; it finds nothing twice."""
        for _ in range(2):
            async with quick_reporter(self._target, self.folder):
                if self.accounts().started:
                    await self._servicer.wait_for(lambda: bool(self.results))


@pytest.mark.chaos
@WAYS
@pytest.mark.parametrize("call", ["fdatasync", "fsync", "pwrite64", NETWORK])
async def test_f15_wherever_an_agent_dies_its_call_has_one_result(
    call: str, way: str, is_new: bool, tmp_path: Path
) -> None:
    number, has_died = 0, True
    while has_died:
        number += 1
        servicer = ScriptedResults()
        async with serving(servicer) as target:
            agent = Doomed(tmp_path / str(number), servicer, target)
            agent.folder.mkdir()
            if not is_new:
                async with quick_reporter("127.0.0.1:1", agent.folder):
                    pass
            has_died = await agent.die(way, call, number)
            started = agent.accounts().started
            await agent.start_again()
        point = f"{call} {number}"
        assert len(agent.results) == started, point
        assert started or "journalled" not in agent.said, point
        check_results(agent, point)
    assert number > 1, f"no {call} on the way"


def check_results(agent: Doomed, point: str) -> None:
    """Check what the one result says: all of it first-hand, or what had been written down."""
    for result in agent.results.values():
        turns = tuple(turn.text for turn in result.transcript)
        if result.source == pb.SOURCE_HANDLER:
            assert (result.summary, turns) == ("told first-hand", SAID), point
        else:
            assert result.source == pb.SOURCE_RECOVERED, point
            assert result.end_reason == pb.END_REASON_HANDLER_LOST, point
            assert not result.transcript_complete, point
            assert turns == SAID[: len(turns)], point
            assert "reported" not in agent.said, point
