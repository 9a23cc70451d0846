"""The delivery of results against a real server that fails in every way it can."""

import asyncio
import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from call_reporter import CallReporter, NotStarted, OutboxInUse
from ringback.v1 import call_results_pb2 as pb
from tests.integration.call_reporter_server import (
    PATIENT_S,
    ScriptedResults,
    Step,
    free_port,
    quick_reporter,
    result_of,
    serving,
    sid,
)

TOKEN = "a" * 32


def outcomes_on_disk(folder: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(folder / "calls.db")) as connection:
        return connection.execute("SELECT call_key, state FROM outcome ORDER BY seq").fetchall()


async def test_a_result_is_recorded_and_answered(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with serving(servicer) as target, quick_reporter(target, tmp_path) as reporter:
        response = await reporter.report(result_of(1, summary="done"))
        assert response is not None
        assert response.disposition == pb.DISPOSITION_STORED
        assert reporter.backlog().pending == 0
    assert [result.summary for result in servicer.reports] == ["done"]


async def test_a_report_is_signed_dated_named_and_marked(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with serving(servicer) as target:
        reporter = CallReporter(
            target, outbox=tmp_path / "calls.db", token=TOKEN, handler_instance="h1", test=True
        )
        async with reporter:
            await reporter.report(result_of(1))
    result = servicer.reports[0]
    assert ("authorization", f"Bearer {TOKEN}") in [tuple(pair) for pair in servicer.metadata]
    assert (result.handler_instance, result.test) == ("h1", True)
    assert result.source == pb.SOURCE_HANDLER
    assert result.HasField("report_time")
    assert len(result.report_id) == 32
    assert 3.0 <= servicer.deadlines[0] <= 5.0


async def test_a_result_is_committed_before_it_is_sent(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    seen: list[list[tuple[str, str]]] = []
    servicer.on_report = lambda _: seen.append(outcomes_on_disk(tmp_path))
    async with serving(servicer) as target, quick_reporter(target, tmp_path) as reporter:
        await reporter.report(result_of(1))
    assert seen == [[(sid(1), "pending")]]


async def test_an_acknowledged_row_is_kept_as_such(tmp_path: Path) -> None:
    async with serving(ScriptedResults()) as target, quick_reporter(target, tmp_path) as reporter:
        await reporter.report(result_of(1))
    assert outcomes_on_disk(tmp_path) == [(sid(1), "acknowledged")]


async def test_an_unavailable_server_is_tried_until_it_answers(tmp_path: Path) -> None:
    servicer = ScriptedResults([Step.UNAVAILABLE] * 5 + [Step.INTERNAL])
    async with serving(servicer) as target, quick_reporter(target, tmp_path) as reporter:
        response = await reporter.report(result_of(1))
    assert response is not None
    assert len(servicer.reports) == 7
    assert len({result.report_id for result in servicer.reports}) == 1


async def test_a_lost_answer_ends_as_a_duplicate(tmp_path: Path) -> None:
    servicer = ScriptedResults([Step.LOSE_ANSWER])
    async with serving(servicer) as target, quick_reporter(target, tmp_path) as reporter:
        response = await reporter.report(result_of(1))
    assert response is not None
    assert response.disposition == pb.DISPOSITION_DUPLICATE
    assert len(servicer.stored) == 1


async def test_a_server_slower_than_the_deadline_is_tried_again(tmp_path: Path) -> None:
    servicer = ScriptedResults([Step.HANG])
    async with (
        serving(servicer) as target,
        quick_reporter(target, tmp_path, report_deadline_s=0.1) as reporter,
    ):
        response = await reporter.report(result_of(1))
    assert response is not None
    assert len(servicer.reports) >= 2


async def test_the_wait_for_the_answer_is_bounded(tmp_path: Path) -> None:
    servicer = ScriptedResults([Step.HANG])
    async with (
        serving(servicer) as target,
        quick_reporter(
            target, tmp_path, ack_wait_s=0.05, report_deadline_s=2 * PATIENT_S
        ) as reporter,
    ):
        async with asyncio.timeout(PATIENT_S):
            assert await reporter.report(result_of(1)) is None
        await servicer.wait_for(lambda: not servicer.script)
        assert reporter.backlog().pending == 1


async def test_results_reach_a_server_that_starts_later(tmp_path: Path) -> None:
    port, servicer = free_port(), ScriptedResults()
    async with quick_reporter(f"127.0.0.1:{port}", tmp_path, ack_wait_s=0.05) as reporter:
        assert await reporter.report(result_of(1)) is None
        async with serving(servicer, port):
            await servicer.wait_for(lambda: len(servicer.stored) == 1)


async def test_what_was_not_delivered_goes_after_the_next_start(tmp_path: Path) -> None:
    async with quick_reporter(f"127.0.0.1:{free_port()}", tmp_path, ack_wait_s=0.01) as reporter:
        for number in range(3):
            await reporter.report(result_of(number))
    servicer = ScriptedResults()
    async with serving(servicer) as target, quick_reporter(target, tmp_path):
        await servicer.wait_for(lambda: len(servicer.stored) == 3)
    assert [len(batch) for batch in servicer.batches] == [3]
    assert servicer.reports == []


async def test_a_refused_result_becomes_a_dead_letter_and_is_not_sent_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    servicer = ScriptedResults()
    async with serving(servicer) as target, quick_reporter(target, tmp_path) as reporter:
        assert await reporter.report(result_of(1, summary="poison")) is None
        assert reporter.backlog().dead_letters == 1
    async with serving(servicer) as target, quick_reporter(target, tmp_path) as reporter:
        assert reporter.backlog().dead_letters == 1
        await reporter.report(result_of(2))
    assert [result.summary for result in servicer.reports] == ["poison", ""]
    assert "report_refused" in caplog.text


async def test_f29_one_poison_row_never_blocks_a_backlog(tmp_path: Path) -> None:
    async with quick_reporter(f"127.0.0.1:{free_port()}", tmp_path, ack_wait_s=0.01) as reporter:
        for number in range(5):
            await reporter.report(result_of(number, summary="poison" if number == 0 else "good"))
    servicer = ScriptedResults()
    async with serving(servicer) as target, quick_reporter(target, tmp_path) as reporter:
        await asyncio.gather(*[reporter.report(result_of(number)) for number in range(5)])
        assert reporter.backlog().dead_letters == 1
        assert reporter.backlog().pending == 0


async def test_a_row_that_the_server_trips_over_never_blocks_a_backlog(tmp_path: Path) -> None:
    async with quick_reporter(f"127.0.0.1:{free_port()}", tmp_path, ack_wait_s=0.01) as reporter:
        for number in range(5):
            await reporter.report(result_of(number, summary="crash" if number == 0 else "good"))
    servicer = ScriptedResults()
    async with serving(servicer) as target, quick_reporter(target, tmp_path) as reporter:
        await asyncio.gather(*[reporter.report(result_of(number)) for number in range(1, 5)])
        assert (reporter.backlog().dead_letters, reporter.backlog().pending) == (0, 1)
    assert len(servicer.stored) == 4


async def test_batches_that_are_too_much_become_smaller(tmp_path: Path) -> None:
    async with quick_reporter(f"127.0.0.1:{free_port()}", tmp_path, ack_wait_s=0.0) as reporter:
        await asyncio.gather(*[reporter.report(result_of(number)) for number in range(900)])
    servicer = ScriptedResults([Step.RESOURCE_EXHAUSTED, Step.DEADLINE_EXCEEDED])
    async with serving(servicer) as target, quick_reporter(target, tmp_path):
        await servicer.wait_for(lambda: len(servicer.stored) == 900)
    assert [len(batch) for batch in servicer.batches] == [900, 500, 250, 500, 150]


async def test_a_server_that_hangs_at_a_batch_is_left_at_the_deadline(tmp_path: Path) -> None:
    async with quick_reporter(f"127.0.0.1:{free_port()}", tmp_path, ack_wait_s=0.0) as reporter:
        await asyncio.gather(*[reporter.report(result_of(number)) for number in range(3)])
    servicer = ScriptedResults([Step.HANG])
    async with serving(servicer) as target, quick_reporter(target, tmp_path, batch_deadline_s=0.2):
        await servicer.wait_for(lambda: len(servicer.stored) == 3)


async def test_a_backlog_goes_in_batches_of_at_most_a_mebibyte(tmp_path: Path) -> None:
    async with quick_reporter(f"127.0.0.1:{free_port()}", tmp_path, ack_wait_s=0.0) as reporter:
        texts = [pb.TranscriptTurn(role=pb.ROLE_CALLEE, text="x" * 4_000)] * 60
        for number in range(6):
            result = result_of(number)
            result.transcript.extend(texts)
            await reporter.report(result)
    servicer = ScriptedResults()
    async with serving(servicer) as target, quick_reporter(target, tmp_path):
        await servicer.wait_for(lambda: len(servicer.stored) == 6)
    assert [len(batch) for batch in servicer.batches] == [4, 2]


@pytest.mark.parametrize(
    "step", [Step.UNIMPLEMENTED, Step.INTERNAL, Step.UNAVAILABLE, Step.LOSE_ANSWER]
)
async def test_a_batch_that_fails_loses_nothing(tmp_path: Path, step: Step) -> None:
    async with quick_reporter(f"127.0.0.1:{free_port()}", tmp_path, ack_wait_s=0.0) as reporter:
        for number in range(3):
            await reporter.report(result_of(number))
    servicer = ScriptedResults([step])
    async with serving(servicer) as target, quick_reporter(target, tmp_path) as reporter:
        await reporter.report(result_of(9))
        await asyncio.gather(*[reporter.report(result_of(number)) for number in range(3)])
    assert len(servicer.stored) == 4


async def test_of_two_results_of_one_call_the_first_stands(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with serving(servicer) as target, quick_reporter(target, tmp_path) as reporter:
        await reporter.report(result_of(1, summary="first"))
        second = await reporter.report(result_of(1, summary="second"))
        assert second is not None
        assert second.disposition == pb.DISPOSITION_DUPLICATE
    assert [result.summary for result in servicer.reports] == ["first"]


async def test_a_revision_is_sent_beside_the_first_result(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with serving(servicer) as target, quick_reporter(target, tmp_path) as reporter:
        await reporter.report(result_of(1, summary="first"))
        assert await reporter.revise(result_of(1, summary="later")) is not None
    assert [result.summary for result in servicer.reports] == ["first", "later"]


async def test_a_cancelled_caller_loses_nothing(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with serving(servicer) as target, quick_reporter(target, tmp_path) as reporter:
        caller = asyncio.create_task(reporter.report(result_of(1)))
        asyncio.get_running_loop().call_soon(caller.cancel)
        with pytest.raises(asyncio.CancelledError):
            await caller
        await servicer.wait_for(lambda: len(servicer.stored) == 1)


async def test_many_reports_at_once_are_each_sent_once(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with serving(servicer) as target, quick_reporter(target, tmp_path) as reporter:
        responses = await asyncio.gather(*[reporter.report(result_of(n)) for n in range(300)])
        assert reporter.backlog().pending == 0
    sent = len(servicer.reports) + sum(len(batch) for batch in servicer.batches)
    assert all(response is not None for response in responses)
    assert sent == len(servicer.stored) == 300


async def test_two_reporters_never_share_an_outbox(tmp_path: Path) -> None:
    async with serving(ScriptedResults()) as target, quick_reporter(target, tmp_path):
        with pytest.raises(OutboxInUse, match="an outbox of its own"):
            await quick_reporter(target, tmp_path).start()


async def test_a_reporter_that_is_not_started_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotStarted, match="async with"):
        await quick_reporter("127.0.0.1:1", tmp_path).report(result_of(1))


async def test_a_plaintext_client_of_a_tls_port_is_told_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"\x15\x03\x03\x00\x02\x02\x46")  # TLS alert: fatal, protocol version
        writer.close()
        hint.set()

    hint = asyncio.Event()
    listener = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    with caplog.at_level(logging.WARNING, "call_reporter"):
        async with (
            listener,
            quick_reporter(f"127.0.0.1:{port}", tmp_path, ack_wait_s=1) as reporter,
        ):
            assert await reporter.report(result_of(1)) is None
            await hint.wait()
    assert "maybe_tls" in caplog.text
