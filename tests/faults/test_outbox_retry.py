"""F45, F46: the Orchestrator's database was lost or restored; the outbox's last day fills the gap.

`ringback outbox` runs beside the reporter that holds the file.
"""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from call_reporter import CallReporter
from ringback_cli.main import main
from tests.faults.reports_rig import Pauses, judge, list_all, replica, reporter_to, result_number
from tests.fresh_file import fresh_database
from tests.integration.call_reporter_server import (
    ScriptedResults,
    quick_reporter,
    result_of,
    serving,
)
from tests.postgres import ScriptedDatabase

Run = Callable[..., Awaitable[tuple[int, str, str]]]
COUNT = 6


@pytest.fixture
def outbox(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `ringback outbox ...`; return its exit code, stdout and stderr."""

    async def run(*arguments: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()  # what the servers logged
        code = await asyncio.to_thread(main, ["outbox", *map(str, arguments)])
        return code, *capsys.readouterr()

    return run


def last_json(said: str) -> dict[str, object]:
    """Read the last line; those before it are the log of the servers in this process."""
    answer: dict[str, object] = json.loads(said.splitlines()[-1])
    return answer


async def report_all(reporter: CallReporter) -> None:
    for number in range(COUNT):
        assert await reporter.report(result_number(number)) is not None


async def test_f45_a_new_database_gets_the_last_day_from_the_outbox(
    outbox: Run, tmp_path: Path
) -> None:
    async with (
        replica(fresh_database(tmp_path / "corrupt.db")) as lost,
        reporter_to(lost.server.port, tmp_path, Pauses()) as reporter,
    ):
        await report_all(reporter)
        async with replica(fresh_database(tmp_path / "new.db")) as new:
            retry = ("retry", "--since", "24h", "--to", f"127.0.0.1:{new.server.port}")
            code, said, _ = await outbox(*retry, tmp_path / "calls.db")
            assert (code, said.endswith(f"{COUNT} results sent: {COUNT} stored\n")) == (0, True)
            code, said, _ = await outbox(*retry, "--json", tmp_path / "calls.db")
            assert last_json(said)["duplicate"] == COUNT
            await judge(new.store, range(COUNT))


async def test_f46_what_a_failover_lost_is_there_after_a_retry(
    outbox: Run, tmp_path: Path, database: ScriptedDatabase | None
) -> None:
    url = database.url if database else fresh_database(tmp_path / "ringback.db")
    half = COUNT // 2
    async with replica(url) as server, reporter_to(server.server.port, tmp_path, Pauses()) as early:
        for number in range(half):
            await early.report(result_number(number))
    dump = database.dump() if database else (tmp_path / "ringback.db").read_bytes()
    async with replica(url) as server, reporter_to(server.server.port, tmp_path, Pauses()) as late:
        for number in range(half, COUNT):
            await late.report(result_number(number))
    if isinstance(dump, bytes):
        (tmp_path / "ringback.db").write_bytes(dump)
    elif database:
        database.restore(dump)
    async with replica(url) as server:
        assert len(await list_all(server.store)) == half
        to = f"127.0.0.1:{server.server.port}"
        for told in ({"stored": half, "duplicate": half}, {"duplicate": COUNT}):
            code, said, _ = await outbox("retry", "--json", "--to", to, tmp_path / "calls.db")
            answer = last_json(said)
            assert code == 0
            assert {word: answer[word] for word in told} == told
        await judge(server.store, range(COUNT))


async def test_a_dead_letter_is_listed_and_goes_once_the_server_takes_it(
    outbox: Run, tmp_path: Path
) -> None:
    servicer, path = ScriptedResults(), tmp_path / "calls.db"
    async with serving(servicer) as target, quick_reporter(target, tmp_path) as reporter:
        assert await reporter.report(result_of(1, summary="poison")) is None
        assert await reporter.report(result_of(2)) is not None
        call = reporter.call(result_of(3).call_sid)
        async with call:
            code, listed, _ = await outbox("list", path)
        assert code == 0
        assert "3 calls: 1 running, 0 pending, 1 acknowledged, 1 dead" in listed
        assert "no poison" in listed
        assert "in use by process" in listed

        code, said, _ = await outbox("retry", "--to", target, path)
        assert (code, said.count("refused")) == (1, 1)
        servicer.dislikes = "nothing"
        code, said, _ = await outbox("retry", "--to", target, path)
        assert code == 0
        _, listed, _ = await outbox("list", "--json", path)
        assert json.loads(listed)["dead_letters"] == []
    assert {each.summary for each in servicer.stored.values()} >= {"poison"}


async def test_a_retry_begins_where_it_is_told_to(outbox: Run, tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with serving(servicer) as target, quick_reporter(target, tmp_path) as reporter:
        await reporter.report(result_of(1))
        code, said, _ = await outbox(
            "retry", "--since", "2999-01-01", "--to", target, tmp_path / "calls.db"
        )
    assert (code, "nothing was written since 2999-01-01 00:00:00Z" in said) == (0, True)
    assert servicer.batches == []


async def test_a_server_that_does_not_answer_is_named(outbox: Run, tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with serving(servicer) as target, quick_reporter(target, tmp_path) as reporter:
        await reporter.report(result_of(1))
    code, _, said = await outbox("retry", "--to", "127.0.0.1:1", tmp_path / "calls.db")
    assert (code, "127.0.0.1:1 does not answer" in said) == (1, True)


async def test_a_file_that_is_missing_or_damaged_is_said_to_be(
    outbox: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGBACK_DATA_DIR", str(tmp_path))
    code, _, said = await outbox("list")
    assert (code, "there is no outbox at" in said) == (1, True)
    (tmp_path / "handler-outbox.db").write_bytes(b"garbage" * 1_000)
    code, said, _ = await outbox("list")
    assert (code, "damaged: " in said) == (1, True)
    code, _, said = await outbox("retry", tmp_path / "handler-outbox.db")
    assert (code, "start its reporter, which takes its good rows over" in said) == (1, True)


async def test_an_outbox_whose_process_died_before_its_first_row_is_an_empty_one(
    outbox: Run, tmp_path: Path
) -> None:
    (tmp_path / "calls.db").touch()
    code, said, _ = await outbox("list", tmp_path / "calls.db")
    assert (code, "0 calls:" in said) == (0, True)
    code, said, _ = await outbox("retry", "--to", "127.0.0.1:1", tmp_path / "calls.db")
    assert (code, "nothing was written since" in said) == (0, True)


async def test_a_number_that_another_process_has_by_now_holds_no_outbox(
    outbox: Run, tmp_path: Path
) -> None:
    async with quick_reporter("127.0.0.1:1", tmp_path):
        _, said, _ = await outbox("list", tmp_path / "calls.db")
        assert f"in use by process {os.getpid()}" in said
    assert (tmp_path / "calls.db.lock").read_text() == str(os.getpid())
    _, said, _ = await outbox("list", tmp_path / "calls.db")
    assert "not in use" in said


@pytest.mark.parametrize("since", ["24", "yesterday", "999999d", "-1h", "2026-13-01"])
async def test_a_span_that_is_none_is_wrong_use(since: str, outbox: Run) -> None:
    with pytest.raises(SystemExit) as ended:
        await outbox("retry", f"--since={since}")
    assert ended.value.code == 2
