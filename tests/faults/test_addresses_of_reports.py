"""F39, F24: a reporter with two addresses when one dies, and one that stops when both are dead."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from call_reporter import CallReporter, ReporterOptions
from call_reporter.outbox.inspection import inspect_outbox
from tests.integration.call_reporter_server import (
    ScriptedResults,
    Step,
    free_port,
    quick_reporter,
    result_of,
    serving,
    sid,
)
from tests.integration.scripted_carrier import carrier
from tests.integration.test_drain import call_handler

NOWHERE = "127.0.0.1:1"
ACK_WAIT_S = 0.1
# Far more than a close takes on a slow machine, and far less than what it must not wait for.
CLOSE_S, DEADLINE_S = 15.0, 60.0
EACH = 10


async def test_f39_when_one_of_two_addresses_dies_reports_go_on_at_the_other(
    tmp_path: Path,
) -> None:
    one, other = ScriptedResults(), ScriptedResults()
    async with serving(other) as living, AsyncExitStack() as doomed:
        dying = await doomed.enter_async_context(serving(one))
        async with quick_reporter(f"ipv4:{dying},{living}", tmp_path) as reporter:
            sent = 0
            async with asyncio.timeout(30):
                while not (one.reports and other.reports):  # both are connected, and take turns
                    assert await reporter.report(result_of(sent)) is not None
                    sent += 1
            await doomed.aclose()
            for number in range(sent, sent + EACH):
                assert await reporter.report(result_of(number)) is not None
            assert reporter.backlog().pending == 0
    told = [result.call_sid for each in (one, other) for result in each.stored.values()]
    assert sorted(told) == [sid(number) for number in range(sent + EACH)]


async def test_f39_an_address_that_comes_back_is_used_again(tmp_path: Path) -> None:
    port, one, other = free_port(), ScriptedResults(), ScriptedResults()
    async with serving(other) as living:
        targets = f"ipv4:127.0.0.1:{port},{living}"
        async with quick_reporter(targets, tmp_path) as reporter:
            assert await reporter.report(result_of(1)) is not None
            async with serving(one, port), asyncio.timeout(30):
                number = 1
                while not one.reports:
                    number += 1
                    assert await reporter.report(result_of(number)) is not None
    assert len(one.stored) + len(other.stored) == number


@pytest.mark.parametrize("is_frozen", [False, True], ids=["dead", "frozen"])
async def test_f24_a_reporter_that_stops_waits_no_longer_than_for_one_acknowledgement(
    tmp_path: Path, is_frozen: bool
) -> None:
    servicer, port = ScriptedResults([Step.HANG] * 2 if is_frozen else []), free_port()
    async with AsyncExitStack() as stack:
        if is_frozen:
            await stack.enter_async_context(serving(servicer, port))
        reporter = quick_reporter(
            f"127.0.0.1:{port}", tmp_path, ACK_WAIT_S, report_deadline_s=DEADLINE_S
        )
        await reporter.start()
        assert await reporter.report(result_of(1)) is None
        under_way = asyncio.create_task(reporter.report(result_of(2)))
        await asyncio.sleep(0)  # it has begun
        async with asyncio.timeout(CLOSE_S):
            await reporter.close()
        assert await under_way is None
        servicer.script.clear()  # on a slow machine the second did not get that far
    assert inspect_outbox(tmp_path / "calls.db").accounts.pending == 2


@pytest.mark.chaos
async def test_f24_a_handler_stops_although_its_reports_wait_for_a_dead_orchestrator(
    tmp_path: Path,
) -> None:
    outbox = tmp_path / "handler-outbox.db"
    options = ReporterOptions(ballast_bytes=0)
    async with CallReporter(NOWHERE, outbox=outbox, ack_wait_s=0.01, options=options) as earlier:
        for number in range(EACH):
            assert await earlier.report(result_of(number)) is None
    async with carrier() as (book, _), call_handler(tmp_path, book.url) as program:
        program.signal()
        async with asyncio.timeout(CLOSE_S):
            assert (await program.end())[0] == 0
    assert inspect_outbox(outbox).accounts.pending == EACH
