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
from orchestrator.call_results import count_orphans
from orchestrator.store import Store, schema
from ringback.v1 import call_results_pb2 as pb
from ringback_cli.main import main
from tests.faults.reports_rig import Pauses, judge, list_all, replica, reporter_to, result_number
from tests.fresh_file import fresh_database
from tests.integration.call_reporter_server import (
    ScriptedResults,
    quick_reporter,
    result_of,
    serving,
)
from tests.postgres import Dump, ScriptedDatabase
from tests.rig import call_sid
from tests.rows_rig import CALL, add_call, rows_of

Copy = bytes | Dump
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


def copy_of(database: ScriptedDatabase | None, folder: Path) -> Copy:
    """Back up the database that no server has open."""
    return database.dump() if database else (folder / "ringback.db").read_bytes()


def put_back(copy: Copy, database: ScriptedDatabase | None, folder: Path) -> None:
    """Lose all that was written since the copy was made."""
    if isinstance(copy, bytes):
        (folder / "ringback.db").write_bytes(copy)
    elif database:
        database.restore(copy)


async def confirm(store: Store, number: int) -> None:
    """Commit the row of a call of our own."""
    await add_call(store, call_id=own_id(number), call_sid=call_sid(number), attempt=number)


def own_id(number: int) -> str:
    return CALL[:-1] + str(number)


def own_result(number: int) -> pb.CallResult:
    result = result_number(number)
    result.call_id = own_id(number)
    return result


async def shown(store: Store) -> list[tuple[str, str, int]]:
    """List what is shown of our own calls: call_id, what was told, revision."""
    return [(each.call_id, each.summary, each.revision) for each in await list_all(store)]


def as_shown(*numbers: int) -> list[tuple[str, str, int]]:
    """List what has to be shown of these calls: each once, as its Call Handler told it."""
    return [(own_id(number), own_result(number).summary, 1) for number in numbers]


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
    dump = copy_of(database, tmp_path)
    async with replica(url) as server, reporter_to(server.server.port, tmp_path, Pauses()) as late:
        for number in range(half, COUNT):
            await late.report(result_number(number))
    put_back(dump, database, tmp_path)
    async with replica(url) as server:
        assert len(await list_all(server.store)) == half
        to = f"127.0.0.1:{server.server.port}"
        for told in ({"stored": half, "duplicate": half}, {"duplicate": COUNT}):
            code, said, _ = await outbox("retry", "--json", "--to", to, tmp_path / "calls.db")
            answer = last_json(said)
            assert code == 0
            assert {word: answer[word] for word in told} == told
        await judge(server.store, range(COUNT))


async def test_f46_of_our_own_calls_those_come_back_whose_row_the_dump_has(
    outbox: Run, tmp_path: Path, database: ScriptedDatabase | None
) -> None:
    url = database.url if database else fresh_database(tmp_path / "ringback.db")
    async with replica(url) as server:
        await confirm(server.store, 1)
    dump = copy_of(database, tmp_path)
    async with replica(url) as server, reporter_to(server.server.port, tmp_path, Pauses()) as late:
        await confirm(server.store, 2)
        for number in (1, 2):
            await late.report(own_result(number))
        assert sorted(await shown(server.store)) == as_shown(1, 2)
    put_back(dump, database, tmp_path)
    async with replica(url) as server:
        retry = ("retry", "--to", f"127.0.0.1:{server.server.port}", tmp_path / "calls.db")
        for told in ("1 orphan, 1 stored", "1 duplicate, 1 orphan"):
            code, said, _ = await outbox(*retry)
            assert (code, f"2 results sent: {told}\n  1 of them name" in said) == (1, True), said
            assert await shown(server.store) == as_shown(1)
        assert await server.store.read(count_orphans) == 1
        events = [row["kind"] for row in await rows_of(server.store, schema.event)]
        assert events.count("result") == 1
        # A newer backup turned up after all.
        await confirm(server.store, 2)
        code, said, _ = await outbox(*retry)
        assert (code, said.endswith("2 results sent: 2 duplicate\n")) == (0, True), said
        assert sorted(await shown(server.store)) == as_shown(1, 2)
        assert await server.store.read(count_orphans) == 0


async def test_f45_an_empty_database_shows_none_of_our_own_calls_and_the_command_says_so(
    outbox: Run, tmp_path: Path, database: ScriptedDatabase | None
) -> None:
    url = database.url if database else fresh_database(tmp_path / "ringback.db")
    empty = copy_of(database, tmp_path)
    async with (
        replica(url) as lost,
        reporter_to(lost.server.port, tmp_path, Pauses()) as reporter,
    ):
        for number in range(1, 4):
            await confirm(lost.store, number)
            await reporter.report(own_result(number))
        await reporter.report(result_number(9))
    put_back(empty, database, tmp_path)
    async with replica(url) as new:
        retry = ("retry", "--to", f"127.0.0.1:{new.server.port}", tmp_path / "calls.db")
        code, said, _ = await outbox(*retry)
        words = "3 of them name calls that this database never made: kept, not shown as calls\n"
        assert (code, said.endswith(f"4 results sent: 3 orphan, 1 stored\n  {words}")) == (1, True)
        assert [each.call_sid for each in await list_all(new.store)] == [call_sid(9)]
        assert len(await rows_of(new.store, schema.report)) == 4
        assert await new.store.read(count_orphans) == 3


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
