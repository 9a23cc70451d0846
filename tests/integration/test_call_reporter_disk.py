"""Results that a full disk does not take: delivered all the same, or said to be in danger."""

import asyncio
import os
import sqlite3
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from call_reporter import CallReporter, OutboxFull
from tests.integration.call_reporter_server import (
    ScriptedResults,
    Step,
    free_port,
    quick_reporter,
    result_of,
    serving,
)

AGENT = Path(__file__).parents[2] / "docs" / "examples" / "agent.py"


async def fill_disk(reporter: CallReporter) -> None:
    """Let the outbox's file grow no more, as a full disk would."""

    def write(connection: sqlite3.Connection) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    await reporter._outbox._open_writer.submit(write)  # noqa: SLF001 - the disk itself has no door


async def test_f40_a_result_that_the_disk_does_not_take_is_delivered_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    servicer = ScriptedResults([Step.UNAVAILABLE])
    async with serving(servicer) as target, quick_reporter(target, tmp_path) as reporter:
        await fill_disk(reporter)
        response = await reporter.report(result_of(1, summary="x" * 4_000 + "y" * 4_000))
    assert response is not None
    assert "report_not_durable" in caplog.text


async def test_f40_a_result_that_is_neither_written_nor_delivered_is_an_error_and_goes_on(
    tmp_path: Path,
) -> None:
    port, servicer = free_port(), ScriptedResults()
    async with quick_reporter(f"127.0.0.1:{port}", tmp_path, ack_wait_s=0.05) as reporter:
        await fill_disk(reporter)
        with pytest.raises(OutboxFull):
            await reporter.report(result_of(1, summary="x" * 8_000))
        async with serving(servicer, port):
            await servicer.wait_for(lambda: len(servicer.stored) == 1)


async def test_an_agent_whose_outbox_is_in_use_says_so_in_a_line_and_exits_with_2(
    tmp_path: Path,
) -> None:
    words = (sys.executable, str(AGENT), "127.0.0.1:1", str(tmp_path / "calls.db"), "0")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    async with quick_reporter("127.0.0.1:1", tmp_path):
        agent = await asyncio.create_subprocess_exec(*words, stderr=PIPE, env=environment)
        _, told = await agent.communicate()
    assert agent.returncode == 2
    assert told.decode().startswith("cannot start: the outbox ")
    assert len(told.splitlines()) == 1
