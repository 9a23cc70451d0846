"""F16, F40, F43, F49: a death before the report, a short disk, a file that is gone, a stall."""

import asyncio
import shutil
import signal
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from call_reporter import OutboxBroken, OutboxFull, OutboxUnavailable
from call_reporter.outbox.inspection import inspect_outbox
from ringback.v1 import call_results_pb2 as pb
from tests.integration.call_reporter_server import (
    ScriptedResults,
    quick_reporter,
    result_of,
    serving,
    sid,
)
from tests.unit.call_reporter.outbox_bench import opened, outcome, waiting_in

NOWHERE = "127.0.0.1:1"
TOO_MUCH = 1 << 52
DOOMED = """
import asyncio, os, signal, sys
from call_reporter import CallReporter, ReporterOptions

def die(name):
    if name == "report.after_put":
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    options = ReporterOptions(failpoint=die, ballast_bytes=0)
    async with CallReporter("127.0.0.1:1", outbox=sys.argv[1], options=options) as reporter:
        async with reporter.call("CA" + "0" * 31 + "1") as call:
            call.turn("callee", "Luigi's, hello?")
            call.finish(summary="told first-hand")

asyncio.run(main())
"""


def count_turns(reader: sqlite3.Connection) -> int:
    """Count the turns that are on the disk."""
    return int(reader.execute("SELECT count(*) FROM turn").fetchone()[0])


async def only_result(folder: Path) -> pb.CallResult:
    """Start a reporter on the files and return the one result that it delivers."""
    servicer = ScriptedResults()
    async with serving(servicer) as target, quick_reporter(target, folder):
        await servicer.wait_for(lambda: len(servicer.reports) == 1)
    return servicer.reports[0]


async def test_f16_a_written_outcome_is_reported_first_hand_after_the_next_start(
    tmp_path: Path,
) -> None:
    killed = tmp_path / "killed"
    async with quick_reporter(NOWHERE, tmp_path, ack_wait_s=0.01) as reporter:
        async with reporter.call(sid(1)) as call:
            call.finish(summary="told first-hand")
        await asyncio.to_thread(shutil.copytree, tmp_path, killed)
    result = await only_result(killed)
    assert (result.summary, result.source) == ("told first-hand", pb.SOURCE_HANDLER)


@pytest.mark.chaos
async def test_f16_an_agent_killed_behind_its_outcome_reports_it_first_hand(
    tmp_path: Path,
) -> None:
    path = str(tmp_path / "calls.db")
    agent = await asyncio.create_subprocess_exec(sys.executable, "-c", DOOMED, path)
    assert await agent.wait() == -signal.SIGKILL
    result = await only_result(tmp_path)
    assert (result.summary, result.source) == ("told first-hand", pb.SOURCE_HANDLER)
    assert [turn.text for turn in result.transcript] == ["Luigi's, hello?"]


async def test_f40_without_the_space_for_running_calls_no_order_is_taken(tmp_path: Path) -> None:
    async with opened(tmp_path, ballast_bytes=TOO_MUCH) as outbox:
        with pytest.raises(OutboxFull, match="no new calls"):
            await outbox.remember_order("new", b"order")
        with pytest.raises(OutboxFull, match="no new calls"):
            await outbox.check_space()
        await outbox.put_outcome("a", outcome(1))
        assert await waiting_in(outbox) == ["summary 1"]


async def test_a_reporter_in_good_health_says_of_no_trouble(tmp_path: Path) -> None:
    async with quick_reporter(NOWHERE, tmp_path) as reporter:
        assert await reporter.trouble() == ""


async def test_f43_an_outbox_deleted_in_a_call_ends_orders_and_loses_no_result(
    tmp_path: Path,
) -> None:
    servicer = ScriptedResults()
    async with serving(servicer) as target, quick_reporter(target, tmp_path) as reporter:
        async with reporter.call(sid(1)) as call:
            call.turn("callee", "Luigi's, hello?")
            (tmp_path / "calls.db").unlink()
            with pytest.raises(OutboxBroken, match="deleted"):
                await reporter.remember_order("new", b"order")
            call.finish(summary="told first-hand")
            assert "deleted" in await reporter.trouble()
        assert [each.summary for each in servicer.reports] == ["told first-hand"]
    assert [turn.text for turn in servicer.reports[0].transcript] == ["Luigi's, hello?"]


async def test_f49_a_turn_is_written_down_while_the_loop_stands_still(tmp_path: Path) -> None:
    reporter = quick_reporter(NOWHERE, tmp_path, ack_wait_s=0.01)
    async with reporter, reporter.call(sid(1)) as call:
        call.turn("callee", "Luigi's, hello?")
        give_up_at = time.monotonic() + 5
        with closing(sqlite3.connect(tmp_path / "calls.db")) as reader:
            while count_turns(reader) == 0:  # nothing is awaited: no other task runs
                assert time.monotonic() < give_up_at


async def test_a_file_that_somebody_holds_for_a_while_is_written_again_afterwards(
    tmp_path: Path,
) -> None:
    def be_impatient(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA busy_timeout = 0")

    async with opened(tmp_path) as outbox:
        await outbox._open_writer.submit(be_impatient)  # noqa: SLF001 - it would wait 5 s
        with closing(sqlite3.connect(tmp_path / "calls.db", isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            with pytest.raises(OutboxUnavailable, match="locked"):
                await outbox.put_outcome("a", outcome(1))
        assert (await outbox.put_outcome("a", outcome(1))).is_new


async def test_i11_every_started_call_is_in_one_account(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with serving(servicer) as target, quick_reporter(target, tmp_path) as reporter:
        await reporter.remember_order("ordered only", b"order")
        await reporter.report(result_of(1))
        await reporter.report(result_of(2, summary="poison"))
        async with reporter.call(sid(3)):
            accounts = inspect_outbox(tmp_path / "calls.db").accounts
    assert (accounts.running, accounts.dead, accounts.started) == (1, 1, 3)
    assert result_of(1).call_sid in {each.call_sid for each in servicer.stored.values()}
