"""F42: an outbox file that is damaged, empty or not ours; what can be read is taken over."""

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from call_reporter import OutboxUnavailable
from call_reporter.outbox import Outbox
from ringback.v1 import call_results_pb2 as pb
from tests.unit.call_reporter.outbox_bench import opened, outcome, waiting_in

ROWS = 12


async def fill(folder: Path) -> None:
    """Write results, two lost calls with turns and an order; some results longer than a page."""
    async with opened(folder) as outbox:
        for number in range(ROWS):
            length = 9_000 if number % 4 == 0 else 200
            text = f"{number:02d}" + "x" * length
            await outbox.put_outcome(f"key {number}", outcome(number, text=text))
        for name in ("o1", "o2"):
            await outbox.start_call(name, f"lost {name}", outcome(100))
            outbox.put_turn(name, 0, pb.TranscriptTurn(text=f"hello {name}"))
        await outbox.remember_order("order", b"body")
        await outbox.answer_order("order", b"answer")


async def numbers_waiting(outbox: Outbox) -> set[int]:
    return {int(summary[:2]) for summary in await waiting_in(outbox)}


def recover(
    draft: pb.CallResult, turns: Sequence[pb.TranscriptTurn], was_claimed: bool
) -> pb.CallResult:
    assert not was_claimed
    texts = " ".join(turn.text for turn in turns)
    return pb.CallResult(call_sid=draft.call_sid, summary=texts, report_id=texts)


def flip(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 0xFF
    path.write_bytes(data)


def asides(folder: Path) -> Sequence[Path]:
    return [path for path in folder.iterdir() if ".aside-" in path.name]


def copy(source: Path, target: Path) -> Path:
    target.mkdir()
    shutil.copy(source / "calls.db", target / "calls.db")
    return target / "calls.db"


async def test_one_corrupt_byte_anywhere_costs_one_row_at_most(tmp_path: Path) -> None:
    await fill(tmp_path)
    size = (tmp_path / "calls.db").stat().st_size
    for offset in [*range(0, 100, 7), *range(100, size, size // 60)]:
        folder = tmp_path / str(offset)
        flip(copy(tmp_path, folder), offset)
        async with opened(folder) as outbox:
            found = await numbers_waiting(outbox)
            dead = outbox.backlog().dead_letters
        assert len(found) >= ROWS - 1, f"byte {offset}: only {sorted(found)}"
        assert len(found) + dead >= ROWS or asides(folder), f"byte {offset}: a row is gone silently"


@pytest.mark.parametrize("page", range(4))
async def test_a_page_of_zeros_costs_no_other_page(tmp_path: Path, page: int) -> None:
    await fill(tmp_path)
    path = tmp_path / "calls.db"
    data = bytearray(path.read_bytes())
    data[page * 4_096 : (page + 1) * 4_096] = bytes(4_096)
    path.write_bytes(data)
    async with opened(tmp_path) as outbox:
        assert len(await numbers_waiting(outbox)) >= ROWS - 9
        assert (await outbox.put_outcome("new", outcome(50))).is_new


async def test_a_truncated_file_is_set_aside_and_the_rest_is_taken_over(tmp_path: Path) -> None:
    await fill(tmp_path)
    path = tmp_path / "calls.db"
    path.write_bytes(path.read_bytes()[:-5_000])
    async with opened(tmp_path) as outbox:
        assert len(await numbers_waiting(outbox)) >= ROWS // 2
    assert len(asides(tmp_path)) == 1


async def test_lost_calls_and_orders_are_taken_over_too(tmp_path: Path) -> None:
    await fill(tmp_path)
    flip(tmp_path / "calls.db", 69)  # the mark that says whose file it is
    async with opened(tmp_path) as outbox:
        recovered = await outbox.recover(recover)
        order = await outbox.remember_order("order", b"another")
    assert {each.summary for each in recovered} == {"hello o1", "hello o2"}
    assert (order.is_new, order.body, order.answer) == (False, b"body", b"answer")


async def test_what_was_acknowledged_stays_acknowledged(tmp_path: Path) -> None:
    await fill(tmp_path)
    async with opened(tmp_path) as outbox:
        outbox.acknowledge([each.seq for each in await outbox.list_waiting(0, 1_000, 1 << 20)])
    flip(tmp_path / "calls.db", 69)
    async with opened(tmp_path) as outbox:
        assert await waiting_in(outbox) == []
        assert await outbox.is_over("key 3")


async def test_a_foreign_database_is_set_aside_unharmed(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "calls.db")) as connection:
        connection.execute("CREATE TABLE recipe (name TEXT)")
        connection.execute("INSERT INTO recipe VALUES ('margherita')")
        connection.commit()
    async with opened(tmp_path) as outbox:
        assert (await outbox.put_outcome("a", outcome(1))).is_new
    (aside,) = asides(tmp_path)
    with closing(sqlite3.connect(aside)) as connection:
        assert connection.execute("SELECT name FROM recipe").fetchall() == [("margherita",)]


@pytest.mark.parametrize("content", [b"", b"not a database" * 1_000, bytes(4_096)])
async def test_a_file_that_is_no_database_does_not_stop_the_start(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "calls.db").write_bytes(content)
    async with opened(tmp_path) as outbox:
        assert (await outbox.put_outcome("a", outcome(1))).is_new
    assert len(asides(tmp_path)) == (1 if content else 0)


async def test_a_file_that_somebody_holds_is_not_put_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(tmp_path)
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, **kw: connect(path, timeout=0, **kw))
    with closing(connect(tmp_path / "calls.db", isolation_level=None)) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(OutboxUnavailable, match="locked"):
            async with opened(tmp_path):
                pass
    assert asides(tmp_path) == []


async def test_another_schema_version_is_taken_over(tmp_path: Path) -> None:
    await fill(tmp_path)
    with closing(sqlite3.connect(tmp_path / "calls.db")) as connection:
        connection.execute("PRAGMA user_version = 7")
    async with opened(tmp_path) as outbox:
        assert await numbers_waiting(outbox) == set(range(ROWS))


async def test_rows_that_only_stand_in_the_log_are_taken_over(tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    async with opened(tmp_path) as outbox:
        await outbox.put_outcome("a", outcome(1, text="01"))
        path = copy(tmp_path, folder)
        shutil.copy(tmp_path / "calls.db-wal", folder / "calls.db-wal")
    path.write_bytes(b"torn" * 1_024)
    async with opened(folder) as outbox:
        assert await numbers_waiting(outbox) == {1}
