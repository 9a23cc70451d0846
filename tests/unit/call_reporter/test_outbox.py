"""The outbox: what is durable when, which word stands, and what is forgotten."""

import asyncio
import sqlite3
import stat
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from call_reporter import OutboxFull, OutboxUnavailable
from call_reporter.outbox import Outbox
from call_reporter.outbox.rows import find_runs
from ringback.v1 import call_results_pb2 as pb
from tests.rig import JumpyClock
from tests.unit.call_reporter.outbox_bench import SetClock, opened, outcome, waiting_in


def count_rows(folder: Path, table: str) -> int:
    with closing(sqlite3.connect(folder / "calls.db")) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - a name of this file


def modes_in(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def recover(
    draft: pb.CallResult, turns: Sequence[pb.TranscriptTurn], was_claimed: bool
) -> pb.CallResult:
    summary = f"{[turn.text for turn in turns]} {was_claimed}"
    return pb.CallResult(call_sid=draft.call_sid, summary=summary, report_id="recovered")


async def limit_pages(outbox: Outbox, pages: int) -> None:
    """Let the file grow by `pages` from now on, as a full disk would."""

    def write(connection: sqlite3.Connection) -> None:
        now = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {now + pages}")

    await outbox._open_writer.submit(write)  # noqa: SLF001 - the disk itself has no door


async def test_an_outcome_is_on_the_disk_when_put_returns(tmp_path: Path) -> None:
    async with opened(tmp_path) as outbox:
        put = await outbox.put_outcome("a", outcome(1))
        assert put.is_new
        assert count_rows(tmp_path, "outcome") == 1


async def test_the_commit_is_synced_to_the_disk(tmp_path: Path) -> None:
    async with opened(tmp_path) as outbox:
        asked = await outbox._open_writer.submit(  # noqa: SLF001 - the product's own connection is asked
            lambda connection: [
                connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("synchronous", "journal_mode")
            ]
        )
    assert asked == [2, "wal"]


async def test_of_two_outcomes_the_first_stands(tmp_path: Path) -> None:
    async with opened(tmp_path) as outbox:
        first = await outbox.put_outcome("a", outcome(1, text="first"))
        second = await outbox.put_outcome("a", outcome(1, text="second", report_id="other"))
        assert not second.is_new
        assert second.seq == first.seq
        assert await waiting_in(outbox) == ["first"]


async def test_of_outcomes_at_the_same_moment_one_stands(tmp_path: Path) -> None:
    async with opened(tmp_path) as outbox:
        puts = await asyncio.gather(
            *[outbox.put_outcome("a", outcome(1, report_id=str(n))) for n in range(20)]
        )
        assert [put.is_new for put in puts].count(True) == 1
        assert outbox.backlog().pending == 1


async def test_a_revision_stands_beside_the_outcome_and_only_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as outbox:
        await outbox.put_outcome("a", outcome(1, text="first"))
        later = outcome(1, text="later", report_id="later")
        assert (await outbox.put_outcome("a", later, is_first=False)).is_new
        assert not (await outbox.put_outcome("a", later, is_first=False)).is_new
        assert await waiting_in(outbox) == ["first", "later"]


async def test_an_acknowledged_outcome_is_not_listed_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as outbox:
        put = await outbox.put_outcome("a", outcome(1))
        outbox.acknowledge([put.seq])
        assert await waiting_in(outbox) == []
        again = await outbox.put_outcome("a", outcome(1))
        assert again.seq == put.seq
        assert await outbox.is_settled(put.seq)
    async with opened(tmp_path) as outbox:
        assert outbox.backlog().pending == 0


async def test_a_dead_letter_is_counted_and_stays(tmp_path: Path) -> None:
    async with opened(tmp_path) as outbox:
        put = await outbox.put_outcome("a", outcome(1))
        outbox.bury(put.seq, "call_sid: bad")
    async with opened(tmp_path) as outbox:
        assert (outbox.backlog().pending, outbox.backlog().dead_letters) == (0, 1)
        assert await waiting_in(outbox) == []


async def test_a_lost_call_is_recovered_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as outbox:
        await outbox.start_call("o1", "a", outcome(1))
        outbox.put_turn("o1", 0, pb.TranscriptTurn(text="hello"))
        outbox.put_turn("o1", 0, pb.TranscriptTurn(text="hello there"))
        outbox.mark_claimed("o1")
    async with opened(tmp_path) as outbox:
        assert [each.summary for each in await outbox.recover(recover)] == ["['hello there'] True"]
        assert await outbox.recover(recover) == []
        assert outbox.backlog().pending == 1


async def test_a_finished_a_refused_and_an_ordered_call_are_not_recovered(tmp_path: Path) -> None:
    async with opened(tmp_path) as outbox:
        await outbox.start_call("o1", "a", outcome(1))
        await outbox.put_outcome("a", outcome(1))
        await outbox.start_call("o2", "b", outcome(2))
        outbox.mark_refused("o2")
        await outbox.remember_order("c", b"")
    async with opened(tmp_path) as outbox:
        assert await outbox.recover(recover) == []


async def test_of_two_openings_of_a_lost_call_the_claimed_one_is_recovered(tmp_path: Path) -> None:
    async with opened(tmp_path) as outbox:
        await outbox.start_call("o1", "a", outcome(1))
        await outbox.start_call("o2", "a", outcome(2))
        outbox.mark_claimed("o2")
    async with opened(tmp_path) as outbox:
        (result,) = await outbox.recover(recover)
    assert result.call_sid == outcome(2).call_sid


async def test_what_was_acknowledged_long_ago_is_forgotten(tmp_path: Path) -> None:
    clock = SetClock()
    async with opened(tmp_path, clock=clock) as outbox:
        for key in ("old", "waiting"):
            await outbox.remember_order(key, b"")
            await outbox.start_call(key, key, outcome(1))
            outbox.put_turn(key, 0, pb.TranscriptTurn(text="hello"))
            put = await outbox.put_outcome(key, outcome(1, report_id=key))
            if key == "old":
                outbox.acknowledge([put.seq])
        clock.advance(timedelta(minutes=59))
        await outbox.prune()
        assert await outbox.is_over("old")
        clock.advance(timedelta(minutes=2))
        await outbox.prune()
        assert not await outbox.is_over("old")
        assert await outbox.is_over("waiting")
    tables = ("order_memory", "started_call", "turn", "outcome")
    assert [count_rows(tmp_path, table) for table in tables] == [1, 1, 1, 1]


async def keep_one(outbox: Outbox, key: str) -> None:
    """Remember an order and an outcome that the server acknowledged."""
    await outbox.remember_order(key, b"")
    put = await outbox.put_outcome(key, outcome(1, report_id=key))
    outbox.acknowledge([put.seq])


async def kept_in(outbox: Outbox, *keys: str) -> list[str]:
    """Prune, and tell whose outcome and order are both still there."""
    await outbox.prune()
    return [
        key
        for key in keys
        if await outbox.is_over(key) and await outbox.recall_order(key) is not None
    ]


@pytest.mark.parametrize("jump", [timedelta(days=366), timedelta(days=-3), timedelta()])
async def test_f48_whatever_the_clock_does_what_was_acknowledged_stays_for_its_time(
    jump: timedelta, tmp_path: Path
) -> None:
    clock, minutes = JumpyClock(), timedelta(minutes=1)
    async with opened(tmp_path, clock=clock) as outbox:
        await keep_one(outbox, "before")
        clock.jump(jump)
        clock.advance(20 * minutes)
        await keep_one(outbox, "after")
        clock.advance(39 * minutes)
        assert await kept_in(outbox, "before", "after") == ["before", "after"]
        clock.jump(-jump)  # somebody set it right
        assert await kept_in(outbox, "before", "after") == ["before", "after"]


async def test_f48_a_jump_forward_delays_the_forgetting_and_does_not_end_it(tmp_path: Path) -> None:
    clock, minutes = JumpyClock(), timedelta(minutes=1)
    async with opened(tmp_path, clock=clock) as outbox:
        await keep_one(outbox, "before")
        clock.advance(20 * minutes)
        clock.jump(timedelta(days=366))
        await keep_one(outbox, "after")
        clock.advance(59 * minutes)
        assert await kept_in(outbox, "before", "after") == ["after"]
        clock.advance(2 * minutes)
        assert await kept_in(outbox, "before", "after") == []


async def test_the_files_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    (tmp_path / "calls.db").touch(mode=0o644)
    async with opened(tmp_path, ballast_bytes=4_096) as outbox:
        await outbox.put_outcome("a", outcome(1))
        modes = modes_in(tmp_path)
    assert set(modes) >= {"calls.db", "calls.db-wal", "calls.db.lock", "calls.db.ballast"}
    assert set(modes.values()) == {0o600}


async def test_f40_a_full_disk_refuses_orders_and_keeps_results(tmp_path: Path) -> None:
    async with opened(tmp_path, ballast_bytes=8_192) as outbox:
        await limit_pages(outbox, 0)
        big = b"x" * 20_000
        with pytest.raises(OutboxFull, match="no new calls"):
            await outbox.remember_order("new", big)
        assert not (tmp_path / "calls.db.ballast").exists()
        await limit_pages(outbox, 100)
        assert (await outbox.put_outcome("a", outcome(1))).is_new


async def test_f40_when_there_is_space_again_orders_are_taken_again(tmp_path: Path) -> None:
    async with opened(tmp_path, ballast_bytes=8_192) as outbox:
        await limit_pages(outbox, 0)
        with pytest.raises(OutboxFull):
            await outbox.remember_order("new", b"x" * 20_000)
        await limit_pages(outbox, 100)
        assert (await outbox.remember_order("new", b"x" * 20_000)).is_new
        assert (tmp_path / "calls.db.ballast").exists()


async def test_f40_a_row_that_does_not_fit_fails_alone(tmp_path: Path) -> None:
    async with opened(tmp_path) as outbox:
        await outbox.put_outcome("a", outcome(1))
        await limit_pages(outbox, 2)
        too_big = outbox.put_outcome("b", outcome(2, text="x" * 100_000))
        small = outbox.put_outcome("c", outcome(3))
        answers = await asyncio.gather(too_big, small, return_exceptions=True)
        assert isinstance(answers[0], OutboxFull)
        assert await waiting_in(outbox) == ["summary 1", "summary 3"]


async def test_f41_after_the_disk_failed_nothing_is_written_until_the_next_start(
    tmp_path: Path,
) -> None:
    def fail(_: sqlite3.Connection) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
        raise error

    async with opened(tmp_path) as outbox:
        await outbox.put_outcome("a", outcome(1))
        with pytest.raises(OutboxUnavailable, match="restart"):
            await outbox._open_writer.submit(fail)  # noqa: SLF001 - the disk itself has no door
        with pytest.raises(OutboxUnavailable, match="restart"):
            await outbox.remember_order("new", b"")
    async with opened(tmp_path) as outbox:
        assert await waiting_in(outbox) == ["summary 1"]


async def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutboxUnavailable, match=r"calls\.db\.lock"):
        async with opened(tmp_path / "file"):
            pass


async def test_a_closed_outbox_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path) as outbox:
        pass
    with pytest.raises(OutboxUnavailable, match="closed"):
        await outbox.is_over("a")


def test_numbers_are_acknowledged_run_by_run() -> None:
    assert find_runs([5, 2, 1, 3, 9]) == [(1, 3), (5, 5), (9, 9)]
    assert find_runs([]) == []
